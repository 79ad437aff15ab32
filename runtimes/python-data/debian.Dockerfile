# Stands in for python:3.14-slim with the packages in it: Debian's own, without what they depend on
# for windows, web pages and work on fonts. The small munkres is what saves SciPy and its compilers.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}-python
COPY python-data/without /tmp/without
RUN dpkg-deb --build --root-owner-group /tmp/without /tmp/without.deb >/dev/null \
  && dpkg --install /tmp/without.deb >/dev/null && rm -r /tmp/without /tmp/without.deb \
  && /usr/local/lib/codebeaker/install python3-jinja2 python3-matplotlib python3-munkres \
    python3-numpy python3-pandas \
  && cd /usr/lib/python3/dist-packages \
  && find matplotlib numpy pandas -type d -name tests -prune -exec rm -rf {} +
