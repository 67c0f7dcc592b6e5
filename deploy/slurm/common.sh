# Shared by up.sh and down.sh: where things are, and how a daemon is recognised.
#
#   SLURMBOX             folder that holds everything the cluster writes   (/srv/cutloss-slurm)
#   SLURMBOX_PORT        first of a block of 30 TCP ports on 127.0.0.1     (17900)
#   SLURMBOX_NODES       number of virtual nodes                           (2)
#   SLURMBOX_ACCOUNTING  1: slurmdbd with MariaDB; 0: no accounting        (1)
#   SLURMBOX_REST        1: slurmrestd with JSON web tokens; 0: none       (1)
#   SLURMBOX_CONF_EXTRA  text appended to slurm.conf
box=${SLURMBOX:-/srv/cutloss-slurm}
base_port=${SLURMBOX_PORT:-17900}
nodes=${SLURMBOX_NODES:-2}
accounting=${SLURMBOX_ACCOUNTING:-1}
rest=${SLURMBOX_REST:-1}
rest_port=$((base_port + 3))
export LC_ALL=C
export SLURM_CONF=$box/etc/slurm.conf

# A pid file of a killed daemon may name somebody else's process by now: the program's name must fit too,
# and a zombie is not a daemon.
runs() { # program, pid file
  local pid status
  pid=$(cat "$2" 2>/dev/null) && [ -n "$pid" ] || return 1
  status=$(cat "/proc/$pid/status" 2>/dev/null) || return 1
  grep -q "^Name:[[:space:]]*$1\$" <<<"$status" && ! grep -q '^State:[[:space:]]*Z' <<<"$status"
}

fail() { echo "slurm cluster in $box: $*" >&2; exit 1; }

await() { # seconds, what is awaited, command …
  local tries=$(($1 * 20)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$what did not come up; see $box/log"
    sleep 0.05
  done
}
