# The server. It drives sibling containers through the engine's socket and needs no path of the host.
#
#   docker build -t codebeaker .
#   docker run --init -v /var/run/docker.sock:/var/run/docker.sock -v codebeaker-data:/data \
#     -p 127.0.0.1:5000:5000 -e CODEBEAKER_INSECURE=true codebeaker
#
# Any Debian with glibc 2.31 or newer does as BASE; DENO is an image that has the program at /deno.
ARG BASE=debian:bookworm-slim
ARG DENO=denoland/deno:bin-2.9.6

FROM ${DENO} AS deno

# What the server imports is fetched here, so that it starts without a registry.
FROM ${BASE} AS dependencies
COPY --from=deno /deno /usr/local/bin/deno
# A network with a certificate authority of its own has it in BASE.
ENV DENO_DIR=/opt/codebeaker/deno_dir DENO_NO_UPDATE_CHECK=1 DENO_TLS_CA_STORE=system,mozilla
WORKDIR /opt/codebeaker
COPY deno.json deno.lock ./
COPY types ./types
COPY src ./src
# Databases that are of use only where they can be written to.
RUN deno cache --frozen src/main.ts \
 && rm -f deno_dir/*_cache_v* \
 && chmod -R a+rX .

FROM ${BASE}
LABEL org.opencontainers.image.title="CodeBeaker" \
      org.opencontainers.image.description="A self-hosted server that runs code you do not trust" \
      org.opencontainers.image.licenses="MIT"
COPY --from=deno /deno /usr/local/bin/deno
COPY deploy/entrypoint.sh /usr/local/bin/codebeaker-entrypoint
RUN chmod 0755 /usr/local/bin/codebeaker-entrypoint \
 && groupadd --gid 10001 codebeaker \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin codebeaker \
 && install -d -o codebeaker -g codebeaker -m 0700 /data
# What changes most comes last, so that an update fetches little.
COPY --from=dependencies /opt/codebeaker /opt/codebeaker
ENV DENO_DIR=/opt/codebeaker/deno_dir \
    DENO_NO_UPDATE_CHECK=1 \
    CODEBEAKER_HOST=0.0.0.0 \
    CODEBEAKER_PORT=5000 \
    CODEBEAKER_DATA_DIR=/data
WORKDIR /opt/codebeaker
VOLUME /data
EXPOSE 5000
# The entrypoint starts as root only to join the group of the engine's socket; the server never is root.
ENTRYPOINT ["codebeaker-entrypoint"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["deno", "eval", "--quiet", "const r = await fetch(`http://127.0.0.1:${Deno.env.get('CODEBEAKER_PORT')}/health/ready`); Deno.exit(r.ok ? 0 : 1)"]
