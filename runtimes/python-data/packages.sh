#!/bin/sh
# Installs the packages, unless the base has them: that of `--from-debian` has.
set -eu
if python3 -c 'import jinja2, matplotlib, numpy, pandas' 2>/dev/null; then exit; fi
pip install --quiet --no-cache-dir --root-user-action ignore \
  --requirement /usr/local/lib/codebeaker/requirements.txt
cd "$(python3 -c 'import sysconfig; print(sysconfig.get_path("platlib"))')"
find matplotlib numpy pandas -type d -name tests -prune -exec rm -rf {} +
