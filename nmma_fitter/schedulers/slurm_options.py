"""Options of sbatch: which there are, which are ours, and how a value is written."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from nmma_fitter.schedulers.settings import check_value

# Long options of sbatch 20.11 to 25.05 that a configuration may set, from its manual page.
_OPTIONS = """
account acctg-freq batch bb bbf begin cluster-constraint consolidate-segments constraint
container container-id contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu deadline
delay-boot dependency distribution exclude exclusive extra extra-node-info gpu-bind gpu-freq
gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint hold ignore-pbs
kill-on-invalid-dep licenses mail-type mail-user mcs-label mem-bind mem-per-cpu mem-per-gpu
mincpus network nice no-kill nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu
ntasks-per-node ntasks-per-socket oom-kill-step overcommit oversubscribe partition power prefer
priority profile propagate qos quiet reboot reservation resv-ports segment sockets-per-node
spread-job spread-segments stepmgr switches thread-spec threads-per-core tmp tres-per-task
use-min-nodes verbose wait-all-nodes wckey
"""
# Those of them that may stand without a value.
_BARE = """
contiguous exclusive hold ignore-pbs nice no-kill overcommit oversubscribe propagate quiet
reboot resv-ports spread-job stepmgr use-min-nodes verbose
"""
_OURS = """
array chdir comment error export export-file get-user-env gid input job-name open-mode output
parsable test-only time-min uid wait wrap
"""
OPTIONS = frozenset(_OPTIONS.split())
BARE = frozenset(_BARE.split())
# Set for every batch, with where to say otherwise.
OURS = {
    **dict.fromkeys(_OURS.split(), "nothing: jobs are found and read back by it"),
    "time": "the model's time_limit",
    "mem": "the model's memory_mb",
    "cpus-per-task": "the model's cores",
    "clusters": "scheduler.slurm.cluster",
    "signal": "scheduler.slurm.warning_seconds",
    "requeue": "scheduler.slurm.requeue",
    "no-requeue": "scheduler.slurm.requeue",
}
DROPPABLE = ("mem", "cpus-per-task", "nodes", "ntasks", "comment", "signal", "requeue", "open-mode")

Value = str | int | bool


def check_options(options: Mapping[str, Value]) -> None:
    """Refuse an option that sbatch does not have, that is ours, or whose value is not plain text.

    Raises
    ------
    ValueError
        Names the option, and the nearest that there is.
    """
    for name, value in options.items():
        if name in OURS:
            raise ValueError(f"option {name!r} is set for every batch; change {OURS[name]}")
        if name not in OPTIONS:
            close = difflib.get_close_matches(name.lower().replace("_", "-"), OPTIONS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"sbatch has no long option {name!r}{hint}")
        if value is True or value == "":
            if name not in BARE:
                raise ValueError(f"option {name!r} needs a value")
        else:
            check_value(f"option {name!r}", str(value))


def written(options: Mapping[str, Value]) -> list[str]:
    """Options as arguments, each one word that no shell ever reads; False leaves one out."""
    return [
        f"--{name}" if value is True or value == "" else f"--{name}={value}"
        for name, value in options.items()
        if value is not False
    ]
