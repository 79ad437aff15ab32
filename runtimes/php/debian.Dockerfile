# Stands in for php:8.4-cli where nothing can be pulled: Debian's own.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}
RUN /usr/local/lib/codebeaker/install php-cli php-curl php-mbstring
