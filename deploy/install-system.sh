#!/usr/bin/env bash
# Install the system parts of the tests, SLURM and Chromium above all, from Debian's packages.
# As an ordinary user it installs nothing and says which tests are left out.
set -euo pipefail
policy=/usr/sbin/policy-rc.d
here=$(cd "$(dirname "$0")" && pwd)
from_debian() {
  # Debian's maintainer scripts start what they install unless this file says no. One that is there already stays.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

missing=()
command -v slurmctld >/dev/null || missing+=(slurm)
command -v chromium >/dev/null || missing+=(chromium)
command -v openssl >/dev/null || missing+=(openssl)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  for part in "${missing[@]}"; do
    echo "left out: the tests that need $part (run 'make system' as root on Debian to install it)" >&2
  done
  exit 0
fi
for part in "${missing[@]}"; do
  case $part in
    slurm) "$here/slurm/install.sh" ;;
    chromium) from_debian chromium fonts-liberation ;;
    openssl) from_debian openssl ;;
    nginx) from_debian nginx-light ;;
  esac
done
