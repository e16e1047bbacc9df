"""From HTCondor's numbers to our words: states, holds, and how a job ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from nmma_fitter.schedulers.base import JobState, JobStatus

Ad = Mapping[str, Any]

# What is asked for of every job; MemoryUsage is computed from ResidentSetSize.
ATTRIBUTES = (
    *("ClusterId", "ProcId", "NMMAFitterBatch", "NMMAFitterUnit", "JobStatus", "RemoteHost"),
    *("ExitBySignal", "ExitCode", "ExitSignal", "RemoveReason", "NumHolds", "NumShadowStarts"),
    *("HoldReason", "HoldReasonCode", "HoldReasonSubCode", "LastHoldReason"),
    *("LastHoldReasonCode", "LastHoldReasonSubCode", "VacateReason", "JobDisconnectedDate"),
    *("ResidentSetSize", "MemoryUsage", "RequestMemory"),
)
# What the ad of a cluster says of its jobs that are not in the queue yet.
FACTORY = (
    *("TotalSubmitProcs", "JobMaterializeNextProcId"),
    *("JobMaterializePaused", "JobMaterializePauseReason"),
)
NOT_YET = "NMMAFitterNotYet"  # in an ad made up by `not_materialized`
_CLUSTER_REMOVED = 3  # a value of JobMaterializePaused
IDLE, RUNNING, REMOVED, COMPLETED, HELD, TRANSFERRING_OUTPUT, SUSPENDED = range(1, 8)
LIVE = {
    IDLE: JobState.PENDING,
    RUNNING: JobState.RUNNING,
    TRANSFERRING_OUTPUT: JobState.RUNNING,
    SUSPENDED: JobState.RUNNING,
}
JOB_POLICY = 3  # the code of a hold by the job's own periodic_hold, told apart by our subcodes
OVER_MEMORY, OVER_TIME, NEVER_BEGINS = 7701, 7702, 7703
OURS = {OVER_MEMORY: "out_of_memory", OVER_TIME: "timeout", NEVER_BEGINS: "node_failure"}
STARTER_ERROR = 1007  # a code of CONDOR_HOLD_CODE too: why a job left its node
# Codes of CONDOR_HOLD_CODE. Of a machine or a moment, not of the job: it may run elsewhere.
PASSING = {
    6: "a node could not start it",
    9: "its output could not be opened",
    10: "its input could not be opened",
    11: "a transfer of its files broke off",
    12: "its output could not be brought back",
    13: "its input could not be sent",
    14: "a node cannot enter its folder",
    18: "a transfer of its files broke off",
    19: "a node's own hook refused it",
    21: "a node held it",
    45: "a node cannot run its container",
    48: "a hook of the schedd refused it",
}
OF_THE_POOL = {34: "out_of_memory", 46: "timeout", 47: "timeout"}
SPOOLING = 16
OVER_TIME_STATUS = 124  # of a job that ended itself at its limit, as `timeout` does


def status_of(ad: Ad, hold_tries: int) -> JobStatus:
    """Tell a job's state from its ClassAd, be it of the queue or of the history.

    Parameters
    ----------
    ad : mapping
        `ATTRIBUTES` that are defined.
    hold_tries : int
        How many holds of a passing kind the job's own policy releases.
    """
    token = ad.get("NMMAFitterBatch")
    state, reason, detail, code = _told(ad, hold_tries)
    return JobStatus(state, reason, " ".join(detail.split()), code, token)


def not_materialized(cluster: Ad) -> list[dict[str, Any]]:
    """Ads of the jobs that late materialization has yet to put in the queue, made up: they wait.

    With ``max_materialize`` or ``max_idle`` the schedd makes jobs of a cluster one after the other;
    until then only the cluster's own ad tells of them.
    """
    first, count = cluster.get("JobMaterializeNextProcId"), cluster.get("TotalSubmitProcs")
    paused = cluster.get("JobMaterializePaused", 0)
    if not (isinstance(first, int) and isinstance(count, int)) or paused == _CLUSTER_REMOVED:
        return []
    names = ("ClusterId", "NMMAFitterBatch")
    shared: dict[str, Any] = {name: cluster[name] for name in names if name in cluster}
    shared |= {NOT_YET: True, "JobStatus": IDLE}
    if paused:
        why = cluster.get("JobMaterializePauseReason", "its cluster's materialization is paused")
        shared |= {"JobStatus": HELD, "HoldReason": why}
    return [{**shared, "ProcId": proc, "NMMAFitterUnit": proc} for proc in range(first, count)]


def _told(ad: Ad, hold_tries: int) -> tuple[JobState, str | None, str, int | None]:
    number = ad.get("JobStatus")
    if number == COMPLETED:
        return _completed(ad)
    if number in (REMOVED, HELD) and ad.get("RemoteHost"):
        return JobState.RUNNING, None, "ending", None  # until its last process is gone
    if number == REMOVED:
        return JobState.ENDED_BADLY, *_removed(ad), None
    if number == HELD:
        return *_held(ad, hold_tries), None
    if number in LIVE:
        return LIVE[number], None, _live(ad), None
    return JobState.UNKNOWN, None, f"HTCondor says JobStatus {number!r}", None


def _live(ad: Ad) -> str:
    if ad.get(NOT_YET):
        return "waits to be materialized (max_materialize or max_idle)"
    word = "idle" if ad["JobStatus"] == IDLE else "running"
    starts = int(ad.get("NumShadowStarts", 0))
    again = f", start {starts}" if starts > 1 else ""
    lost = ", not heard of now" if ad.get("JobDisconnectedDate") and word == "running" else ""
    why = f" after: {ad['VacateReason']}" if word == "idle" and ad.get("VacateReason") else ""
    return f"{word}{again}{lost}{why}"


def _held(ad: Ad, hold_tries: int) -> tuple[JobState, str | None, str]:
    code, said = ad.get("HoldReasonCode"), str(ad.get("HoldReason", ""))
    if reason := policy_reason(code, ad.get("HoldReasonSubCode")):
        return JobState.ENDED_BADLY, reason, said  # its own policy removes what is left of it
    if code == SPOOLING:
        return JobState.PENDING, None, "held while its input is spooled"
    if code in PASSING:
        detail = f"held: {PASSING[code]} ({said})"
        if int(ad.get("NumHolds", 1)) <= hold_tries:
            return JobState.PENDING, None, f"{detail}; released soon"
        return JobState.HELD, "node_failure", detail
    return JobState.HELD, "never_started", f"held: {said}"


def policy_reason(code: object, subcode: object) -> str | None:
    """What a job was held for by our rules or the pool's limits; None for anything else."""
    if code == JOB_POLICY:
        return OURS.get(subcode) if isinstance(subcode, int) else None
    return OF_THE_POOL.get(code) if isinstance(code, int) else None


def _removed(ad: Ad) -> tuple[str, str]:
    last = ad.get("LastHoldReasonCode"), ad.get("LastHoldReasonSubCode")
    if reason := policy_reason(*last):
        return reason, str(ad.get("LastHoldReason", reason))
    return "cancelled", f"removed: {ad.get('RemoveReason', 'no reason given')}"


def _completed(ad: Ad) -> tuple[JobState, str | None, str, int | None]:
    if ad.get("ExitBySignal"):
        number = int(ad.get("ExitSignal", 0))
        killed = number == signal.SIGKILL and _over_memory(ad)
        reason = "out_of_memory" if killed else "nonzero_exit"
        more = ", over the memory it had asked for" if killed else ""
        return JobState.ENDED_BADLY, reason, f"ended by {_name(number)}{more}", 128 + number
    code = ad.get("ExitCode")
    if not isinstance(code, int):
        return JobState.UNKNOWN, None, "completed without an exit status", None
    if code == 0:
        return JobState.ENDED_WELL, None, "completed", 0
    if code == OVER_TIME_STATUS:
        return JobState.ENDED_BADLY, "timeout", "over its time limit", code
    return JobState.ENDED_BADLY, "nonzero_exit", f"exit status {code}", code


def _over_memory(ad: Ad) -> bool:
    return bool(ad.get("MemoryUsage", 0) > ad.get("RequestMemory", float("inf")))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# The job event log, for jobs that have left the queue.
EVENTS = ("SUBMIT", "JOB_HELD", "JOB_TERMINATED", "JOB_ABORTED", "CLUSTER_REMOVE")
OF_CLUSTER = -1  # for a job's number in an event that is about its cluster


def ads_of_events(events: list[dict[str, Any]], token: str) -> dict[str, dict[str, Any]]:
    """Ended jobs as their event log tells, in the form of a ClassAd, by id.

    Those that were submitted and of whose end there is no event come without a ``JobStatus``.
    """
    ads: dict[str, dict[str, Any]] = {}
    for event in events:
        job_id = f"{event['ClusterId']}.{event['ProcId']}"
        ids = {name: event[name] for name in ("ClusterId", "ProcId")}
        ad = ads.setdefault(job_id, {**ids, "NMMAFitterBatch": token})
        ad.update(_ENDS.get(event["event"], _nothing)(event))
    return ads


def removed_unmade(job_id: str, token: str) -> dict[str, Any]:
    """The ad of a job that was never materialized, since its cluster was removed."""
    cluster, _, proc = job_id.partition(".")
    ids = {"ClusterId": int(cluster), "ProcId": int(proc), "NMMAFitterBatch": token}
    return {**ids, "JobStatus": REMOVED, "RemoveReason": "its cluster was removed"}


def _nothing(event: Ad) -> dict[str, Any]:
    return {}


def _hold(event: Ad) -> dict[str, Any]:
    names = ("HoldReason", "HoldReasonCode", "HoldReasonSubCode")
    return {f"Last{name}": event[name] for name in names if name in event}


def _termination(event: Ad) -> dict[str, Any]:
    by_signal = not event.get("TerminatedNormally", True)
    ends = {"ExitCode": event.get("ReturnValue"), "ExitSignal": event.get("TerminatedBySignal", 0)}
    return {"JobStatus": COMPLETED, "ExitBySignal": by_signal, **ends}


def _abort(event: Ad) -> dict[str, Any]:
    return {"JobStatus": REMOVED, "RemoveReason": event.get("Reason", "no reason given")}


_ENDS = {"JOB_HELD": _hold, "JOB_TERMINATED": _termination, "JOB_ABORTED": _abort}
