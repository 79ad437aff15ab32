# Stands in for eclipse-temurin:25-jdk where nothing can be pulled: Debian's own.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}
# Its alternatives include manual pages, for which the folder has to be there.
RUN mkdir -p /usr/share/man/man1 && /usr/local/lib/codebeaker/install default-jdk-headless
