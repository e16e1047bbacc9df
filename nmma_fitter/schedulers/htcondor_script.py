"""The script that all jobs of a batch share on HTCondor."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from nmma_fitter.schedulers.base import BatchRequest
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings
from nmma_fitter.schedulers.htcondor_states import OVER_TIME_STATUS

CHECKPOINT_STATUS = 85
OUT_OF_TIME_STATUS = 75  # as of a fit that was stopped
WRAPPER = "run.sh"
_HEAD = """\
#!/bin/bash
# One job: finds its own script by its number in the cluster.
set -u
index=$1
export NMMA_FITTER_JOB_ID=$2
NMMA_FITTER_RESTART=0
while read -r name equals value; do  # how often it was started before
  [ "$name" = NumShadowStarts ] && [ "$value" -gt 0 ] && NMMA_FITTER_RESTART=$((value - 1))
done 2>/dev/null <"${{_CONDOR_JOB_AD:-/dev/null}}"
export NMMA_FITTER_RESTART
{environment}
folders=(
{folders}
)
scripts=(
{scripts}
)
fail() {{ echo "$HOSTNAME: cannot $1" >&2; exit 72; }}
later() {{  # later SECONDS SIGNAL: to this shell and what it becomes, while it lives
  (
    exec </dev/null >/dev/null 2>&1
    end=$((SECONDS + $1))  # by the clock: on a busy node a sleep of a second takes longer
    while [ "$SECONDS" -lt "$end" ]; do sleep 1; [ -d "/proc/$$" ] || exit; done
    kill -s "$2" $$
  ) &
}}
"""
_SHARED = """\
{warning}
cd -- "${{folders[index]}}" || fail "enter ${{folders[index]}}"
[ -r "${{scripts[index]}}" ] || fail "read ${{scripts[index]}}"
exec bash "${{scripts[index]}}"
"""
# Without a shared file system the work folder is the job's own scratch folder, into which its files
# were brought; its attempts are sent home.
_TRANSFER = """\
export NMMA_FITTER_WORK=$PWD
mkdir -p attempts sentinels || fail "write in $PWD"
while compgen -G "attempts/*-$NMMA_FITTER_JOB_ID-$NMMA_FITTER_RESTART" >/dev/null; do
  NMMA_FITTER_RESTART=$((NMMA_FITTER_RESTART + 1))
done
script=${{scripts[index]##*/}}
[ -r "$script" ] || fail "read $script"
asked=
child=
trap '[ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM
trap '[ -n "$child" ] && kill -USR1 "$child" 2>/dev/null' USR1
trap 'asked=1; [ -n "$child" ] && kill -USR1 "$child" 2>/dev/null' USR2
# The limit counts from the first start in this folder; a stop for a checkpoint is none.
[ -s .began ] || date +%s >.began
gone=$(($(date +%s) - $(<.began)))
# A run that does not stop when it is warned ends here and not by HTCondor, which would bring
# nothing home of what it ends.
trap 'exit {over}' ALRM
later "$(({limit} - gone))" ALRM
{timer}
bash "$script" &
child=$!
while wait "$child"; code=$?; [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do :; done
# Stopped to send its checkpoint home; HTCondor starts it again where it is.
[ -n "$asked" ] && [ "$code" -ne 0 ] &&
  [ -s attempts/*-"$NMMA_FITTER_JOB_ID-$NMMA_FITTER_RESTART"/checkpoint.h5 ] && exit {status}
exit "$code"
"""
_WARNING = """\
left=$(({warned} - gone))
[ "$left" -gt 0 ] || exit {status}  # no time to go on in: the next job does, from what is sent home
"""
# A stop shortly before the warning would leave the next start too little time to take it in.
_CHECKPOINT_OR_WARNING = """\
if [ $((2 * left)) -gt {enough} ]; then later {stopped} USR2; else later "$left" USR1; fi
"""


def wrapper(
    batch: BatchRequest, settings: HTCondorSettings, environment: Mapping[str, str]
) -> bytes:
    """The script that every job of a batch runs.

    The environment is set in it and not in the description: the queue is open to read for all.
    """
    exports = (f"export {name}={shlex.quote(value)}" for name, value in environment.items())
    head = _HEAD.format(
        environment="\n".join(exports),
        folders=_quoted(batch.folders),
        scripts=_quoted(batch.scripts),
    )
    warned, stopped = _warned_after(batch, settings), settings.checkpoint_seconds
    if settings.files == "shared":
        return os.fsencode(head + _SHARED.format(warning=f"later {warned} USR1" if warned else ""))
    body = _TRANSFER.format(
        timer=_timer(warned, stopped),
        status=CHECKPOINT_STATUS,
        over=OVER_TIME_STATUS,
        limit=batch.resources.seconds,
    )
    return os.fsencode(head + body)


def _timer(warned: int, stopped: int) -> str:
    """Which comes first in this start, the stop for a checkpoint or the warning; 0 for neither."""
    if not warned:
        return f"later {stopped} USR2" if stopped else ""
    begin = _WARNING.format(warned=warned, status=OUT_OF_TIME_STATUS)
    if not stopped:
        return begin + 'later "$left" USR1'
    return begin + _CHECKPOINT_OR_WARNING.format(stopped=stopped, enough=3 * stopped)


def _warned_after(batch: BatchRequest, settings: HTCondorSettings) -> int:
    """Seconds after its start; a short job is not warned right then."""
    limit = batch.resources.seconds
    before = min(settings.warning_seconds, limit // 4)
    return limit - before if before else 0


def _quoted(paths: tuple[Path, ...]) -> str:
    return "\n".join(shlex.quote(str(path)) for path in paths)
