#!/bin/sh
# Makes an image ready to run the programs of strangers: certificates and the Debian packages named,
# the user that runs them, its home and /workspace. Run as root, once, by every Dockerfile here.
set -eu

missing=
for package in ca-certificates "$@"; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
    grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # One word a package.
  # shellcheck disable=SC2086
  apt-get install -qq --yes --no-install-recommends $missing >/dev/null
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/*.log
fi

groupadd --key GID_MAX=65532 --gid 65532 codebeaker
# A home of our own making: the skeleton's files would show up in every session.
useradd --key UID_MAX=65532 --uid 65532 --gid 65532 --home-dir /home/codebeaker \
  --no-create-home --no-log-init --shell /bin/bash codebeaker
install --directory --owner 65532 --group 65532 /workspace /home/codebeaker \
  /home/codebeaker/.cache /home/codebeaker/.local /home/codebeaker/.local/bin
