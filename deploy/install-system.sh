#!/usr/bin/env bash
# Install the system parts of the tests: SLURM and Chromium, from Debian's packages.
# As an ordinary user it installs nothing and says which tests are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
missing=()
command -v slurmctld >/dev/null || missing+=(slurm)
command -v chromium >/dev/null || missing+=(chromium)
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
    chromium)
      apt-get update -q
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-liberation ;;
  esac
done
