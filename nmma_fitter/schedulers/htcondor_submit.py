"""What HTCondor gets of a batch: a submit description, and an item for each job."""

from __future__ import annotations

from pathlib import Path

from nmma_fitter.schedulers.base import BatchRequest
from nmma_fitter.schedulers.htcondor_script import CHECKPOINT_STATUS, WRAPPER
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings, check_options
from nmma_fitter.schedulers.htcondor_states import (
    IDLE,
    JOB_POLICY,
    NEVER_BEGINS,
    OF_THE_POOL,
    OURS,
    OVER_MEMORY,
    OVER_TIME,
    PASSING,
    RUNNING,
    STARTER_ERROR,
)
from nmma_fitter.schedulers.settings import check_value

LOG = "log"
SHARED = "shared-"  # name of a script that runs those of several work folders
_LATE_SECONDS = 60  # for a job that ends itself at its limit, so that its files come home
_FORGOTTEN_SECONDS = 86400  # a job held for so long is removed: whoever submitted it is gone


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
    further = {**settings.extra, **asked.options}
    if any(name.lower() == "max_materialize" for name in further):
        # Ended jobs that stay in the queue count: none of the others would ever be materialized.
        commands["leave_in_queue"] = "False"
    return {**commands, **further}, items


def _policy(batch: BatchRequest, settings: HTCondorSettings) -> dict[str, str]:
    """What HTCondor does by itself, whether or not somebody looks.

    An expression that is not defined would hold a job; ``=?=`` is false then. A job's time counts
    from when its files had been brought and its script began, as that script's own clock does; the
    date of it is that of an earlier start until then.
    """
    asked = batch.resources
    running = f"JobStatus == {RUNNING}"
    start, script = "JobCurrentStartDate", "JobCurrentStartExecutingDate"
    since_start = f"time() - ifThenElse(({script} >= {start}) =?= True, {script}, {start})"
    limit = asked.seconds + (_LATE_SECONDS if settings.files == "transfer" else 0)
    time = f"({running} && {since_start} > {limit}) =?= True"
    memory = f"({running} && MemoryUsage > RequestMemory) =?= True"
    failed = f"VacateReasonCode == {STARTER_ERROR} && NumShadowStarts > {settings.hold_tries + 1}"
    never = f"(JobStatus == {IDLE} && {failed}) =?= True"
    held, since = "JobStatus == 5", "(time() - EnteredCurrentStatus)"
    passing = f"member(HoldReasonCode, {{{', '.join(map(str, PASSING))}}})"
    limits = f"{{{', '.join(map(str, OF_THE_POOL))}}}"
    subcodes = f"member(HoldReasonSubCode, {{{', '.join(map(str, OURS))}}})"
    ours = f"HoldReasonCode == {JOB_POLICY} && {subcodes}"
    over = f"(({ours}) || member(HoldReasonCode, {limits}))"
    return {
        "periodic_hold": f"({memory}) || ({time}) || ({never})",
        "periodic_hold_subcode": (
            f"ifThenElse({time}, {OVER_TIME}, ifThenElse({never}, {NEVER_BEGINS}, {OVER_MEMORY}))"
        ),
        "periodic_hold_reason": (
            f'ifThenElse({time}, "over its time limit of {asked.seconds} s", '
            f'ifThenElse({never}, strcat("no node could begin it: ", VacateReason), '
            f'strcat("over the memory it asked for: ", string(MemoryUsage), " MB used, ", '
            f'string(RequestMemory), " MB asked for")))'
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
    """What the configuration says about every job; nodes that share files see an image as well."""
    names = ("requirements", "accounting_group", "container_image")
    commands = {name: value for name in names if (value := getattr(settings, name))}
    if settings.container_image and settings.files == "shared":
        commands["transfer_container"] = "False"
    return commands


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
    check_value("this path", text)
    if text != text.strip():
        raise ValueError(f"{text!r}: HTCondor strips spaces at the ends of a path")
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("$", "$(DOLLAR)")
