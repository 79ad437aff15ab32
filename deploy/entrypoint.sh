#!/bin/sh
# Starts the server as its own user, with the group that owns the engine's socket: which number that is
# differs from host to host. A container that was started as another user stays that user.
set -eu

socket=/var/run/docker.sock
case "${CODEBEAKER_DOCKER_HOST:-${DOCKER_HOST:-}}" in
  unix://*) socket="${CODEBEAKER_DOCKER_HOST:-$DOCKER_HOST}"; socket="${socket#unix://}" ;;
esac
server="deno run --allow-all --cached-only --no-prompt /opt/codebeaker/src/main.ts"

if [ "$(id -u)" -ne 0 ]; then
  # shellcheck disable=SC2086 -- words
  exec $server "$@"
fi

groups=10001
if [ -S "$socket" ]; then
  groups="$groups,$(stat -c %g "$socket")"
fi
# A volume that somebody made beforehand belongs to root.
chown 10001:10001 "${CODEBEAKER_DATA_DIR:-/data}"
# shellcheck disable=SC2086 -- words
exec setpriv --reuid 10001 --regid 10001 --groups "$groups" --no-new-privs --inh-caps=-all \
  $server "$@"
