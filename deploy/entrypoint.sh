#!/bin/sh
# Starts the server as its own user, with the group that owns the engine's socket: which number that is
# differs from host to host. A container that was started as another user stays that user.
set -eu

user=10001
data="${CODEBEAKER_DATA_DIR:-/data}"
socket=/var/run/docker.sock
host="${CODEBEAKER_DOCKER_HOST:-${DOCKER_HOST:-}}"
case "$host" in
  unix://*) socket="${host#unix://}" ;;
esac

set -- deno run --allow-all --cached-only --no-prompt /opt/codebeaker/src/main.ts "$@"
if [ "$(id -u)" -ne 0 ]; then exec "$@"; fi

groups=$user
if [ -S "$socket" ]; then groups="$groups,$(stat -c %g "$socket")"; fi
# A volume that somebody made beforehand belongs to root.
if [ "$(stat -c %u "$data")" -ne "$user" ]; then chown "$user:$user" "$data"; fi
exec setpriv --reuid "$user" --regid "$user" --groups "$groups" --no-new-privs --inh-caps=-all "$@"
