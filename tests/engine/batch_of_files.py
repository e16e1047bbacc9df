"""A batch system made of files, which does on demand what real ones do on bad days.

It keeps to the `Scheduler` protocol. Jobs are JSON files, runs are attempt folders with the
records a job script writes, and a run that ends well publishes by the real `publish_run`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nmma_fitter.engine.attempt import read_run
from nmma_fitter.engine.files import read_json, write_json
from nmma_fitter.engine.publish import publish_run
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit
from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources

FIELD = re.compile(r"^(digest|generation|number)=(\S+)$", re.MULTILINE)


@dataclass
class BatchOfFiles:
    """One cluster.

    Attributes
    ----------
    root : Path
    answers : bool
        Whether a poll gets an answer.
    next_submit : str
        ``accept``, ``refuse``, ``lose`` (accepted, answer lost), ``lose-late`` (the same, but in
        the queue only when the controller wakes), ``drop`` (no answer, never accepted),
        ``full`` (a limit on the number of jobs).
    """

    root: Path
    name: str = "local"
    answers: bool = True
    next_submit: str = "accept"
    submitted: list[tuple[str, int, int]] = field(default_factory=list)
    refits: list[str] = field(default_factory=list)

    # The protocol

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        how, self.next_submit = self.next_submit, "accept"
        if how == "full":
            raise SchedulerFull("QOSMaxSubmitJobPerUserLimit")
        if how == "refuse":
            raise SchedulerError("invalid partition")
        if how == "drop":
            raise SchedulerUnknown("socket timed out")
        ids = []
        for index, (script, folder) in enumerate(zip(batch.scripts, batch.folders, strict=True)):
            job_id = f"{batch.token}_{index}"
            said = dict(FIELD.findall(script.read_text()))
            key = (said["digest"], int(said["generation"]), int(said["number"]))
            self._note(key, folder)
            state = "limbo" if how == "lose-late" else "pending"
            job = {"state": state, "folder": str(folder), "token": batch.token, "index": index}
            job |= {"digest": key[0], "generation": key[1], "number": key[2], "starts": 0}
            job["order"] = len(self.submitted)
            self._write(job_id, job)
            ids.append(job_id)
        if how.startswith("lose"):
            raise SchedulerUnknown("socket timed out on send/recv operation")
        return ids

    def _note(self, key: tuple[str, int, int], folder: Path) -> None:
        assert key not in self.submitted, f"{key} is handed over a second time"
        self.submitted.append(key)
        unit = read_unit(folder)
        assert unit is not None
        assert (unit.digest, unit.generation) == key[:2], "unit.json is not about this job"
        if read_sentinel(unit)[0] is SentinelState.VALID:
            self.refits.append(unit.key)

    largest_batch: int | None = None

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        return f"{len(batch.scripts)} jobs"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        if not self.answers:
            return Answer(dict.fromkeys(job_ids, JobStatus(JobState.UNKNOWN)), None)
        jobs = self.jobs()
        found: dict[str, dict[int, str]] = {}
        for job_id, job in jobs.items():
            if job["token"] in tokens and job["state"] not in ("limbo", "forgotten"):
                found.setdefault(job["token"], {})[job["index"]] = job_id
        ids = [*job_ids, *(job_id for ids in found.values() for job_id in ids.values())]
        queued = sum(job["state"] in ("pending", "running", "held") for job in jobs.values())
        return Answer({i: _status(jobs.get(i)) for i in ids}, found, queued)

    def cancel(self, job_ids: Sequence[str]) -> None:
        if not self.answers:
            raise SchedulerUnknown("cannot reach the controller")
        for job_id in job_ids:
            job = self.jobs().get(job_id)
            if job and job["state"] in ("pending", "running", "held"):
                self.end(job_id, "ended badly", "cancelled", runs_die=True)

    # What happens on the nodes

    def jobs(self, *states: str) -> dict[str, dict[str, Any]]:
        """Jobs by id in these states, the oldest first."""
        every = {path.stem: json.loads(path.read_text()) for path in self.root.glob("*")}
        chosen = {k: v for k, v in every.items() if not states or v["state"] in states}
        return dict(sorted(chosen.items(), key=lambda item: item[1]["order"]))

    def live_runs(self) -> list[Path]:
        """Folders of runs that are still computing, whatever the queue says."""
        runs = [
            Path(job["folder"]) / "attempts" / f"{job['number']}-{job_id}-{restart}"
            for job_id, job in self.jobs().items()
            for restart in range(job["starts"])
        ]
        return [run for run in runs if (run / "alive").exists()]

    def wake(self) -> None:
        """Let the controller put in the queue what it accepted while it was paused."""
        for job_id, job in self.jobs("limbo").items():
            self._write(job_id, {**job, "state": "pending"})

    def start(self, job_id: str) -> Path:
        """Start a job, or a copy of it: what the job script does first."""
        job = self.jobs()[job_id]
        run = Path(job["folder"]) / "attempts" / f"{job['number']}-{job_id}-{job['starts']}"
        run.mkdir()
        write_json(run / "started", {"digest": job["digest"], "generation": job["generation"]})
        (run / "alive").touch()
        self._write(job_id, {**job, "state": "running", "starts": job["starts"] + 1})
        return run

    def beat(self, run: Path, evaluations: int) -> None:
        """Let a run say how far it is, and leave a checkpoint."""
        count = (read_json(run / "heartbeat") or {}).get("count", 0) + 1
        write_json(run / "heartbeat", {"count": count, "evaluations": evaluations})
        (run / "checkpoint.h5").write_text(str(evaluations))

    def finish(self, run: Path, how: str) -> int:
        """Let a run end by itself: ``done``, ``silent``, ``failed`` or ``final``."""
        outcomes: dict[str, dict[str, Any] | None] = {
            "done": {"outcome": "done"},
            "silent": None,
            "failed": {"outcome": "failed", "reason": "nonzero_exit", "final": False},
            "final": {"outcome": "failed", "reason": "bad_input", "final": True},
        }
        if how == "done":
            (run / "out.txt").write_text(run.name)
        if outcomes[how] is not None:
            write_json(run / "outcome.json", outcomes[how] or {})
        code = 0 if how in ("done", "silent") else 1
        write_json(run / "exit", {"code": code, "signal": "", "time": 2})
        published = self.publish(run)
        (run / "alive").unlink()
        code = code or published
        job_id = run.name.split("-", 1)[1].rsplit("-", 1)[0]
        last = run.name.endswith(f"-{self.jobs()[job_id]['starts'] - 1}")
        if last and self.jobs()[job_id]["state"] == "running":
            self.end(job_id, "ended badly" if code else "ended well", "nonzero_exit", code=code)
        return code

    def publish(self, run: Path) -> int:
        """The last act of a run."""
        unit, record = read_unit(run.parents[1]), read_run(run)
        assert unit is not None and record is not None
        return publish_run(unit, record)

    def end(
        self, job_id: str, state: str, reason: str, *, code: int = 1, runs_die: bool = False
    ) -> None:
        """Let the batch system say that a job has ended, or forget it."""
        job = self.jobs()[job_id]
        self._write(job_id, {**job, "state": state, "reason": reason, "code": code})
        if runs_die:
            for run in self.live_runs():
                if f"-{job_id}-" in run.name:
                    (run / "alive").unlink()

    def _write(self, job_id: str, job: dict[str, Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / f"{job_id}.json").write_text(json.dumps(job))


def _status(job: dict[str, Any] | None) -> JobStatus:
    if job is None or job["state"] in ("limbo", "forgotten"):
        return JobStatus(JobState.ABSENT)
    state = JobState(job["state"])
    if state is JobState.ENDED_BADLY:
        return JobStatus(state, job["reason"], job["reason"], job["code"])
    return JobStatus(state, exit_code=0 if state is JobState.ENDED_WELL else None)
