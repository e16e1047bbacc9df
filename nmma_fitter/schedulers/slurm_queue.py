"""Reading squeue and sacct: one call each, however many jobs."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from nmma_fitter.schedulers.slurm_commands import Commands

log = logging.getLogger(__name__)

JOB_ID = re.compile(r"([1-9]\d{0,18})(?:_(\d{1,9}))?")  # of an array's task, or a plain job
_CLUSTER = re.compile(r"CLUSTER: \S+")
_ARRAY_ID = re.compile(r"([1-9]\d{0,18})(?:_\[([^]]*)\]?)?")
_SPAN = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
_OF_SCONTROL = re.compile(r"JobId=(\d+)(?: ArrayJobId=(\d+) ArrayTaskId=(\S+))? JobName=")
_STATE = re.compile(r" JobState=(\w+) Reason=(\S*)")
_QUEUE_FIELDS = ("JobArrayID", "State", "exit_code", "Reason", "RestartCnt", "Name", "Comment")
_ACCOUNT_FIELDS = ("JobID", "State", "ExitCode", "ReqMem", "MaxRSS", "JobName")
_LOOK_BACK = "now-30days"
_MOST_ARRAYS = 8000  # named in one command line; a word of it may have 128 kB
_ENDED = "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED TIMEOUT"
ENDED = frozenset(_ENDED.split())
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "": 1}


@dataclass(frozen=True)
class Row:
    """One job, as squeue or sacct shows it.

    Attributes
    ----------
    job_id : str
    state : str
        Slurm's word for it.
    reason : str
        Why it waits, or more on its end.
    exit_code, signal : int or None
        None when it has not ended.
    restarts : int
    names : tuple of str
        Job name and comment; the batch's token.
    cancelled_by : str
        User number.
    over_memory : bool
        Whether it was seen with more memory than it had asked for.
    """

    job_id: str
    state: str
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    restarts: int = 0
    names: tuple[str, ...] = ()
    cancelled_by: str = ""
    over_memory: bool = False

    @property
    def index(self) -> int:
        """Array index; 0 of a plain job, which is its batch's only one."""
        index = self.job_id.partition("_")[2]
        return int(index) if index.isdigit() else 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.state not in ENDED


@dataclass
class Shown:
    """What one of the two showed.

    Attributes
    ----------
    tasks : dict
        Array tasks by id.
    arrays : dict
        Plain jobs, and arrays whose tasks that never started are shown as one, by number.
    some : dict
        The first row of every array of which anything is known, by number.
    live : int
        How many jobs of the person wait or run.
    proven : bool
        Whether the answer begins with the header that was asked for, so that it is one even when
        there are no jobs.
    noise : str
        What was said in place of an answer.
    """

    tasks: dict[str, Row] = field(default_factory=dict)
    arrays: dict[str, Row] = field(default_factory=dict)
    some: dict[str, Row] = field(default_factory=dict)
    live: int = 0
    proven: bool = False
    noise: str = ""

    def add(self, row: Row) -> None:
        """Take in a row."""
        self.live += row.alive
        match = _ARRAY_ID.fullmatch(row.job_id)
        if match:
            self.arrays[match[1]] = row
        elif match := JOB_ID.fullmatch(row.job_id):
            self.tasks[row.job_id] = row
        if match:
            self.some.setdefault(match[1], row)

    def of(self, job_id: str) -> Row | None:
        """What is known of a job; a task cancelled while it waited has no row of its own."""
        array = self.arrays.get(job_id.partition("_")[0])
        plain = array is not None and array.job_id == job_id
        return self.tasks.get(job_id) or (array if array and (plain or not array.alive) else None)

    def living(self, job_id: str) -> Row | None:
        """The row that says of a job that it has not ended, be it one of many that wait."""
        number, _, index = job_id.partition("_")
        array, row = self.arrays.get(number), self.of(job_id)
        if row is None and array is not None and index and covers(array.job_id, int(index)):
            row = array
        return row if row is not None and row.alive else None

    @property
    def named(self) -> list[Row]:
        """Rows of single jobs: each is its batch's only one, or has its index in the id."""
        return [
            *self.tasks.values(),
            *(row for row in self.arrays.values() if "_" not in row.job_id),
        ]


def covers(array_id: str, index: int) -> bool:
    """Whether ``7_[0,2-9:2%4]`` stands for this task too; a list that is cut short may."""
    match = _ARRAY_ID.fullmatch(array_id)
    listed = (match[2] or "") if match else ""
    if "..." in listed:
        return True
    spans = filter(None, map(_SPAN.match, listed.partition("%")[0].split(",")))
    return any(
        index in range(int(span[1]), int(span[2] or span[1]) + 1, int(span[3] or 1))
        for span in spans
    )


def ask_queue(commands: Commands) -> Shown | str:
    """All jobs of this person that the controller knows; or why there is no answer."""
    nonce = secrets.token_hex(4)
    said = commands.run(
        "squeue",  # with its header, which proves that an empty answer is one
        "--states=all",
        "--all",  # also in hidden partitions
        "--array",
        f"--user={os.getuid()}",
        "--Format=" + ",".join(f"{field}:|{nonce}{_end(field)}" for field in _QUEUE_FIELDS),
    )
    if said.status != 0:
        return f"squeue: {said.message}"
    return parse_queue(said.out, nonce) or f"squeue: cannot read its answer {said.out[:200]!r}"


def _end(field: str) -> str:
    return "." if field == _QUEUE_FIELDS[-1] else "|"


def parse_queue(text: str, nonce: str) -> Shown | None:
    """Read squeue's answer; None when it is not in the form that was asked for.

    The nonce keeps names and comments from looking like other jobs.
    """
    shown = Shown()
    *records, rest = text.split(f"|{nonce}.")
    for record in records:
        fields = record.split(f"|{nonce}|")
        if len(fields) != len(_QUEUE_FIELDS):
            return None
        job_id, state, code, reason, restarts, name, comment = fields
        job_id = job_id.rsplit("\n", 1)[-1].strip()
        if not shown.proven and job_id[:1].isalpha():
            shown.proven = True
            continue
        exit_code, number = _wait_status(code) if state in ENDED else (None, None)
        count = int(restarts) if restarts.isdigit() else 0
        shown.add(Row(job_id, state, reason, exit_code, number, count, (name, comment)))
    rest = rest.strip()
    if nonce in rest or (rest and records and not shown.proven):
        return None
    if not shown.proven and not _CLUSTER.fullmatch(rest):
        shown.noise = rest
    return shown


def ask_controller(commands: Commands) -> Shown | str:
    """All jobs that scontrol shows, asked where squeue is silent on one; or why it does not say."""
    said = commands.run("scontrol", "--oneliner", "--all", "show", "job")
    shown = parse_controller(said.out)
    if said.status == 0 and (shown.some or "No jobs in the system" in said.out + said.error):
        return shown
    return f"scontrol: {said.message}"


def parse_controller(text: str) -> Shown:
    """Read ``scontrol --oneliner show job``, of any person's jobs."""
    shown = Shown()
    for line in text.splitlines():
        match, state = _OF_SCONTROL.match(line), _STATE.search(line)
        if match and state:
            number, array, task = match.groups()
            single = f"{array}_{task}" if task and task.isdigit() else f"{array}_[{task}]"
            shown.add(Row(single if array else number, state[1], state[2]))
    return shown


def ask_accounting(
    commands: Commands, job_ids: Iterable[str], tokens: Sequence[str]
) -> Shown | str:
    """These array tasks and those of these batches; or why there is no answer."""
    nonce = secrets.token_hex(4)
    arrays = sorted({job_id.partition("_")[0] for job_id in job_ids})
    if not tokens and len(arrays) <= _MOST_ARRAYS:
        which = f"--jobs={','.join(arrays)}"
    elif not arrays and len(tokens) <= _MOST_ARRAYS // 4:
        which = f"--name={','.join(tokens)}"
    else:
        which = "--allocations"  # the person's jobs, whatever they are called
    said = commands.run(
        "sacct",  # with its header, as squeue
        "--parsable2",
        "--noconvert",
        f"--delimiter=|{nonce}|",
        f"--user={os.getuid()}",
        f"--starttime={_LOOK_BACK}",
        f"--format={','.join(_ACCOUNT_FIELDS)}",
        which,
    )
    if said.status != 0:
        return f"sacct: {said.message}"
    return parse_accounting(said.out, nonce) or f"sacct: cannot read its answer {said.out[:200]!r}"


def parse_accounting(text: str, nonce: str) -> Shown | None:
    """Read sacct's answer: a line for each task, and below it one for each of its steps.

    None when nothing of it is in the form that was asked for.
    """
    shown = Shown()
    asked: dict[str, int] = {}
    for line in text.splitlines():
        fields = line.split(f"|{nonce}|")
        if len(fields) != len(_ACCOUNT_FIELDS):
            continue
        if fields[0][:1].isalpha():
            shown.proven = True
            continue
        job_id, state, code, requested, used, name = fields
        task, _, step = job_id.partition(".")
        if not step:
            word, _, by = state.partition(" by ")
            exit_code, number = _pair(code)
            shown.add(Row(task, word, "", exit_code, number, names=(name,), cancelled_by=by))
            asked[task] = _bytes(requested)
        elif task in shown.tasks and 0 < asked[task] <= _bytes(used):
            shown.tasks[task] = replace(shown.tasks[task], over_memory=True)
    return shown if asked or shown.proven or not text.strip() else None


def agreed(queued: Row | None, accounted: Row | None) -> Row | None:
    """One row out of two; squeue decides on the state, since sacct lags behind it."""
    if queued is None:  # a job that only sacct takes for alive was lost by the controller
        return accounted if accounted and accounted.state in ENDED else None
    if accounted is None or queued.state != accounted.state:
        return queued
    return replace(queued, cancelled_by=accounted.cancelled_by, over_memory=accounted.over_memory)


def by_token(rows: Iterable[Row], tokens: Sequence[str]) -> dict[str, dict[int, str]]:
    """Ids of the batches with these names; of two arrays of one name, the one submitted first."""
    wanted = set(tokens)
    found: dict[str, dict[int, str]] = {}
    for row in sorted(rows, key=lambda row: int(row.job_id.partition("_")[0])):
        for token in wanted.intersection(row.names):
            first = found.setdefault(token, {}).setdefault(row.index, row.job_id)
            if first != row.job_id:
                log.warning("slurm: %s and %s are both called %s", first, row.job_id, token)
    return found


def _wait_status(text: str) -> tuple[int | None, int | None]:
    """Exit code and signal of what `wait` gives, which squeue prints; or of CODE:SIGNAL."""
    if not text.isdigit():
        return _pair(text)
    status = int(text)
    return status >> 8 & 0xFF, status & 0x7F


def _pair(text: str) -> tuple[int | None, int | None]:
    match = re.fullmatch(r"(\d+):(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (None, None)


def _bytes(text: str) -> int:
    """Bytes of ``320620K`` or ``2000Mn``; 0 for what is given per core, or not at all."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)n?", text)
    return int(float(match[1]) * _UNITS[match[2]]) if match else 0
