#!/usr/bin/env bash
# Make a virtual environment: make-venv.sh PYTHON FOLDER. On a bare Debian the venv module is a package of its own.
set -euo pipefail
python=$1 folder=$2
[ -x "$folder/bin/pip" ] && exit 0
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "cutloss needs Python 3.11 or newer; $python is $("$python" --version). Set PYTHON=…" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" != 0 ]; then
    echo "$python has no venv module: ask an administrator for Debian's package python3-venv" >&2
    exit 1
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv
fi
"$python" -m venv "$folder"
