#!/usr/bin/env bash
# Install SLURM and a small MariaDB from Debian's packages. As root; starts no service.
set -euo pipefail
packages=(slurmctld slurmd slurmrestd slurm-client slurm-wlm-jwt-plugin munge slurmdbd mariadb-server-core)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || { echo "install.sh: needs root to install ${missing[*]}" >&2; exit 1; }

# Debian's maintainer scripts start what they install unless this file says no. One that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "${missing[@]}"
}
