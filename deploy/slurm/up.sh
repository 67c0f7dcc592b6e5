#!/usr/bin/env bash
# Start a SLURM cluster of one machine from Debian's packages, without systemd. As root; safe to run again.
# Settings: the SLURMBOX… variables in common.sh. Afterwards: source $SLURMBOX/env.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ "$(id -u)" = 0 ] || fail "starting SLURM's daemons needs root"
# The kernel allows 107 bytes for a unix socket's path; ours add up to 15.
[ ${#box} -le 90 ] || fail "the path is too long for unix sockets"
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || fail "$program is missing; run $here/install.sh"
done

# The cluster's two ordinary users.
for user in alice bob; do
  id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user"
done
"$here/configure.sh"

start_munge() {
  runs munged "$box/run/munged.pid" && return
  rm -f "$box/munge/socket" "$box/munge/socket.lock"
  # munged wants its pid, log and seed in folders of its own user.
  munged --key-file="$box/munge/key" --socket="$box/munge/socket" --pid-file="$box/munge/munged.pid" \
    --log-file="$box/munge/munged.log" --seed-file="$box/munge/seed" --group-update-time=-1 \
    2>> "$box/log/munged.err"
  await 10 munged test -S "$box/munge/socket"
  cp "$box/munge/munged.pid" "$box/run/munged.pid"
}

# mariadb-server-core brings neither a mysql user nor a working mariadb-install-db: the system tables are piped
# into the bootstrap mode, and the server runs as slurm, on a unix socket with peer credentials only.
initialise_mariadb() {
  [ ! -e "$box/mysql/.initialised" ] || return 0
  find "$box/mysql" -mindepth 1 -delete
  {
    echo 'create database mysql;'
    echo 'use mysql;'
    cat /usr/share/mysql/mysql_system_tables.sql /usr/share/mysql/mysql_system_tables_data.sql
    echo 'flush privileges;'
    echo 'create or replace user slurm@localhost identified via unix_socket;'
    echo 'grant all on *.* to slurm@localhost;'
  } | mariadbd --no-defaults --datadir="$box/mysql" --user=slurm --bootstrap > "$box/log/mariadb-init.log" 2>&1 \
    || fail "MariaDB could not be initialised; see $box/log/mariadb-init.log"
  touch "$box/mysql/.initialised"
}

start_accounting() {
  initialise_mariadb
  if ! runs mariadbd "$box/run/mariadbd.pid"; then
    rm -f "$box/run/mysql.sock"
    setsid mariadbd --no-defaults --datadir="$box/mysql" --user=slurm --skip-networking --skip-log-bin \
      --socket="$box/run/mysql.sock" --pid-file="$box/run/mariadbd.pid" --performance-schema=OFF \
      --innodb-buffer-pool-size=64M --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 \
      --innodb-flush-log-at-trx-commit=0 > "$box/log/mariadb.log" 2>&1 < /dev/null &
    await 30 mariadbd test -S "$box/run/mysql.sock"
  fi
  if ! runs slurmdbd "$box/run/slurmdbd.pid"; then
    MYSQL_UNIX_PORT=$box/run/mysql.sock slurmdbd
  fi
  await 30 slurmdbd timeout 5 sacctmgr -n list cluster
  # The cluster must be known before slurmctld registers itself, or its first seconds go unrecorded.
  sacctmgr -nP list cluster format=cluster | grep -qx box || sacctmgr -i -Q add cluster box >/dev/null
  if ! sacctmgr -nP list user format=user | grep -qx alice; then
    sacctmgr -i -Q add account lab cluster=box >/dev/null
    sacctmgr -i -Q add user alice,bob account=lab cluster=box >/dev/null
  fi
}

nodes_ready() {
  [ "$(sinfo -h -N -p gpu -t idle,mixed,allocated,completing -o %N | sort -u | wc -l)" -eq "$nodes" ]
}

start_slurm() {
  local i is_new=
  runs slurmctld "$box/run/slurmctld.pid" || { slurmctld -i; is_new=1; }
  await 30 slurmctld timeout 5 scontrol ping
  for i in $(seq "$nodes"); do
    mkdir -p "$box/spool/node$i"
    if ! runs slurmd "$box/run/slurmd.node$i.pid"; then
      slurmd -N "node$i"
    elif [ -n "$is_new" ]; then
      # It registers again at once; left alone it waits for the new controller to ask, which takes seconds.
      kill -HUP "$(cat "$box/run/slurmd.node$i.pid")"
    fi
  done
  await 30 "$nodes nodes" nodes_ready
}

rest_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$rest_port"); }

# slurmrestd refuses to run as root or SlurmUser; without a database its accounting plugins end it.
start_rest() {
  runs slurmrestd "$box/run/slurmrestd.pid" && return
  local plugins=()
  [ "$accounting" = 1 ] || plugins=(-s openapi/v0.0.36,openapi/v0.0.37,openapi/v0.0.38)
  SLURM_JWT=daemon setsid setpriv --reuid=nobody --regid=nogroup --clear-groups \
    slurmrestd -a rest_auth/jwt "${plugins[@]}" "127.0.0.1:$rest_port" > "$box/log/slurmrestd.log" 2>&1 < /dev/null &
  echo $! > "$box/run/slurmrestd.pid"
  await 10 slurmrestd rest_answers
}

start_munge
[ "$accounting" != 1 ] || start_accounting
start_slurm
[ "$rest" != 1 ] || start_rest
echo "SLURM is up: source $box/env.sh"
