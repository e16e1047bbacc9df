"""The configuration of a private pool: one text for its head, one for each node."""

import os
import pwd
from pathlib import Path

COMMON = """\
RELEASE_DIR = {usr}
BIN = {usr}/bin
SBIN = {usr}/sbin
LIB = {usr}/lib
LIBEXEC = {usr}/libexec/condor
CONDOR_IDS = {uid}.{gid}
LOCAL_DIR = {home}
LOCAL_CONFIG_FILE =
LOCAL_CONFIG_DIR =
LOG = {home}/log
LOCK = {home}/lock
RUN = {home}/run
SPOOL = {home}/spool
EXECUTE = {home}/execute
CONDOR_HOST = 127.0.0.1
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
ENABLE_IPV6 = False
NO_DNS = True
DEFAULT_DOMAIN_NAME = local
UID_DOMAIN = local
FILESYSTEM_DOMAIN = {files}
TRUST_UID_DOMAIN = True
COLLECTOR_HOST = 127.0.0.1:0
COLLECTOR_ADDRESS_FILE = {root}/collector_address
SCHEDD_ADDRESS_FILE = {root}/schedd_address
USE_SHARED_PORT = False
SEC_DEFAULT_AUTHENTICATION = REQUIRED
SEC_DEFAULT_AUTHENTICATION_METHODS = FS
SEC_CLIENT_AUTHENTICATION_METHODS = FS
SEC_DEFAULT_ENCRYPTION = OPTIONAL
SEC_DEFAULT_INTEGRITY = OPTIONAL
ALLOW_READ = *
ALLOW_WRITE = *
ALLOW_DAEMON = *
ALLOW_NEGOTIATOR = *
ALLOW_ADMINISTRATOR = *
ALLOW_CONFIG = *
ALLOW_OWNER = *
QUEUE_SUPER_USERS = condor, {user}
SEC_FS_ENFORCE_CHANNEL_BINDING = False
DISCARD_SESSION_KEYRING_ON_STARTUP = False
ENABLE_KERNEL_TUNING = False
MASTER_HAS_INSTANCE_LOCK = False
CONDOR_FSYNC = False
MOUNT_UNDER_SCRATCH =
MASTER_BACKOFF_CONSTANT = 1
UPDATE_INTERVAL = 3
"""
HEAD = """\
DAEMON_LIST = MASTER COLLECTOR NEGOTIATOR SCHEDD
COLLECTOR_NAME = test
CLASSAD_LIFETIME = 10
NEGOTIATOR_INTERVAL = 2
NEGOTIATOR_MIN_INTERVAL = 1
NEGOTIATOR_CYCLE_DELAY = 1
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
PERIODIC_EXPR_INTERVAL = 2
MAX_PERIODIC_EXPR_INTERVAL = 2
JOB_START_COUNT = 50
JOB_START_DELAY = 0
JOB_STOP_COUNT = 50
CLAIM_WORKLIFE = 3600
ALIVE_INTERVAL = 5
SHADOW_QUEUE_UPDATE_INTERVAL = 2
JOB_DEFAULT_REQUESTMEMORY = 100
JOB_DEFAULT_REQUESTDISK = 1024
DAGMAN_USER_LOG_SCAN_INTERVAL = 1
DAGMAN_USE_STRICT = 0
DAGMAN_MAX_SUBMITS_PER_INTERVAL = 200
"""
NODE = """\
DAEMON_LIST = MASTER STARTD
# The head is another family of processes than a node.
SEC_USE_FAMILY_SESSION = False
STARTD_NAME = {name}
STARTER_JOB_ENVIRONMENT = "NODE_NAME={name}"
START = True
SUSPEND = False
PREEMPT = False
KILL = False
WANT_SUSPEND = False
RUNBENCHMARKS = False
NUM_CPUS = {cpus}
MEMORY = {memory_mb}
NUM_SLOTS = 1
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
STARTER_UPDATE_INTERVAL = 2
"""
FOLDERS = ("log", "lock", "run", "spool", "execute")


def write_config(
    usr: Path, root: Path, name: str, files: str, over: dict[str, str], **size: int
) -> Path:
    """Make the folders of the head (no `size`) or of a node, and write its configuration.

    Parameters
    ----------
    usr : Path
        Where the daemons were unpacked.
    root : Path
        Of the pool.
    name : str
        Of the head or node.
    files : str
        Machines with the same word share their files.
    over : dict
        Further settings.
    **size : int
        ``cpus`` and ``memory_mb``.
    """
    home = root / name
    for folder in FOLDERS:
        (home / folder).mkdir(parents=True, exist_ok=True)
    user = pwd.getpwuid(os.geteuid())
    text = COMMON.format(
        usr=usr, home=home, root=root, files=files, user=user.pw_name, uid=user.pw_uid,
        gid=user.pw_gid,
    )  # fmt: skip
    text += NODE.format(name=name, **size) if size else HEAD
    text += "".join(f"{key} = {value}\n" for key, value in over.items())
    path = home / "condor_config"
    path.write_text(text)
    return path
