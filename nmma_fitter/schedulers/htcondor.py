"""Submits job scripts to HTCondor as clusters, and tells from its queue what became of them."""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources
from nmma_fitter.schedulers.batch_checks import TOKEN, check_batch
from nmma_fitter.schedulers.batch_folders import prepare, prune
from nmma_fitter.schedulers.htcondor_pool import Pool, job_environment
from nmma_fitter.schedulers.htcondor_script import WRAPPER, wrapper
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings
from nmma_fitter.schedulers.htcondor_states import (
    ATTRIBUTES,
    EVENTS,
    FACTORY,
    NOT_YET,
    OF_CLUSTER,
    ads_of_events,
    not_materialized,
    removed_unmade,
    status_of,
)
from nmma_fitter.schedulers.htcondor_submit import LOG, description
from nmma_fitter.schedulers.settings import checked

JOB_ID = re.compile(r"([1-9]\d{0,17})\.(\d{1,9})")
CLUSTER = "cluster"  # the file in a batch's folder that names its cluster
_OURS = "isString(NMMAFitterBatch)"
_LOOK_BACK_SECONDS = 30 * 86400
_MOST_OF_HISTORY = 100000

Ads = dict[str, dict[str, Any]]


class HTCondorScheduler:
    """The scheduler ``htcondor``.

    Parameters
    ----------
    state : Path
        Folder for its own files, one folder per batch below it; with ``files = "shared"`` on a
        file system that the nodes share.
    **settings
        As `HTCondorSettings`.

    Raises
    ------
    ConfigError
        A setting is unknown or out of range, or HTCondor's bindings are not installed.

    Notes
    -----
    Ended jobs stay in the queue for a while, so that one question to the schedd tells of all. What
    has left it is looked up in the batch's own event log and then in the schedd's history; ABSENT
    means that none of the three knows it. When the history does not answer it is UNKNOWN.
    """

    name = "htcondor"

    def __init__(self, state: Path, **settings: Any) -> None:
        self._settings = checked("htcondor", HTCondorSettings, settings)
        self._root = Path(state).absolute()
        self._pool = Pool(self._settings)
        self._tokens: dict[int, str] = {}

    @property
    def largest_batch(self) -> int | None:
        """None: a pool may have a limit of jobs, which it tells when it is passed."""
        return None

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Submit a batch as one cluster; see `base.Scheduler`."""
        folder = self._root / batch.token
        commands, items = self._description(batch, folder)
        prepare(folder / WRAPPER, wrapper(batch, self._settings, job_environment(os.environ)))
        said = self._pool.ask("submit", commands=commands, items=items)
        if said["count"] != len(items):
            raise SchedulerUnknown(
                f"batch {batch.token}: cluster {said['cluster']} has {said['count']} jobs, "
                f"not {len(items)}"
            )
        self._note_cluster(batch.token, int(said["cluster"]))
        return [f"{said['cluster']}.{said['first'] + index}" for index in range(len(items))]

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """Nothing is cut; see `base.Scheduler`."""
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        """Check the description, and count the machines that could run it; see `base.Scheduler`.

        None is no refusal: a pool may grow when there is work.
        """
        self._description(batch, self._root / batch.token)
        asked = batch.resources
        fits = f"TotalSlotCpus >= {asked.cores} && TotalSlotMemory >= {asked.memory_mb}"
        said = self._pool.ask("machines", constraint=fits)
        return (
            f"{len(batch.scripts)} jobs of {asked.cores} cores, {asked.memory_mb} MB; "
            f"{said['fit']} of the pool's {said['all']} machines are large enough"
        )

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """Ask the queue, and about what has left it log and history; see `base.Scheduler`."""
        wanted = [job_id for job_id in dict.fromkeys(job_ids) if JOB_ID.fullmatch(job_id)]
        named = [token for token in dict.fromkeys(tokens) if TOKEN.fullmatch(token)]
        statuses = dict.fromkeys(job_ids, JobStatus(JobState.ABSENT, detail="no id of HTCondor's"))
        try:
            ads = self._queue()
        except SchedulerError as error:
            unknown = JobStatus(JobState.UNKNOWN, detail=str(error))
            return Answer({**statuses, **dict.fromkeys(wanted, unknown)}, None, problem=str(error))
        queued = sum(ad.get("JobStatus") not in (3, 4) for ad in ads.values())
        silent = self._complete(ads, wanted, named)
        found = _by_token(ads.values(), named)
        for token, ids in found.items():
            self._note_cluster(token, int(ids[min(ids)].partition(".")[0]))
        for job_id in (*wanted, *(one for ids in found.values() for one in ids.values())):
            statuses[job_id] = self._status(ads.get(job_id), silent)
        unfound = silent and len(found) < len(named)
        return Answer(statuses, None if unfound else found, queued, silent)

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Ask for these jobs to end; see `base.Scheduler`."""
        ids = [job_id for job_id in dict.fromkeys(job_ids) if JOB_ID.fullmatch(job_id)]
        if not ids:
            return
        try:
            whole = _all_later(self._queue(), ids)
            self._pool.ask("remove", constraint=f"{_these(ids)}{whole}")
        except SchedulerUnknown:
            raise
        except SchedulerError as error:
            raise SchedulerUnknown(str(error)) from error

    def prune(self, older_than_days: float) -> Sequence[str]:
        """Remove the folders of batches in which nothing changed for that long."""
        return prune(self._root, older_than_days)

    def _description(
        self, batch: BatchRequest, folder: Path
    ) -> tuple[dict[str, str], list[dict[str, str]]]:
        check_batch(batch)
        try:
            return description(batch, self._settings, folder)
        except (ValueError, OSError) as error:
            raise SchedulerError(f"batch {batch.token}: {error}") from error

    def _queue(self) -> Ads:
        said = self._pool.ask("query", constraint=_OURS, projection=[*ATTRIBUTES, *FACTORY])
        jobs = [ad for ad in said["jobs"] if ad.get("ProcId", OF_CLUSTER) != OF_CLUSTER]
        clusters = [ad for ad in said["jobs"] if ad.get("ProcId", OF_CLUSTER) == OF_CLUSTER]
        later = [ad for cluster in clusters for ad in not_materialized(cluster)]
        return _by_id([*later, *jobs])

    def _complete(self, ads: Ads, wanted: Sequence[str], named: Sequence[str]) -> str:
        """Add what log and history know of the jobs missing; why there may be more, or ""."""
        missing = [job_id for job_id in wanted if job_id not in ads]
        unfound = [token for token in named if token not in _by_token(ads.values(), named)]
        try:
            if missing or unfound:
                _add(ads, self._logs(missing, unfound))
            missing = [job_id for job_id in wanted if "JobStatus" not in ads.get(job_id, {})]
            unfound = [token for token in named if token not in _by_token(ads.values(), named)]
            if self._settings.history and (missing or unfound):
                _add(ads, self._history(missing, unfound))
        except SchedulerError as error:
            return str(error)
        return ""

    def _logs(self, job_ids: Sequence[str], tokens: Sequence[str]) -> Ads:
        clusters = {int(job_id.partition(".")[0]) for job_id in job_ids}
        if clusters - self._tokens.keys():
            self._read_clusters()
        known = {self._tokens[number] for number in clusters if number in self._tokens}
        logs = {token: self._root / token / LOG for token in sorted({*known, *tokens})}
        there = {token: str(path) for token, path in logs.items() if path.is_file()}
        if not there:
            return {}
        said = self._pool.ask("log", logs=there, types=EVENTS)
        ads: Ads = {}
        for token, events in said["events"].items():
            ads |= ads_of_events(events, token)
        gone = {ad["ClusterId"]: ad for ad in ads.values() if ad["ProcId"] == OF_CLUSTER}
        ads = {job_id: ad for job_id, ad in ads.items() if ad["ProcId"] != OF_CLUSTER}
        for job_id in job_ids:
            cluster = gone.get(int(job_id.partition(".")[0]))
            if cluster is not None and job_id not in ads:
                ads[job_id] = removed_unmade(job_id, cluster["NMMAFitterBatch"])
        return ads

    def _history(self, job_ids: Sequence[str], tokens: Sequence[str]) -> Ads:
        texts = ", ".join(f'"{token}"' for token in tokens)
        named = [f"member(NMMAFitterBatch, {{{texts}}})"] if tokens else []
        parts = [*([_these(job_ids)] if job_ids else []), *named]
        said = self._pool.ask(
            "history",
            constraint=f"{_OURS} && ({' || '.join(parts)})",
            projection=list(ATTRIBUTES),
            match=_MOST_OF_HISTORY if tokens else len(job_ids),
            since=f"EnteredCurrentStatus < {int(time.time()) - _LOOK_BACK_SECONDS}",
        )
        return _by_id(said["jobs"])

    def _status(self, ad: Mapping[str, Any] | None, silent: str) -> JobStatus:
        if ad is not None and "JobStatus" in ad:
            return status_of(ad, self._settings.hold_tries)
        token = ad.get("NMMAFitterBatch") if ad else None
        if silent:
            return JobStatus(JobState.UNKNOWN, detail=silent, token=token)
        detail = "not in the queue; nothing tells of its end"
        return JobStatus(JobState.ABSENT, detail=detail, token=token)

    def _note_cluster(self, token: str, number: int) -> None:
        """Keep which log tells of a cluster; without it the history has to."""
        if self._tokens.setdefault(number, token) != token:
            return
        path = self._root / token / CLUSTER
        try:
            if path.parent.is_dir() and not path.exists():
                path.write_text(f"{number}\n")
        except OSError:
            return

    def _read_clusters(self) -> None:
        for path in self._root.glob(f"*/{CLUSTER}"):
            text = path.read_text().strip()
            if text.isdigit():
                self._tokens.setdefault(int(text), path.parent.name)


def _these(job_ids: Iterable[str]) -> str:
    """A constraint that holds for these jobs."""
    procs: dict[str, list[str]] = defaultdict(list)
    for job_id in job_ids:
        cluster, _, proc = job_id.partition(".")
        procs[cluster].append(proc)
    each = (f"(ClusterId == {c} && member(ProcId, {{{', '.join(p)}}}))" for c, p in procs.items())
    return f"({' || '.join(each)})"


def _all_later(ads: Ads, job_ids: Sequence[str]) -> str:
    """More of a constraint, for clusters whose jobs to come are all among these.

    A job that is yet to be materialized has no ad to remove; one of which others are wanted is
    removed when it is there.
    """
    later: dict[int, set[str]] = defaultdict(set)
    for job_id, ad in ads.items():
        if ad.get(NOT_YET):
            later[ad["ClusterId"]].add(job_id)
    whole = [str(cluster) for cluster, ids in later.items() if ids <= set(job_ids)]
    among = f"member(ClusterId, {{{', '.join(whole)}}})"
    return f" || (ProcId =?= undefined && {among})" if whole else ""


def _add(ads: Ads, more: Ads) -> None:
    """Complete what the queue says by what others say of the jobs that it does not know."""
    for job_id, ad in more.items():
        if "JobStatus" not in ads.get(job_id, {}):
            ads[job_id] = ad


def _by_id(ads: Iterable[dict[str, Any]]) -> Ads:
    return {f"{ad['ClusterId']}.{ad['ProcId']}": ad for ad in ads if "ClusterId" in ad}


def _by_token(ads: Iterable[Mapping[str, Any]], tokens: Sequence[str]) -> dict[str, dict[int, str]]:
    """Ids of these batches by index; of two clusters of one token, the one submitted first."""
    wanted = set(tokens)
    found: dict[str, dict[int, str]] = {}
    for ad in sorted(ads, key=lambda ad: (ad["ClusterId"], ad["ProcId"])):
        token = ad.get("NMMAFitterBatch")
        if token in wanted:
            index = ad.get("NMMAFitterUnit", ad["ProcId"])
            found.setdefault(token, {}).setdefault(index, f"{ad['ClusterId']}.{ad['ProcId']}")
    return found
