"""Texts of a private Slurm's configuration files."""

import socket
from collections.abc import Mapping
from pathlib import Path

# Sooner than the defaults, so that what takes minutes in production is seen in seconds.
SETTINGS = {
    "ClusterName": "test",
    "SlurmUser": "root",
    "SlurmdUser": "root",
    "AuthType": "auth/munge",
    "CryptoType": "crypto/munge",
    "CredType": "cred/munge",
    "SlurmctldDebug": "info",
    "SlurmdDebug": "info",
    "ProctrackType": "proctrack/linuxproc",
    "TaskPlugin": "task/none",
    "SlurmdParameters": "config_overrides",  # the nodes' CPUs are those declared here
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobAcctGatherFrequency": "task=1",
    "JobAcctGatherParams": "OverMemoryKill",
    "SwitchType": "switch/none",
    "MpiDefault": "none",
    "ReturnToService": "2",
    "SlurmctldTimeout": "10",
    "SlurmdTimeout": "6",
    "InactiveLimit": "0",
    "KillWait": "2",
    "OverTimeLimit": "0",
    "MinJobAge": "300",
    "MaxJobCount": "20000",
    "MaxArraySize": "10001",
    "MessageTimeout": "20",
    "EpilogMsgTime": "0",
    "UnkillableStepTimeout": "15",
    "JobRequeue": "1",
    "ScronParameters": "enable",
    "SchedulerType": "sched/backfill",
    "SchedulerParameters": "batch_sched_delay=0,sched_interval=1,sched_min_interval=0,"
    "bf_interval=2",
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_CPU_Memory",
    "DefMemPerCPU": "100",
    "PriorityType": "priority/basic",
    "PreemptType": "preempt/partition_prio",
    "PreemptMode": "REQUEUE",
    "PreemptExemptTime": "0",
    "AccountingStorageType": "accounting_storage/none",
}
COMMON = "Nodes=ALL MaxTime=60 DefaultTime=10 State=UP"
PARTITIONS = {
    "main": f"{COMMON} Default=YES PriorityTier=10 PreemptMode=OFF",
    "preempt": f"{COMMON} PriorityTier=1 PreemptMode=REQUEUE GraceTime=0",
    "high": f"{COMMON} PriorityTier=100 PreemptMode=OFF",
    "cron": f"{COMMON} PriorityTier=10 PreemptMode=OFF",
}


def slurm_conf(
    root: Path,
    ports: Mapping[str, int],
    *,
    cpus: int,
    memory_mb: int,
    accounting: bool,
    over: Mapping[str, str],
) -> str:
    """``slurm.conf``; `ports` has ``controller``, each node's, and ``accounting`` where wanted."""
    host = socket.gethostname().split(".")[0]
    values = {
        **SETTINGS,
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": ports["controller"],
        # A requeued job waits until its first credential has expired: two minutes by default.
        "AuthInfo": f"socket={root}/munge/socket,cred_expire=5",
        "StateSaveLocation": root / "state",
        "SlurmdSpoolDir": f"{root}/spool/%n",
        "SlurmctldPidFile": root / "run/slurmctld.pid",
        "SlurmdPidFile": f"{root}/run/slurmd.%n.pid",
        "SlurmctldLogFile": root / "log/slurmctld.log",
        "SlurmdLogFile": f"{root}/log/slurmd.%n.log",
        **(_accounting(root, ports["accounting"]) if accounting else {}),
        **over,
    }
    nodes = [
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
        f"CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN"
        for name, port in ports.items()
        if name not in ("controller", "accounting")
    ]
    partitions = [f"PartitionName={name} {text}" for name, text in PARTITIONS.items()]
    lines = [f"{key}={value}" for key, value in values.items()]
    return "\n".join((*lines, *nodes, *partitions, ""))


def _accounting(root: Path, port: int) -> dict[str, object]:
    return {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageEnforce": "associations,limits,qos",  # none is set but by a test
        "AccountingStorageHost": "localhost",
        "AccountingStoragePort": port,
        "AccountingStoragePass": root / "munge/socket",
        "AccountingStoreFlags": "job_comment",
    }


def slurmdbd_conf(root: Path, port: int) -> str:
    """``slurmdbd.conf``."""
    values = {
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={root}/munge/socket",
        "DbdHost": "localhost",
        "DbdAddr": "127.0.0.1",
        "DbdPort": port,
        "SlurmUser": "root",
        "DebugLevel": "info",
        "LogFile": root / "log/slurmdbd.log",
        "PidFile": root / "run/slurmdbd.pid",
        "StorageType": "accounting_storage/mysql",
        "StorageHost": "localhost",
        "StorageUser": "slurm",
        "StoragePass": "slurm",
        "StorageLoc": "slurm_acct_db",
        "CommitDelay": "1",
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())
