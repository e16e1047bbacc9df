"""Whether sbatch took a batch: yes with its number, no for a reason we know, or no clear answer.

A paused controller takes a batch after sbatch has given up, so a failed sbatch proves nothing. Only
the messages listed here prove that nothing was submitted. A limit on how many jobs there may be is
no fault of the batch: a smaller one may be taken, or the same one later. A partition that is closed
now is left out on purpose: the batch is looked for, not found, and handed over again later.
(``--test-only`` says "Requested node configuration is not available" also while all nodes are
drained; a submit is accepted then.)
"""

from __future__ import annotations

import re

from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.commands import Said

_NUMBER = re.compile(r"(\d+)(?:;[\w.-]+)?")
# sbatch's own check of its arguments, before it has asked anyone.
_NEVER_SENT = (
    r"unrecognized option '",
    r"option '--[\w-]+' (?:requires an argument|doesn't allow an argument|is ambiguous)",
    r"Invalid --[\w-]+ specification",
    r"Invalid time specification",
    r"mutually exclusive",
    r"Unable to open file ",
    r"Batch script contains DOS line breaks",
    r"Script argument not permitted with --wrap",
    r"Size of the batch script .* exceeds|[Ss]cript .* too large",
)
# The controller's no (errors of slurm_errno.h), after "Batch job submission failed: ".
_REFUSED = (
    r"Invalid partition name specified",
    r"Invalid account or account/partition combination specified",
    r"Invalid account specified",
    r"Invalid qos specification",
    r"Invalid wckey specification",
    r"Invalid feature specification",
    r"Invalid license specification",
    r"Invalid generic resource \(gres\) specification",
    r"Invalid Trackable RESource \(TRES\) specification",
    r"Invalid node name specified",
    r"Requested node configuration is not available",
    r"Requested reservation is invalid",
    r"Requested time limit is invalid",
    r"Requested partition configuration not available",
    r"Node count specification invalid",
    r"More processors requested than permitted",
    r"Memory required by task is not available",
    r"Job dependency problem",
    r"Job size specification needs to be provided",
    r"User's group not permitted to use this partition",
    r"Access/permission denied",
    r"Pathname of a file, directory or other parameter too long",
    r"(?:QOS|Assoc)Max\w*PerJob(?:Limit)?",
)
_NO = re.compile("|".join((*_NEVER_SENT, *_REFUSED)))
# A limit on jobs in the queue, of a person, an account or a QOS; with the controller's general
# word for all limits alone, it may be one.
_FULL = re.compile(r"(?:QOS|Assoc)(?:Max|Grp)Submit\w+|Job violates accounting/QOS policy")
_NO_ARRAYS = re.compile(r"Invalid job array specification")


def job_number(said: Said) -> str:
    """Number of the array that sbatch has submitted.

    A site's wrapper may print other lines; one line, and only one, must be ``NUMBER`` or
    ``NUMBER;CLUSTER``.

    Raises
    ------
    SchedulerFull
        For a limit on the number of jobs: nothing of it runs or will run.
    SchedulerError
        It was refused: nothing of it runs or will run.
    SchedulerUnknown
        No clear answer.
    """
    numbers = [m[1] for line in said.out.splitlines() if (m := _NUMBER.fullmatch(line.strip()))]
    if said.status == 0 and len(numbers) == 1:
        return numbers[0]
    raise_refusal(said)
    if said.status == 0:
        said = Said(0, said.out, f"sbatch printed no job id that is clear: {said.out[:200]!r}")
    raise SchedulerUnknown(f"sbatch: {said.message}")


class NoArrays(SchedulerFull):
    """This array is none that the cluster takes; it may take none at all."""


def raise_refusal(said: Said) -> None:
    """Raise SchedulerError when sbatch said a clear no."""
    if said.status in (0, None) or said.out.strip():
        return
    kinds = ((_NO, SchedulerError), (_FULL, SchedulerFull), (_NO_ARRAYS, NoArrays))
    for words, kind in kinds:
        if words.search(said.error):
            raise kind("sbatch: " + said.message.replace("sbatch: error: ", ""))
