# Stands in for rust:1.96-slim where nothing can be pulled: Debian's own.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}
RUN /usr/local/lib/codebeaker/install cargo-web rustc-web
