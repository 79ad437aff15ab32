# Stands in for python:3.14-slim where nothing can be pulled: Debian's own Python with pip.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}
RUN /usr/local/lib/codebeaker/install python3 python3-pip python3-venv \
  && ln -s python3 /usr/bin/python \
  # The image is for nothing else than installing into: pip falls back to the user's own directory.
  && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
