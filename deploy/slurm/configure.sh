#!/usr/bin/env bash
# Write the cluster's configuration and keys below $SLURMBOX. Called by up.sh; changes nothing outside.
set -euo pipefail
. "$(dirname "$0")/common.sh"
host=$(hostname -s)

mkdir -p "$box"
chmod 755 "$box"
install -d -m 755 "$box"/{etc,munge,dev,spool}
install -d -m 755 -o slurm -g slurm "$box"/{log,run}
install -d -m 700 -o slurm -g slurm "$box"/{state,mysql}

random_key() { # file, bytes
  [ -s "$1" ] || (umask 077 && head -c "$2" /dev/urandom > "$1")
}
random_key "$box/munge/key" 128
random_key "$box/etc/jwt.key" 32
chown slurm:slurm "$box/etc/jwt.key"

# slurmd sets CUDA_VISIBLE_DEVICES only for character devices: private copies of the null device stand in for
# GPUs. Where mknod is forbidden (some containers) a bare count keeps the scheduling right.
gpus="File=$box/dev/gpu[0-3]"
for i in 0 1 2 3; do
  [ -c "$box/dev/gpu$i" ] || mknod -m 666 "$box/dev/gpu$i" c 1 3 2>/dev/null || gpus="Count=4"
done
echo "NodeName=node[1-$nodes] Name=gpu Type=h100 $gpus" > "$box/etc/gres.conf"

if [ "$accounting" = 1 ]; then
  # slurmdbd's connection ignores AuthInfo and takes munge's socket from AccountingStoragePass.
  records="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((base_port + 1))
AccountingStoragePass=socket=$box/munge/socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment,job_script
AccountingStorageEnforce=associations,limits
PriorityType=priority/multifactor
PriorityWeightAge=1000"
else
  records="AccountingStorageType=accounting_storage/none
PriorityType=priority/basic"
fi

# cred_expire: a requeued job waits for its old credential to expire, two minutes by default.
# proctrack/pgid: what a dead batch shell leaves behind is killed, as cgroups do on a real cluster.
# EnforcePartLimits is left at its default (NO), the unkind case: impossible requests are accepted.
cat > "$SLURM_CONF" <<CONF
ClusterName=box
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base_port
SlurmUser=slurm
StateSaveLocation=$box/state
SlurmdSpoolDir=$box/spool/%n
SlurmctldPidFile=$box/run/slurmctld.pid
SlurmdPidFile=$box/run/slurmd.%n.pid
SlurmctldLogFile=$box/log/slurmctld.log
SlurmdLogFile=$box/log/slurmd.%n.log
LogTimeFormat=iso8601_ms
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$box/munge/socket,cred_expire=5
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$box/etc/jwt.key
$records
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1,bf_resolution=1,bf_continue
ReturnToService=2
MessageTimeout=5
SlurmctldTimeout=10
SlurmdTimeout=60
BatchStartTimeout=10
CompleteWait=0
KillWait=2
InactiveLimit=0
MinJobAge=30
MaxArraySize=101
DefMemPerCPU=100
GresTypes=gpu
NodeName=node[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((base_port + 10))-$((base_port + 9 + nodes))] CPUs=8 RealMemory=8000 Gres=gpu:h100:4 State=UNKNOWN
PartitionName=gpu Nodes=ALL Default=YES MaxTime=2-00:00:00 DefaultTime=01:00:00 State=UP
PartitionName=debug Nodes=node1 MaxTime=00:30:00 DefaultTime=00:10:00 State=UP
PartitionName=closed Nodes=node1 MaxTime=01:00:00 DefaultTime=00:10:00 State=DOWN
${SLURMBOX_CONF_EXTRA:-}
CONF
sed -i 's/^\(NodeName=.*\)Port=\[\([0-9]*\)-\2\]/\1Port=\2/' "$SLURM_CONF"

(umask 077 && cat > "$box/etc/slurmdbd.conf" <<CONF
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$((base_port + 1))
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$box/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$box/etc/jwt.key
PidFile=$box/run/slurmdbd.pid
LogFile=$box/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StorageLoc=slurm_acct_db
CONF
)
chown slurm:slurm "$box/etc/slurmdbd.conf"

cat > "$box/env.sh" <<CONF
export SLURM_CONF=$SLURM_CONF
export SLURMBOX=$box
export SLURMBOX_REST_URL=http://127.0.0.1:$rest_port
CONF
