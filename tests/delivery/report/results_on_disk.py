"""Results as a night leaves them: real fits of a shipped sample, with few live points."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from nmma_fitter.config import load_config
from nmma_fitter.delivery.products import Finished, write_product
from nmma_fitter.delivery.report import (
    refits,
    write_assets,
    write_index,
    write_night_page,
    write_object_page,
)
from nmma_fitter.engine.campaign import Ending, ending_of
from nmma_fitter.engine.files import folder_name, write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.sentinel import publish
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.fits import make_unit, requests_of
from nmma_fitter.nmma_fit import done_outcome, run_fit
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.shipped import shipped

NIGHT, LATER = "2460000-2460007", "2460001-2460008"
NAME = "SIM26kilonova"
SAMPLE = shipped("config", "demo", "candidates", NIGHT, f"lc_{NAME}_forced1_stacked0.csv")
MODELS = ("Me2017", "Piro2021")
QUICK = {"nlive": 50, "n_effective": 100, "sys_error": 0.3}
HOSTILE = (
    "<script>alert(1)</script>",
    "\"quotes\" & 'more'",
    "%2e%2e",
    "two\nlines",
    "x" * 180,
    "</script><img src=x onerror=alert(1)>",
)
LOG = "\x1b[31mTraceback <b>bold</b>\nValueError: </pre><script>alert(2)</script>\n"


def fitted(outdir: Path, model: str) -> Unit:
    """A unit of the sample that has run to its end and has been published."""
    fits = load_config().fits
    (request,) = requests_of(SAMPLE, [model], fits, over=QUICK)
    request = replace(request, notes=("left out 1 row in <b>nothing</b>: row 7",))
    unit = make_unit(request, NIGHT, outdir / NIGHT / NAME / model, Resources())
    prepare_folder(unit)
    attempt = unit.attempts / "1-4711-0"
    attempt.mkdir()
    outcome = done_outcome(request, run_fit(request, attempt), 0)
    (attempt / "log").write_text("done\n")
    times = {"started": 1_790_000_000, "ended": 1_790_000_012}
    publish(unit, attempt, {**outcome, **times, "job_id": "4711", "host": "node<7>"})
    return unit


def finished(endings: Sequence[Ending]) -> list[Finished]:
    """As the campaign gives them to the product."""
    return [
        Finished(
            e.need.task, e.run, e.need.state.value, e.need.reason or "", e.need.detail, e.shown
        )
        for e in endings
    ]


def pages(ledger: Ledger, outdir: Path) -> None:
    """Products and pages of everything the ledger holds."""
    write_assets(outdir)
    for night, revision, closed in ledger.nights():
        folder, needs = outdir / night, ledger.needs(night)
        for name in dict.fromkeys(need.object for need in needs):
            place = folder / folder_name(name)
            own = [ending_of(ledger, need) for need in needs if need.object == name]
            since = NIGHT if night == LATER and name == NAME else None
            place.mkdir(parents=True, exist_ok=True)
            write_product(place, name, finished(own), points_to=since)
            history = refits(ledger.history(name))
            write_object_page(outdir, place, name, night, finished(own), history)
        write_night_page(outdir, folder, night, needs, revision=revision, closed=closed)
    write_index(outdir, ledger.statistics())


def night_of_all_kinds(outdir: Path, state: Path, units: Sequence[Unit]) -> None:
    """Two nights: what was fitted, what failed, is skipped or still runs; names of every kind."""
    with Ledger(state) as ledger:
        for night in (NIGHT, LATER):
            ledger.open_night(night, outdir / night)
            for unit in units:
                if ledger.unit(unit.digest) is None:
                    ledger.add_unit(unit, None)
                    ledger.set_state(unit.digest, State.DONE, ended=1_790_000_012.0, seconds=12.0)
                ledger.need(night, NAME, unit.task, unit.digest)
        ledger.need(NIGHT, NAME, "TrPi2018", None, State.RUNNING)
        for name in HOSTILE:
            failed = outdir / NIGHT / folder_name(name) / "Me2017" / "attempts" / "1-1-0"
            failed.mkdir(parents=True)
            (failed / "log").write_text(LOG)
            why = f"<i>{name}</i> cannot be fitted"
            ledger.need(NIGHT, name, "Me2017", None, State.FAILED, "nonzero_exit", why)
            ledger.need(NIGHT, name, "Piro2021", None, State.SKIPPED, "too_few_detections", why)
        ledger.need(LATER, "broken", "*", None, State.FAILED, "bad_input", "row 3: <b>no</b> date")
        pages(ledger, outdir)


def spoilt(source: Path, outdir: Path, file: str, content: bytes) -> Path:
    """A copy of a site of one object, one file of one of whose runs holds something else."""
    shutil.copytree(source / NIGHT / NAME, outdir / NIGHT / NAME)
    run = outdir / NIGHT / NAME / MODELS[0] / "attempts" / "1-4711-0"
    (run / file).write_bytes(content)
    fits = [
        Finished(m, outdir / NIGHT / NAME / m / "attempts" / "1-4711-0", "done") for m in MODELS
    ]
    write_object_page(outdir, outdir / NIGHT / NAME, NAME, NIGHT, fits)
    return outdir / NIGHT / NAME / "index.html"


def ranking(folder: Path, **changes: object) -> None:
    """A ranking with no model in it, but for what is given."""
    folder.mkdir(parents=True, exist_ok=True)
    value = {"object_name": "a", "headline": "no model was fitted", "ranked": [], "others": []}
    write_json(folder / "ranking.json", value | changes)


class Links(HTMLParser):
    """Everything a page links to or loads."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all += [
            value
            for name, value in attrs
            if name in ("href", "src") and value and not value.startswith(("#", "data:"))
        ]
