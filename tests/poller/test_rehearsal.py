"""``make-jobs --dry-run``: it says what would be done and why, and nothing is changed."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "schedulers"))
from slurm_stand_ins import QUEUE, StandIns

from nmma_fitter.config import load_config
from nmma_fitter.engine.batch import BatchJob, new_batch
from nmma_fitter.engine.rebuild import open_ledger
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.make_jobs import Order, Poller
from nmma_fitter.poller.rehearsal import Plan, Rehearsing, rehearse
from nmma_fitter.schedulers.base import BatchRequest, Resources

A, B = "2459778-2459785", "2459779-2459786"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
CONFIG = '[scheduler]\nslots = 1\n[fits]\nmodels = ["Piro2021"]\n'
CONFIG += "[fits.settings]\nnlive = 4000\n[tick]\nstop_model_after = 3\n"
MAKE_JOBS = str(Path(sys.executable).with_name("make-jobs"))


class Place:
    """An installation of real fits, whose jobs never come to an end here."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "my.toml").write_text(CONFIG)
        self.config = load_config(root / "my.toml")

    def light_curve(self, night: str, name: str, rows: list[str] = ROWS) -> None:
        folder = self.root / "candidates" / night
        folder.mkdir(parents=True, exist_ok=True)
        text = HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(rows))
        (folder / f"lc_{name}_forced1_stacked0.csv").write_text(text)

    def register(self, night: str) -> None:
        """As a tick does it, without a job."""
        for folder in (self.config.paths.state, self.config.paths.outdir):
            folder.mkdir(exist_ok=True)
        poller = Poller(self.config, Order(night_dir=self.root / "candidates" / night))
        with self.ledger() as ledger:
            poller.register(ledger, poller.choice.wanted(poller.campaign))

    def end(self, name: str, state: State, reason: str | None = None, detail: str = "") -> None:
        with self.ledger() as ledger:
            for row in ledger.units():
                if row.unit.object == name:
                    ledger.set_state(row.unit.digest, state, reason, detail, ended=1.0)

    def ledger(self):
        return open_ledger(self.config.paths.state, self.config.paths.outdir)

    def plan(self, night: str, **order) -> dict[str, str]:
        """What would be done about each object."""
        found = rehearse(self.config, Order(night_dir=self.root / "candidates" / night, **order))
        self.last = found
        return {name: outlook for name, _, outlook in found.rows}

    def content(self) -> dict[str, str]:
        """Every file of the installation and its digest."""
        files = [Path(top) / name for top, _, names in os.walk(self.root) for name in names]
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_a_new_candidate_would_be_fitted_and_the_batch_system_is_asked(place):
    place.light_curve(A, "ZTF1")
    place.light_curve(A, "ZTF2", [row.replace("19.", "18.") for row in ROWS])
    assert place.plan(A) == {"ZTF1": "would fit: new", "ZTF2": "would fit: new"}
    [line] = place.last.batches
    assert line.startswith("batch of 2 (ZTF1 Piro2021, ZTF2 Piro2021): ") and "1 at once" in line
    assert place.last.starts == 2


def test_fits_that_would_share_a_job_are_counted_and_named_each(place):
    two = '[fits]\nmodels = ["Me2017", "Piro2021"]\ntogether = ["Me2017", "Piro2021"]\n'
    (place.root / "my.toml").write_text(two)
    place.config = load_config(place.root / "my.toml")
    place.light_curve(A, "ZTF1")
    place.plan(A)
    [line] = place.last.batches
    assert line.startswith("batch of 2 (ZTF1 Me2017, ZTF1 Piro2021): 1 job on this machine")
    assert place.last.starts == 2


def test_it_changes_nothing_and_makes_no_folder(place):
    place.light_curve(A, "ZTF1")
    done = subprocess.run(
        [MAKE_JOBS, "--config", str(place.root / "my.toml"), "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 fit would be started; nothing was changed" in done.stdout
    assert sorted(p.name for p in place.root.iterdir()) == ["candidates", "my.toml"]


def test_it_changes_nothing_of_what_is_there(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.light_curve(A, "ZTF1", ROWS[:2])
    place.light_curve(A, "ZTF2", [row.replace("19.", "18.") for row in ROWS])
    before = place.content()
    place.plan(A, force=True)
    assert place.content() == before


def test_what_a_file_does_not_allow_is_said(place):
    place.light_curve(A, "ZTF1", ROWS[:1])
    assert place.plan(A)["ZTF1"].startswith("skipped: too_few_detections: ")
    assert place.last.batches == [] and place.last.starts == 0


def test_an_unchanged_light_curve_names_its_night(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.end("ZTF1", State.DONE)
    place.light_curve(B, "ZTF1")
    assert place.plan(B) == {"ZTF1": f"unchanged since night {A}: done"}


def test_changed_photometry_names_what_it_supersedes(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.light_curve(A, "ZTF1", ROWS[:2])
    said = "would fit: photometry or settings changed, superseding what is pending since night "
    assert place.plan(A) == {"ZTF1": said + A}
    assert place.last.starts == 1, "the superseded one is not started"


def test_changed_photometry_of_an_ended_fit_is_a_new_one(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.end("ZTF1", State.DONE)
    place.light_curve(B, "ZTF1", ROWS[:2])
    said = f"would fit: photometry or settings changed since night {A}"
    assert place.plan(B) == {"ZTF1": said}


def test_what_failed_says_why_it_is_not_tried_and_how_it_would_be(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.end("ZTF1", State.FAILED, "not_converged", "few points")
    assert place.plan(A) == {
        "ZTF1": f"not tried again: failed in night {A} (not_converged: few points); "
        f"to try: nmma-fitter retry {A} --object ZTF1 --model Piro2021"
    }
    assert place.plan(A, force=True)["ZTF1"].startswith("would fit again: forced; failed in night")


def test_what_goes_on_says_so(place):
    place.light_curve(A, "ZTF1")
    place.register(A)
    place.end("ZTF1", State.RUNNING)
    assert place.plan(A) == {"ZTF1": f"goes on: running since night {A}"}
    place.end("ZTF1", State.PENDING)
    assert place.plan(A) == {"ZTF1": f"would fit: waiting since night {A}"}


def test_a_model_that_would_be_stopped_says_so(place):
    for number in range(3):
        place.light_curve(A, f"ZTF{number}", [r.replace("19.", f"1{number}.") for r in ROWS])
    place.register(A)
    for number in range(3):
        place.end(f"ZTF{number}", State.FAILED, "no_output")
    for number in range(3, 6):
        place.light_curve(B, f"ZTF{number}", [r.replace("19.", f"1{number}.") for r in ROWS])
    plan = place.plan(B)
    assert sum(said.startswith("skipped: unavailable: stopped") for said in plan.values()) == 2
    assert place.last.starts == 1


class Refusing:
    name = "local"
    largest_batch = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    def rehearse(self, batch):
        raise self._error


@pytest.mark.parametrize("kind", [SchedulerError, SchedulerUnknown])
def test_a_refusal_is_in_the_batchs_line(kind, tmp_path):
    plan = Plan(A)
    token = new_batch(tmp_path, "local", (BatchJob("d", 0, 1, str(tmp_path)),)).token
    batch = BatchRequest(token, (tmp_path / "job.sh",), (tmp_path,), Resources())
    with pytest.raises(kind):
        Rehearsing(Refusing(kind("no such partition")), plan, {}, tmp_path).submit(batch)
    assert plan.starts == 0 and "no such partition" in plan.batches[0]


def on_slurm(place: Place, squeue: str, monkeypatch, more: str = "") -> None:
    """Let the installation's batch system be commands that speak like Slurm's."""
    site = StandIns(place.root)
    site.says("squeue", squeue)
    site.says("sbatch", 'case "$*" in *--test-only*) echo fits >&2;; *) echo 7;; esac')
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    text = CONFIG.replace("slots = 1", 'name = "slurm"') + more
    (place.root / "my.toml").write_text(text)


def make_jobs(place: Place, *options: str) -> subprocess.CompletedProcess[str]:
    command = [MAKE_JOBS, "--config", str(place.root / "my.toml"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


def test_near_the_limit_of_the_queue_it_says_what_the_run_then_does(place, monkeypatch):
    others = "".join(f"\nrow {n} RUNNING 0:0 None 0 other ''" for n in (1, 2, 3))
    on_slurm(place, QUEUE + others, monkeypatch, "max_queued = 5\n")
    for number in range(4):
        place.light_curve(A, f"ZTF{number}", [r.replace("19.", f"1{number}.") for r in ROWS])
    said = make_jobs(place, "--dry-run")
    assert "2 fits would be started" in said.stdout, said
    assert "2 units wait for their turn to be submitted" in said.stdout
    said = make_jobs(place, "--once")
    assert "2 units wait for their turn to be submitted" in said.stdout + said.stderr
    with place.ledger() as ledger:
        assert ledger.count(State.SUBMITTED) == 2


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1]])
def test_of_a_batch_system_that_does_not_answer_it_says_what_the_run_says(place, monkeypatch, rows):
    on_slurm(place, "echo slurmctld is away >&2; exit 1", monkeypatch)
    place.light_curve(A, "ZTF1", rows)
    planned, run = make_jobs(place, "--dry-run"), make_jobs(place, "--once")
    no_answer = "the batch system did not answer; nothing is submitted now (squeue: slurmctld is"
    assert no_answer in planned.stdout and no_answer in run.stdout + run.stderr
    assert planned.returncode == (1 if rows is ROWS else 0)  # nothing to start: nothing failed


def test_it_prints_the_blocks_that_slack_would_be_told_and_tells_nobody(tmp_path):
    place = Place(tmp_path)
    with (tmp_path / "my.toml").open("a") as stream:
        stream.write('[slack]\nchannels = ["C0123456789"]\nbase_url = "http://127.0.0.1:1/api/"\n')
    place.light_curve(A, "ZTF1")
    done = subprocess.run(
        [MAKE_JOBS, "--config", tmp_path / "my.toml", "--dry-run"],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Slack would be told of ZTF1:" in done.stdout and '"type": "header"' in done.stdout
