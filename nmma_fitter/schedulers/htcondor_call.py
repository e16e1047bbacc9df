"""``python -m nmma_fitter.schedulers.htcondor_call VERB``: one call to a pool, by its bindings.

A process of its own: the bindings read their configuration once, hold the interpreter while they
wait for a daemon, and may end the process that uses them. A request is one JSON object on standard
input, an answer one on standard output: ``{"said": ...}``, or ``{"error": ..., "refused": bool}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ENDED = "JobStatus == 3 || JobStatus == 4"
# What a submit says no with before it has changed anything, or the schedd by rule of its own.
_NO = ("Failed to create job ad", "SUBMIT_REQUIREMENT", "submit requirement", "is not permitted")


class Refused(Exception):
    """The schedd, or the bindings before they had asked it, said a clear no."""


def submit(request: Json) -> Json:
    """Hand over one cluster: ``{"commands": {...}, "items": [{...}]}``."""
    import htcondor2

    try:
        description = htcondor2.Submit(request["commands"])
    except Exception as problem:  # it is only text until it is handed over
        raise Refused(str(problem)) from problem
    try:
        result = _schedd(request).submit(description, itemdata=iter(request["items"]))
    except Exception as problem:
        if any(word in str(problem) for word in _NO):
            raise Refused(str(problem)) from problem
        raise
    return {"cluster": result.cluster(), "first": result.first_proc(), "count": result.num_procs()}


def query(request: Json) -> Json:
    """Ask for this person's jobs in the queue: ``{"constraint": ..., "projection": [...]}``.

    Ads of clusters come with those of jobs: they tell of jobs that are yet to be materialized.
    """
    import htcondor2

    opts = htcondor2.QueryOpts.DefaultMyJobsOnly | htcondor2.QueryOpts.IncludeClusterAd
    found = _schedd(request).query(request["constraint"], request["projection"], opts=opts)
    return {"jobs": [_plain(ad, request["projection"]) for ad in found]}


def history(request: Json) -> Json:
    """Ask for jobs that left the queue; as `query`, with ``since`` and ``match``."""
    found = _schedd(request).history(
        request["constraint"], request["projection"], request["match"], request["since"]
    )
    return {"jobs": [_plain(ad, request["projection"]) for ad in found]}


def log(request: Json) -> Json:
    """Read job event logs: ``{"logs": {NAME: PATH}, "types": [NAME]}``."""
    return {"events": {name: list(_events(request, p)) for name, p in request["logs"].items()}}


def remove(request: Json) -> Json:
    """Ask for jobs to end, those that have not: ``{"constraint": ...}``."""
    import classad2
    import htcondor2

    chosen = classad2.ExprTree(f"(({ENDED}) =!= true) && ({request['constraint']})")
    said = _plain(_schedd(request).act(htcondor2.JobAction.Remove, chosen))
    if said.get("TotalError") or said.get("TotalPermissionDenied"):
        raise RuntimeError(f"not all could be removed: {said}")
    return said


def machines(request: Json) -> Json:
    """How many slots meet ``constraint``, how many there are, and the schedd's version."""
    import htcondor2

    collector = htcondor2.Collector(request["pool"] or None)
    kind = htcondor2.AdType.Startd

    def count(constraint: str) -> int:
        whole = f'(SlotType =!= "Dynamic") && ({constraint})'
        return len(collector.query(kind, whole, ["Name"]))

    location = _schedd(request)
    location.query("false", ["ClusterId"])  # it answers
    return {"fit": count(request["constraint"]), "all": count("true")}


def _schedd(request: Json) -> Any:
    import htcondor2

    if not request["pool"] and not request["schedd"]:
        return htcondor2.Schedd()
    collector = htcondor2.Collector(request["pool"] or None)
    kind = htcondor2.DaemonType.Schedd
    place = collector.locate(kind, request["schedd"]) if request["schedd"] else None
    return htcondor2.Schedd(place or collector.locate(kind))


def _plain(ad: Any, names: list[str] | None = None) -> Json:
    """Values of a ClassAd that JSON knows; what is not defined, or an error, is left out."""
    values = ((name, ad.eval(name)) for name in (names or ad.keys()) if name in ad)
    return {name: value for name, value in values if isinstance(value, (bool, int, float, str))}


def _events(request: Json, path: str) -> Iterator[Json]:
    import htcondor2

    if not Path(path).is_file():
        return
    types = {getattr(htcondor2.JobEventType, name) for name in request["types"]}
    with htcondor2.JobEventLog(path) as events:
        for event in events.events(stop_after=0):
            if event.type in types:
                ids = {"ClusterId": event.cluster, "ProcId": event.proc, "event": event.type.name}
                yield {**{name: value for name, value in event.items() if _is_plain(value)}, **ids}


def _is_plain(value: object) -> bool:
    return isinstance(value, (bool, int, float, str))


VERBS: dict[str, Callable[[Json], Json]] = {
    verb.__name__: verb for verb in (submit, query, history, log, remove, machines)
}


def main() -> int:
    """Answer one request; the status is 0 when there is an answer, whatever it says."""
    verb, request = sys.argv[1], json.load(sys.stdin)
    answer: Json
    try:
        answer = {"said": VERBS[verb](request)}
    except Refused as problem:
        answer = {"error": str(problem), "refused": True}
    except Exception as problem:
        answer = {"error": f"{type(problem).__name__}: {problem}", "refused": False}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
