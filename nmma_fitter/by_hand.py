"""``nmma-fit``: one object by hand, with the same work folders and sentinels as a night's fits."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile

from filelock import FileLock, Timeout

from nmma_fitter.ctrl_c import EX_CTRL_C, CtrlC
from nmma_fitter.delivery.products import Finished, write_product
from nmma_fitter.earlier_fits import with_earlier
from nmma_fitter.engine.attempt import read_run
from nmma_fitter.engine.files import Json, folder_name, read_json, write_json
from nmma_fitter.engine.publish import publish_run
from nmma_fitter.engine.sentinel import SentinelState, expose, is_exposed, read_sentinel
from nmma_fitter.engine.unit import Unit, prepare_folder, read_unit
from nmma_fitter.errors import BadInput, Interrupted, NmmaFitterError, Unavailable
from nmma_fitter.fit_order import FitOrder, check_order
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fit_watch import Heartbeat, StopFlag
from nmma_fitter.fits import check_names, make_unit, requests_of
from nmma_fitter.inference.ranking import as_table
from nmma_fitter.nmma_fit import done_outcome, outcome_of, run_fit
from nmma_fitter.progress import Bar
from nmma_fitter.run_progress import Progress
from nmma_fitter.schedulers.base import Resources

log = logging.getLogger(__name__)

LOOK_AGAIN = 0.5  # seconds, at whether one was told to stop meanwhile
STOPPING = "Ctrl-C: stopping at the next step. Press it again to end at once."


class EndedAtOnce(Interrupted):
    """A fit in which Ctrl-C was pressed twice; only an earlier checkpoint is there."""

    exit_status = EX_CTRL_C


def fit_by_hand(order: FitOrder, *, force: bool = False) -> int:
    """Fit one object with each model in turn, print the ranking, return the exit status.

    0 when a model was fitted and none failed, 1 when one failed, 2 when none was fitted since the
    input cannot be used, 3 when all were skipped, 75 when it was told to stop and did so at the
    next step, 130 when Ctrl-C was pressed again. What was fitted before a stop is ranked too.
    """
    found = requests_by_hand(order)
    folder = order.outdir.resolve() / folder_name(found[0].object)
    _make_folder(folder, order.outdir)
    stop = StopFlag()
    finished: list[Finished] = []
    with CtrlC(lambda: print(STOPPING, flush=True)):
        stopped, goes_on = _fit_each(found, folder, stop, finished, force=force)
    ranking, kept = None, False
    if finished:
        folder.mkdir(parents=True, exist_ok=True)
        ranked = with_earlier(folder, found, finished)
        kept = (folder / "ranking.json").is_file() and all(one.folder is None for one in ranked)
        if kept:  # a call in which nothing could be fitted takes no earlier answer away
            print("nothing was fitted; ranking.json and its pictures are kept as they were")
        else:
            ranking = write_product(folder, found[0].object, ranked)
        if ranking is not None:
            print(as_table(ranking))
        print(f"results: {folder}")
    if goes_on:
        print(goes_on)
    return stopped or _status(finished, kept or ranking is not None)


def _make_folder(folder: Path, outdir: Path) -> None:
    """Make an object's folder, in which there must be room for results."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = (error.strerror or "cannot be written to").lower()
        raise BadInput(f"--outdir {outdir}: {why}; choose another") from None


def _fit_each(
    found: Sequence[FitRequest],
    folder: Path,
    stop: StopFlag,
    finished: list[Finished],
    *,
    force: bool,
) -> tuple[int, str]:
    """Fit until all are finished; after a stop, the exit status and what the same command does."""
    for request in found:
        try:
            finished.append(_fit_one(request, folder / request.model, stop, force=force))
        except Interrupted as stopped:
            return stopped.exit_status, _what_goes_on(request.model, stopped.resumes)
        if stop() and len(finished) < len(found):
            rest = f"Stopped after {request.model}; the same command goes on with the rest."
            return Interrupted.exit_status, rest
    return 0, ""


def _status(finished: Sequence[Finished], ranked: bool) -> int:
    if all(one.state == "failed" and one.reason == BadInput.reason for one in finished):
        return BadInput.exit_status
    if any(one.state == "failed" for one in finished) or not ranked:
        return 1
    return Unavailable.exit_status if all(one.state == "skipped" for one in finished) else 0


def _what_goes_on(model: str, resumes: bool) -> str:
    """What the same command will do after a stop in the middle of a fit."""
    if resumes:
        return f"Stopped. The same command resumes {model} from its checkpoint."
    return f"Stopped before {model} had a checkpoint: the same command starts it again."


def requests_by_hand(order: FitOrder) -> list[FitRequest]:
    """The fits that were asked for, not yet checked."""
    fits, wanted = check_order(order)
    return requests_of(
        order.lightcurve,
        wanted,
        fits,
        name=order.object_name,
        over=order.over,
        priors=order.priors,
        cores=order.cores,
        jet=order.jet,
    )


def _fit_one(request: FitRequest, folder: Path, stop: StopFlag, *, force: bool) -> Finished:
    """Fit one model, or take the result that is there."""
    try:
        request.check(fewest=1)
        check_names(request.model, request.settings, request.priors, request.priors_from)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(request.model, folder, stop):
            unit = _unit(request, folder, force=force)
            state, proof = read_sentinel(unit)
            if state is not SentinelState.VALID or proof.get("outcome") != "done":
                _run(request, unit, stop)
                return Finished(request.model, folder, "done")
            if not is_exposed(unit):  # other settings were fitted here in between
                expose(unit, proof)
            log.info("%s: fitted already with these settings; --force fits again", request.model)
    except Interrupted:
        raise
    except NmmaFitterError as error:
        log.error("%s: %s: %s", request.model, error.reason, error)
        kind = "skipped" if error.exit_status == 3 else "failed"
        return Finished(request.model, None, kind, error.reason, str(error))
    return Finished(request.model, folder, "done")


@contextmanager
def _alone(model: str, folder: Path, stop: StopFlag) -> Iterator[None]:
    """Have a model's folder to oneself; another nmma-fit in it is waited for."""
    lock = FileLock(folder / ".lock", fallback_to_soft=False)
    waiting = False
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOOK_AGAIN * waiting)
        except NotImplementedError:  # a file system without locks: no worse than before
            break
        except Timeout:
            if not waiting:
                log.info("%s: another nmma-fit is fitting it in %s; waiting", model, folder)
            if stop():
                raise Interrupted("stopped while another nmma-fit was fitting it") from None
            waiting = True
    try:
        yield
    finally:
        lock.release()


def _unit(request: FitRequest, folder: Path, *, force: bool) -> Unit:
    known = read_unit(folder)
    generation = known.generation if known and known.digest == request.digest else 0
    resources = Resources(cores=request.cores)
    unit = make_unit(request, "by hand", folder, resources, generation + (1 if force else 0))
    prepare_folder(unit)
    return unit


def _run(request: FitRequest, unit: Unit, stop: StopFlag) -> None:
    attempt = _attempt_folder(unit)
    started = {"digest": unit.digest, "generation": unit.generation, "host": socket.gethostname()}
    write_json(attempt / "started", {**started, "pid": os.getpid(), "time": int(time.time())})
    heartbeat = Heartbeat(attempt)
    with log_to(attempt / "log"), Bar(f"{request.object} {request.model}") as bar:

        def progress(now: Progress) -> None:
            heartbeat(now)
            bar.show(now)

        try:
            fitted = run_fit(
                request,
                attempt,
                generation=unit.generation,
                should_stop=stop,
                on_progress=progress,
            )
        except NmmaFitterError as error:
            write_json(attempt / "outcome.json", outcome_of(error))
            raise
        except KeyboardInterrupt:
            ended = EndedAtOnce("ended at once by Ctrl-C", attempt / "checkpoint.h5")
            write_json(attempt / "outcome.json", outcome_of(ended))
            raise ended from None
    write_json(attempt / "outcome.json", done_outcome(request, fitted, unit.generation))
    write_json(attempt / "exit", {"code": 0, "signal": "", "time": int(time.time())})
    run = read_run(attempt)
    assert run is not None
    with redirect_stdout(StringIO()):  # what it says is for a job's log
        published = publish_run(unit, run)
    if published != 0:
        raise BadInput(f"{attempt}: the fit's outputs are not whole; look at the disk, fit again")


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Keep what is logged meanwhile in a file too."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _attempt_folder(unit: Unit) -> Path:
    """A new folder for this run; a checkpoint of an earlier one that was stopped is taken over."""
    numbers = [int(p.name.split("-")[0]) for p in unit.attempts.glob("[0-9]*-hand-*")]
    number = max(numbers, default=0) + 1
    attempt = unit.attempts / f"{number}-hand-0"
    attempt.mkdir()
    left = [unit.attempts / f"{n}-hand-0" / "checkpoint.h5" for n in sorted(numbers, reverse=True)]
    for checkpoint in left:
        started = read_json(checkpoint.parent / "started") or {}
        same = started.get("digest") == unit.digest
        if checkpoint.is_file() and same and _is_over(checkpoint.parent, started):
            checkpoint.rename(attempt / "checkpoint.h5")
            break
    return attempt


def _is_over(attempt: Path, started: Json) -> bool:
    """Whether a run has ended: it says so, or its process on this machine is gone."""
    if (attempt / "outcome.json").is_file():
        return True
    if started.get("host") != socket.gethostname():
        return False
    try:
        os.kill(int(started["pid"]), 0)
    except ProcessLookupError:
        return True
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return False
    return False
