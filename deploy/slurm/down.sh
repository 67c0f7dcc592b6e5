#!/usr/bin/env bash
# Stop the cluster of up.sh: its jobs, then its daemons, each by its recorded pid. --wipe also deletes its folder.
set -uo pipefail
. "$(dirname "$0")/common.sh"
[ -d "$box/run" ] || { echo "no SLURM in $box"; exit 0; }

stop() { # program, pid file, seconds until KILL
  if runs "$1" "$2"; then
    local pid tries=$(($3 * 20))
    pid=$(cat "$2")
    kill -TERM "$pid"
    while runs "$1" "$2" && [ "$tries" -gt 0 ]; do
      tries=$((tries - 1))
      sleep 0.05
    done
    runs "$1" "$2" && kill -KILL "$pid"
  fi
  rm -f "$2"
}

# Jobs go first: a slurmd that is killed leaves its job's processes behind.
end_jobs() {
  local ids tries=100
  ids=$(timeout 5 squeue -h -o %A 2>/dev/null | sort -u)
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086 # one word for each id
  timeout 20 scancel -f $ids >/dev/null 2>&1
  while [ "$tries" -gt 0 ] && [ -n "$(timeout 5 squeue -h -o %A 2>/dev/null)" ]; do
    tries=$((tries - 1))
    sleep 0.1
  done
}

stop slurmrestd "$box/run/slurmrestd.pid" 3
runs slurmctld "$box/run/slurmctld.pid" && end_jobs
for pid_file in "$box"/run/slurmd.node*.pid; do
  [ ! -e "$pid_file" ] || stop slurmd "$pid_file" 5
done
stop slurmctld "$box/run/slurmctld.pid" 10
# Where the controller could not end the jobs, their step daemons are still there, in the cluster's log folder,
# each with its job as the leader of a process group.
for step in $(pgrep -x slurmstepd); do
  case $(readlink "/proc/$step/cwd") in
    "$box"/*)
      for leader in $(pgrep -P "$step"); do kill -KILL -- "-$leader" 2>/dev/null; done
      kill -KILL "$step"
      ;;
  esac
done
stop slurmdbd "$box/run/slurmdbd.pid" 10
stop mariadbd "$box/run/mariadbd.pid" 20
stop munged "$box/run/munged.pid" 3
rm -f "$box/munge/socket" "$box/munge/socket.lock" "$box/run/mysql.sock"
[ "${1:-}" != --wipe ] || rm -rf -- "$box"
echo "SLURM in $box has stopped"
