"""What HTCondor gets of a batch: a description, item data, and the script its jobs share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings, check_options, check_text
from nmma_fitter.schedulers.htcondor_states import (
    JOB_POLICY,
    OF_THE_POOL,
    OVER_MEMORY,
    OVER_TIME,
    PASSING,
    RUNNING,
)

CHECKPOINT_STATUS = 85
WRAPPER = "run.sh"
LOG = "log"
SHARED = "shared-"  # name of a script that runs those of several work folders
_FORGOTTEN_SECONDS = 86400  # a job held for so long is removed: whoever submitted it is gone
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
{warning}
"""
_SHARED = """\
cd -- "${folders[index]}" || fail "enter ${folders[index]}"
[ -r "${scripts[index]}" ] || fail "read ${scripts[index]}"
exec bash "${scripts[index]}"
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
{checkpoint}
bash "$script" &
child=$!
while wait "$child"; code=$?; [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do :; done
# Stopped to send its checkpoint home; HTCondor starts it again where it is.
[ -n "$asked" ] && [ "$code" -ne 0 ] &&
  [ -s attempts/*-"$NMMA_FITTER_JOB_ID-$NMMA_FITTER_RESTART"/checkpoint.h5 ] && exit {status}
exit "$code"
"""


def prepare(folder: Path, script: bytes) -> Path:
    """Make a batch's folder and write the script; HTCondor keeps its log there.

    Raises
    ------
    SchedulerError
        The folder is there: this token was handed over before.
    SchedulerUnknown
        It cannot be written now; nothing was submitted, and the same may work later.
    """
    path = folder / WRAPPER
    try:
        folder.mkdir(parents=True)
        path.write_bytes(script)
        path.chmod(0o755)
    except FileExistsError:
        problem = "was submitted before; it is not run twice"
        raise SchedulerError(f"batch {folder.name}: {problem}") from None
    except OSError as error:
        raise SchedulerUnknown(f"batch {folder.name}: cannot write {path}: {error}") from error
    return path


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
        warning=_later(_warned_after(batch, settings), "USR1"),
    )
    if settings.files == "shared":
        return os.fsencode(head + _SHARED)
    timer = _later(settings.checkpoint_seconds, "USR2")
    return os.fsencode(head + _TRANSFER.format(checkpoint=timer, status=CHECKPOINT_STATUS))


def _warned_after(batch: BatchRequest, settings: HTCondorSettings) -> int:
    """Seconds after its start; a short job is not warned right then."""
    limit = batch.resources.seconds
    before = min(settings.warning_seconds, limit // 4)
    return limit - before if before else 0


def _later(seconds: int, name: str) -> str:
    """A line that signals this shell, and what it becomes, after a while."""
    if not seconds:
        return ""
    return f"(exec </dev/null >/dev/null 2>&1; sleep {seconds}; kill -{name} $$) &"


def description(
    batch: BatchRequest, settings: HTCondorSettings, folder: Path
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Commands of a submit description, and one item for each job.

    Parameters
    ----------
    batch : BatchRequest
    settings : HTCondorSettings
    folder : Path
        Of the batch; jobs' own output, and what HTCondor notes of them, goes there.

    Raises
    ------
    ValueError
        A path or an option cannot be written in a description.
    """
    asked, base = batch.resources, _path(folder)
    check_options(asked.options)
    commands = {
        "universe": "vanilla",
        "executable": "/bin/bash",
        "transfer_executable": "False",
        "arguments": _arguments(str(folder / WRAPPER)),
        "initialdir": base,
        "log": f"{base}/{LOG}",
        "output": f"{base}/$(unit).out",
        "error": f"{base}/$(unit).err",
        "getenv": "False",
        "request_cpus": str(asked.cores),
        "request_memory": str(asked.memory_mb),
        "request_disk": f"{settings.disk_mb}M",
        "job_lease_duration": str(settings.lease_seconds),
        "job_max_vacate_time": str(settings.grace_seconds),
        "should_transfer_files": "NO",
        "My.NMMAFitterBatch": f'"{batch.token}"',
        "My.NMMAFitterUnit": "$(unit)",
        **_policy(batch, settings),
        **_site(settings),
    }
    if settings.files == "transfer":
        commands |= _transfer(base, settings)
    items = [_item(batch, settings, index) for index in range(len(batch.scripts))]
    return {**commands, **settings.extra, **asked.options}, items


def _policy(batch: BatchRequest, settings: HTCondorSettings) -> dict[str, str]:
    """What HTCondor does by itself, whether or not somebody looks.

    An expression that is not defined would hold a job; ``=?=`` is false then.
    """
    asked = batch.resources
    running = f"JobStatus == {RUNNING}"
    time = f"({running} && time() - JobCurrentStartDate > {asked.seconds}) =?= True"
    memory = f"({running} && MemoryUsage > RequestMemory) =?= True"
    held, since = "JobStatus == 5", "(time() - EnteredCurrentStatus)"
    passing = f"member(HoldReasonCode, {{{', '.join(map(str, PASSING))}}})"
    limits = f"{{{', '.join(map(str, OF_THE_POOL))}}}"
    subcodes = f"member(HoldReasonSubCode, {{{OVER_MEMORY}, {OVER_TIME}}})"
    ours = f"HoldReasonCode == {JOB_POLICY} && {subcodes}"
    over = f"(({ours}) || member(HoldReasonCode, {limits}))"
    return {
        "periodic_hold": f"({memory}) || ({time})",
        "periodic_hold_subcode": f"ifThenElse({time}, {OVER_TIME}, {OVER_MEMORY})",
        "periodic_hold_reason": (
            f'ifThenElse({time}, "over its time limit of {asked.seconds} s", '
            f'strcat("over the memory it asked for: ", string(MemoryUsage), " MB used, ", '
            f'string(RequestMemory), " MB asked for"))'
        ),
        "periodic_release": (
            f"({held} && {passing} && NumHolds <= {settings.hold_tries} "
            f"&& {since} > {settings.hold_seconds}) =?= True"
        ),
        "periodic_remove": (
            f"({held} && (({over} && {since} > 5) || {since} > {_FORGOTTEN_SECONDS})) =?= True"
        ),
        "leave_in_queue": (
            f"((JobStatus == 3 || JobStatus == 4) && {since} < {settings.keep_seconds}) =?= True"
        ),
    }


def _site(settings: HTCondorSettings) -> dict[str, str]:
    """What the configuration says about every job."""
    names = ("requirements", "accounting_group", "container_image")
    return {name: value for name in names if (value := getattr(settings, name))}


def _transfer(base: str, settings: HTCondorSettings) -> dict[str, str]:
    """Without a shared file system: what goes out and comes back."""
    commands = {
        "executable": f"{base}/{WRAPPER}",
        "transfer_executable": "True",
        "arguments": _arguments(),
        "initialdir": "$(folder)",
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT_OR_EVICT",
        "transfer_input_files": "$(files)",
        "transfer_output_files": "attempts",
    }
    if settings.checkpoint_seconds:
        commands |= {
            "checkpoint_exit_code": str(CHECKPOINT_STATUS),
            "transfer_checkpoint_files": "attempts",
        }
    return commands


def _item(batch: BatchRequest, settings: HTCondorSettings, index: int) -> dict[str, str]:
    if settings.files == "shared":
        return {"unit": str(index)}
    folder, script = batch.folders[index], batch.scripts[index]
    return {"unit": str(index), "folder": _path(folder), "files": ",".join(_sent(folder, script))}


def _sent(folder: Path, script: Path) -> list[str]:
    """Files of a work folder that a run needs: what is said of it, its script, a checkpoint."""
    if script.parent != folder:
        raise ValueError(f"{script}: without a shared file system it must lie in {folder}")
    if script.name.startswith(SHARED):
        raise ValueError("units can share a job only where nodes share their files")
    left = [path for path in folder.glob("attempts/*/checkpoint.h5") if path.is_file()]
    newest = sorted(left, key=lambda path: path.stat().st_mtime)[-1:]
    said = [path for path in sorted(folder.glob("*.json")) if path.is_file()]
    names = [str(path.relative_to(folder)) for path in (*said, script, *newest)]
    for name in names:
        if "," in name or "$" in name or name != name.strip():
            raise ValueError(f"{name!r}: HTCondor cannot transfer a file of this name")
    return names


def _arguments(*words: str) -> str:
    """Arguments in HTCondor's new syntax, then number and id of the job."""
    quoted = [f"'{_plain(word)}'".replace('"', '""') for word in words]
    return '"' + " ".join([*quoted, "$(unit)", "$(ClusterId).$(ProcId)"]) + '"'


def _plain(word: str) -> str:
    return _escaped(word).replace("'", "''")


def _path(path: Path) -> str:
    """A path as the value of a command."""
    text = str(path)
    check_text("this path", text)
    if text != text.strip():
        raise ValueError(f"{text!r}: HTCondor strips spaces at the ends of a path")
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("$", "$(DOLLAR)")


def _quoted(paths: tuple[Path, ...]) -> str:
    return "\n".join(shlex.quote(str(path)) for path in paths)
