"""What a tick costs over a thousand units, apart from the batch system's own time.

``python benchmarks/tick.py`` prints a Markdown table, one line per moment of a night: seconds of
each step of the tick, status calls, peak memory. ``--profile FILE`` keeps a cProfile of every
moment. The batch system is a stand-in that accepts everything and answers at once, unless
``--slurm`` or ``--htcondor`` is given (``SLURM_CONF`` or ``CONDOR_CONFIG`` names the cluster); its
time is taken out either way and has a column of its own. Two campaigns: ``fits`` (250 light curves,
four models) and the ``toy`` of the tests.

Each moment runs in a process of its own, as under cron, and ticks twice: the second tick has what
the first has read, as in ``make-jobs`` without ``--once``.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # for the toy campaign

from toy_campaign import ToyCampaign, write_candidate  # noqa: E402

from nmma_fitter.config import Config, load_config  # noqa: E402
from nmma_fitter.engine.publish import publish_run  # noqa: E402
from nmma_fitter.make_jobs import Order, Poller, TickReport, make_scheduler  # noqa: E402
from nmma_fitter.schedulers.base import (  # noqa: E402
    Answer,
    BatchRequest,
    JobState,
    JobStatus,
    Resources,
    Scheduler,
)

NIGHT = "2459778-2459785"
SAMPLE = "config/demo/candidates/2460000-2460007/lc_SIM26kilonova_forced1_stacked0.csv"
CONFIG = "[tick]\nsubmit_per_tick = 100000\n[fits.model.TrPi2018]\ntime_limit = 3000\n"
MODELS = 4
STEPS = ("source", "units", "track", "submit", "collect", "deliver", "publish")
MOMENTS = ("new", "pending", "running", "ended")


class StandIn:
    """A batch system that accepts everything and says the same of every job."""

    name = "local"
    largest_batch: int | None = None

    def __init__(self, says: JobState) -> None:
        self._says = JobStatus(says)

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """One id per script."""
        return [f"{batch.token}_{index}" for index in range(len(batch.scripts))]

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """Nothing is cut."""
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        """Say how many."""
        return f"{len(batch.scripts)} jobs"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """The same for every job."""
        return Answer(dict.fromkeys(job_ids, self._says), {}, len(job_ids))

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Nothing."""


class Clocked:
    """A scheduler that counts its calls and their seconds."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.calls: dict[str, int] = {}
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._scheduler, name)
        return self._timed(name, value) if callable(value) else value

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            began = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


class ClockedPoller(Poller):
    """A poller that notes how long each step takes, without the batch system."""

    clocked: Clocked
    steps: dict[str, float]

    @property
    def scheduler(self) -> Scheduler:
        """The clocked one."""
        return self.clocked  # type: ignore[return-value]

    def _step(self, name: str, act: Callable[[], Any], *more: Any) -> Any:
        began, outside = time.perf_counter(), self.clocked.seconds
        try:
            return super()._step(name, act, *more)
        finally:
            own = time.perf_counter() - began - (self.clocked.seconds - outside)
            self.steps[name] = self.steps.get(name, 0.0) + own


def main() -> None:
    """Make a night, and go through its moments."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--campaign", choices=("toy", "fits", "both"), default="both")
    parser.add_argument("--units", type=int, default=1000)
    real = parser.add_mutually_exclusive_group()
    for name in ("slurm", "htcondor"):
        real.add_argument(f"--{name}", dest="real", action="store_const", const=name)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--moment", choices=MOMENTS, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.moment:
        one_moment(chosen)
        return
    print(
        "| campaign | moment | " + " | ".join(STEPS) + " | tick s | CPU s | batch system s |"
        " submits | polls | peak MB |"
    )
    print("|---" * (len(STEPS) + 8) + "|")
    for campaign in ("toy", "fits") if chosen.campaign == "both" else (chosen.campaign,):
        with tempfile.TemporaryDirectory() as folder:
            make_night(Path(folder), campaign, chosen.units)
            one_night(Path(folder), campaign, chosen)


def make_night(root: Path, campaign: str, units: int) -> None:
    """Write the candidates and the configuration."""
    night = root / "candidates" / NIGHT
    night.mkdir(parents=True)
    (root / "my.toml").write_text(CONFIG)
    for number in range(units // (MODELS if campaign == "fits" else 1)):
        if campaign == "toy":
            write_candidate(night, f"toy{number}", seconds=600, beat=5)
            continue
        text = (ROOT / SAMPLE).read_text().replace(",99.0000,99.0000,", ",nan,nan,")
        text = text.replace(".", f".{number:03d}")  # other numbers, another light curve
        text = text.replace("nan,nan", "99.0000,99.0000")
        (night / f"lc_ZTF26a{number:04d}_forced1_stacked0.csv").write_text(text)


def one_night(root: Path, campaign: str, chosen: argparse.Namespace) -> None:
    """Every moment in a process of its own."""
    for moment in MOMENTS[:2] if chosen.real else MOMENTS:
        if moment == "running":
            start_all(root)
        if moment == "ended":
            end_all(root, "done" if campaign == "toy" else "failed")
        more = ["--profile", str(chosen.profile)] if chosen.profile else []
        more += [f"--{chosen.real}"] if chosen.real else []
        command = [sys.executable, __file__, "--moment", moment, "--root", str(root)]
        subprocess.run([*command, "--campaign", campaign, *more], check=True)


def one_moment(chosen: argparse.Namespace) -> None:
    """Two ticks in this process; print a line for each."""
    poller = make_poller(chosen.root, chosen.campaign, chosen.moment, chosen.real)
    for which in ("", ", again"):
        poller.clocked.calls.clear()
        poller.clocked.seconds, poller.steps = 0.0, {}
        began, cpu = time.perf_counter(), time.process_time()
        report = profiled(poller.tick, chosen.profile, f"{chosen.moment}{which}")
        seconds = time.perf_counter() - began - poller.clocked.seconds
        say(chosen, which, poller, (seconds, time.process_time() - cpu), report)
    if chosen.real and chosen.moment == "pending":
        cancel_all(poller)


def profiled(tick: Callable[[], TickReport], path: Path | None, name: str) -> TickReport:
    """A tick, with its profile kept when asked for."""
    if path is None:
        return tick()
    profile = cProfile.Profile()
    report = profile.runcall(tick)
    profile.dump_stats(path.with_name(f"{path.name}-{name.replace(', ', '-')}"))
    return report


def make_poller(root: Path, campaign: str, moment: str, real: str | None) -> ClockedPoller:
    """A poller on the stand-in or on the real thing."""
    config: Config = load_config(root / "my.toml")
    toy = ToyCampaign(config.paths.outdir, root / "starts") if campaign == "toy" else None
    order = Order(night_dir=root / "candidates" / NIGHT)
    poller = ClockedPoller(config, order, campaign=toy)
    for folder in (config.paths.state, config.paths.outdir):
        folder.mkdir(parents=True, exist_ok=True)
    says = {"new": JobState.PENDING, "pending": JobState.PENDING, "running": JobState.RUNNING}
    scheduler: Scheduler = StandIn(says.get(moment, JobState.ENDED_WELL))
    if real:
        table = config.scheduler.model_copy(update={"name": real})
        scheduler = make_scheduler(config.model_copy(update={"scheduler": table}))
    poller.clocked = Clocked(scheduler)
    return poller


def say(
    chosen: argparse.Namespace,
    which: str,
    poller: ClockedPoller,
    seconds: tuple[float, float],
    report: TickReport,
) -> None:
    """One line of the table."""
    calls = poller.clocked.calls
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    states = sorted({need.state.value for need in report.needs})
    words = [
        f"{chosen.campaign}, {len(report.needs)} {'/'.join(states)}",
        chosen.moment + which,
        *(f"{poller.steps.get(step, 0.0):.2f}" for step in STEPS),
        *(f"{value:.2f}" for value in seconds),
        f"{poller.clocked.seconds:.2f}",
        str(calls.get("submit", 0)),
        str(calls.get("poll", 0)),
        f"{peak:.0f}",
    ]
    print("| " + " | ".join(words) + " |", flush=True)


def start_all(root: Path) -> None:
    """What the job scripts of all units do first."""
    for path in root.glob("outdir/*/*/*/unit.json"):
        unit = json.loads(path.read_text())
        run = path.parent / "attempts" / "1-4711-0"
        run.mkdir()
        started = {name: unit[name] for name in ("digest", "generation")}
        write_quickly(run / "started", {**started, "host": "node", "time": 1})
        write_quickly(run / "heartbeat", {"count": 1, "evaluations": 100})
        (run / "log").write_text("a line\n" * 20)


def end_all(root: Path, outcome: str) -> None:
    """What the runs of all units do last."""
    from nmma_fitter.engine.attempt import runs_of
    from nmma_fitter.engine.unit import read_unit

    for path in root.glob("outdir/*/*/*/unit.json"):
        unit = read_unit(path.parent)
        [run] = runs_of(path.parent / "attempts")
        if unit is None:
            continue
        for name in unit.outputs:
            (run.folder / name).write_bytes(bytes(100_000))
        said = {"outcome": outcome, "reason": "bad_input", "final": True}
        write_quickly(run.folder / "outcome.json", said)
        write_quickly(run.folder / "exit", {"code": 0, "time": 2})
        with contextlib.redirect_stdout(io.StringIO()):
            publish_run(unit, runs_of(path.parent / "attempts")[0])


def write_quickly(path: Path, value: dict[str, Any]) -> None:
    """JSON without a sync."""
    path.write_text(json.dumps(value))


def cancel_all(poller: ClockedPoller) -> None:
    """Leave the cluster as it was."""
    from nmma_fitter.engine.ledger import Ledger

    with Ledger(poller.config.paths.state / "ledger.sqlite") as ledger:
        attempts = [ledger.last_attempt(r.unit.digest, r.unit.generation) for r in ledger.units()]
    poller.clocked.cancel([one.job_id for one in attempts if one and one.job_id])


if __name__ == "__main__":
    main()
