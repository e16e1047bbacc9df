"""What pages and `status` say after an order, and of an object's fits in other nights."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_until

A, B = "2459778-2459785", "2459779-2459786"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
# Slow enough that nobody sees its end, and without an end of its own.
CONFIG = '[scheduler]\nslots = 1\n[fits]\nmodels = ["Piro2021"]\n'
CONFIG += '[fits.settings]\nsampler = "nested"\nnlive = 20000\n'


class Place:
    """An installation whose fits take hours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "my.toml").write_text(CONFIG)

    def light_curve(self, night: str, rows: list[str], header: str = "jd") -> None:
        folder = self.root / "candidates" / night
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f",{header},mag,mag_unc,filter,limmag,programid"]
        lines += [f"{number},{row}" for number, row in enumerate(rows)]
        (folder / "lc_ZTF1_forced1_stacked0.csv").write_text("\n".join(lines) + "\n")

    def call(self, command: str, *words: str, status: int = 0) -> str:
        done = self.run(command, *words)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name(command)
        words = (*words, "--config", str(self.root / "my.toml"))
        return subprocess.run([program, *words], capture_output=True, text=True, timeout=600)

    def tick(self, night: str) -> None:
        self.call("make-jobs", "--once", "--data-dir", str(self.root / "candidates" / night))

    def status(self) -> str:
        return self.call("nmma-fitter", "status")

    def page(self, night: str) -> str:
        """An object's page, as a person reads it."""
        text = (self.root / "outdir" / night / "ZTF1" / "index.html").read_text()
        return " ".join(re.sub(r"<[^>]+>|[…✓✗]", " ", html.unescape(text)).split())

    def until_it_runs(self) -> None:
        runs = self.root / "outdir"
        wait_until(lambda: [*runs.glob("*/ZTF1/Piro2021/attempts/*/started")])


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.run("nmma-fitter", "cancel", "2", "--yes")


def test_what_was_cancelled_and_wanted_again_is_shown_as_that_at_once(place):
    place.light_curve(A, ROWS)
    place.tick(A)
    place.until_it_runs()
    place.tick(A)
    assert "1 running" in place.status() and "Piro2021 running" in place.page(A)
    place.call("nmma-fitter", "cancel", A, "--yes")
    said = place.status()
    assert "1 failed" in said and "cancelled: by " in said and "running" not in said
    assert "nmma-fitter cancel" in said.splitlines()[0], "the tick itself is older"
    assert f"{A} (closed, revision 1)" in said
    assert "Failed: Piro2021 (cancelled)" in place.page(A)
    fin = json.loads((place.root / "outdir" / A / f"{A}.fin").read_text())
    assert fin["counts"] == {"failed": 1}
    place.call("nmma-fitter", "retry", A)
    said = place.status()
    assert "1 pending" in said and f"{A} (open)" in said
    assert "Not ended yet: Piro2021" in place.page(A) and "Failed:" not in place.page(A)
    assert not (place.root / "outdir" / A / f"{A}.fin").exists()
    place.tick(A)
    assert "nmma-fitter retry" not in place.status()


def test_a_later_nights_page_says_how_the_fit_of_an_earlier_one_has_ended(place):
    place.light_curve(A, ROWS[:2])
    place.tick(A)
    place.light_curve(B, ROWS)
    place.tick(B)
    fits = place.page(B).partition("Every fit of this object")[2]
    assert f"{B} Piro2021 running" in fits and f"{A} Piro2021 running" in fits
    place.call("nmma-fitter", "cancel", A, "--yes")
    fits = place.page(B).partition("Every fit of this object")[2]
    assert f"{B} Piro2021 running" in fits and f"{A} Piro2021 failed cancelled" in fits


def test_a_light_curve_without_a_fit_is_not_said_to_be_unreadable(place):
    place.light_curve(A, ROWS[:1])
    place.tick(A)
    page = place.page(A)
    assert "too_few_detections" in page and "because no model was fitted" in page
    place.light_curve(A, ROWS, header="when")
    place.tick(A)
    assert "The light curve cannot be read" in place.page(A)


def test_a_light_curve_that_an_earlier_night_is_fitting_is_shown(place):
    place.light_curve(A, ROWS)
    place.tick(A)
    place.light_curve(B, ROWS)
    place.tick(B)
    page = (place.root / "outdir" / B / "ZTF1" / "index.html").read_text()
    assert 'id="chart-data"' in page
