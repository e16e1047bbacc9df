"""A fit that is warned by its batch system goes on where it was: nothing is paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from nmma_fitter.config import load_config
from nmma_fitter.engine.attempt import read_run
from nmma_fitter.engine.render import render, write_script
from nmma_fitter.engine.unit import Unit, prepare_folder
from nmma_fitter.engine.witness import EXIT_REASONS
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.shipped import shipped

pytestmark = pytest.mark.slow  # whole fits; the toys do the same in test_toy_campaign

HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")
CONFIG = """
[fits]
models = ["Piro2021"]
[fits.settings]
sampler = "nested"
nlive = 50
n_effective = 100
"""
EX_INTERRUPTED = 75


class Fit:
    """One unit of a real night, and its job scripts run by a real bash."""

    def __init__(self, root: Path) -> None:
        (root / "my.toml").write_text(CONFIG)
        path = root / "lc_ZTF1_forced1_stacked0.csv"
        path.write_text(HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(ROWS)))
        [want] = FitsCampaign(load_config(root / "my.toml")).wanted("n1", [path])
        assert want.unit is not None
        self.unit: Unit = want.unit
        prepare_folder(self.unit)

    def start(self, number: int, resume_from: Path | None = None) -> subprocess.Popen[bytes]:
        text = render(
            self.unit,
            number,
            templates=shipped("templates"),
            scheduler="local",
            environment={"OMP_NUM_THREADS": "1"},
            resume_from=resume_from,
        )
        script = write_script(self.unit, number, text)
        known = {"NMMA_FITTER_JOB_ID": "7", "NMMA_FITTER_RESTART": "0"}
        return subprocess.Popen(["bash", str(script)], env={**os.environ, **known})

    def run_folder(self, number: int) -> Path:
        return self.unit.attempts / f"{number}-7-0"

    def warned(self, number: int, evaluations: int, resume_from: Path | None = None) -> int:
        """Warn a run as soon as it says that it got so far; returns its exit status."""
        job = self.start(number, resume_from)

        def got_so_far() -> bool:
            assert job.poll() is None
            run = read_run(self.run_folder(number))
            return run is not None and run.evaluations >= evaluations

        wait_until(got_so_far, 120)
        job.send_signal(signal.SIGUSR1)
        return job.wait(timeout=600)

    def result(self) -> dict[str, Any]:
        path = self.unit.folder / "Piro2021_result.json"
        value: dict[str, Any] = json.loads(path.read_text())
        return value


def spent(folder: Path) -> int:
    """Evaluations in a run's checkpoint."""
    import h5py

    with h5py.File(folder / "checkpoint.h5") as file:
        return int(file["sampler"].attrs["n_like"])


@pytest.fixture(scope="module")
def fits(tmp_path_factory) -> Iterator[tuple[Fit, Fit, list[int]]]:
    """The same fit without an interruption, and warned twice; what the warned runs left with."""
    whole, warned = (Fit(tmp_path_factory.mktemp(name)) for name in ("whole", "warned"))
    assert whole.start(1).wait(timeout=600) == 0
    statuses = [
        warned.warned(1, 1),
        warned.warned(2, 1, resume_from=warned.run_folder(1)),
        warned.start(3, resume_from=warned.run_folder(2)).wait(timeout=600),
    ]
    yield whole, warned, statuses


def test_a_warned_fit_leaves_with_a_status_of_its_own_and_is_a_time_out(fits):
    _, warned, statuses = fits
    assert statuses == [EX_INTERRUPTED, EX_INTERRUPTED, 0]
    assert EX_INTERRUPTED not in EXIT_REASONS
    run = read_run(warned.run_folder(1))
    assert (run.outcome["reason"], run.outcome["final"]) == ("timeout", False)
    assert run.exit["signal"] == "USR1"


def test_a_resumed_fit_pays_no_evaluation_twice_and_finds_the_same(fits):
    whole, warned, _ = fits
    one, other = whole.result(), warned.result()
    for name in ("num_likelihood_evaluations", "log_evidence", "log_evidence_err", "posterior"):
        assert other[name] == one[name], name


def test_its_result_says_how_often_it_was_resumed_and_what_was_paid_before(fits):
    whole, warned, _ = fits
    first, second = spent(warned.run_folder(1)), spent(warned.run_folder(2))
    said = warned.result()["meta_data"]["nmma_fitter"]
    assert 0 < first < second < warned.result()["num_likelihood_evaluations"]
    assert (said["resumed"], said["resumes"]) == (True, 2)
    assert said["evaluations_before_resume"] == second
    assert whole.result()["meta_data"]["nmma_fitter"]["resumes"] == 0
    summary = json.loads(warned.unit.fin.read_text())["summary"]
    assert (summary["resumes"], summary["evaluations_before_resume"]) == (2, second)
