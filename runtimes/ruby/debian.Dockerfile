# Stands in for ruby:3.4-slim where nothing can be pulled: Debian's own.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}
RUN /usr/local/lib/codebeaker/install ruby
