"""A small installation whose fits end as a test says, delivered by the engine's own outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nmma_fitter.engine.budget import never
from nmma_fitter.engine.files import canonical_digest, folder_name, write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.night import close_night
from nmma_fitter.engine.outbox import Courier, first_nights, send, set_due
from nmma_fitter.engine.sentinel import publish
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.inference.ranking import NotRanked, Ranked, Ranking
from nmma_fitter.schedulers.base import Resources

PICTURES = ("lightcurves.png", "corner.png")
NIGHT = "2459784-2459791"


class Bench:
    """Nights of an installation, and the couriers that are told.

    Parameters
    ----------
    root : Path
    couriers : callable
        Makes them, anew for each process that a test plays.

    Attributes
    ----------
    now : float
        The poller's clock, which a test sets.
    """

    def __init__(self, root: Path, couriers: Callable[[], Sequence[Courier]]) -> None:
        self.root, self.outdir, self.state = root, root / "outdir", root / "state"
        self.state.mkdir(parents=True)
        self.outdir.mkdir()
        (self.outdir / ".nmma-fitter.json").touch()  # as an installation's
        self._make, self.now = couriers, 1_000_000.0
        self.couriers = list(couriers())
        self.ledger = Ledger(self.state / "ledger.sqlite")
        self._rows: dict[tuple[str, str], list[Ranked]] = {}
        self._known: list[tuple[Unit, State, str]] = []

    def restart(self, *, lose_ledger: bool = False) -> None:
        """Go on as another process, without what the last one had in memory, or on disk."""
        self.ledger.close()
        self.couriers = list(self._make())
        if lose_ledger:
            (self.state / "ledger.sqlite").unlink()
        self.ledger = Ledger(self.state / "ledger.sqlite")
        if lose_ledger:
            for unit, state, detail in self._known:
                self._register(unit, state, detail)

    def fit(
        self,
        obj: str,
        model: str,
        log_z: float | None = None,
        *,
        night: str = NIGHT,
        failed: str = "",
        skipped: str = "",
        detail: str = "",
        log: str = "",
        data: str = "first",
        p_value: float = 0.4,
        pictures: Sequence[str] = PICTURES,
    ) -> Path:
        """A fit that has ended with an evidence or a reason, or else still runs; its run."""
        folder = self.outdir / folder_name(night) / folder_name(obj) / folder_name(model)
        unit = Unit(
            "fits", night, obj, model, canonical_digest([obj, model, data]), 0, folder, ("true",),
            tuple(pictures), Resources(1, 100, 60), {"config.json": {"lightcurve": {"is": data}}},
        )  # fmt: skip
        prepare_folder(unit)
        number = len(list(unit.attempts.iterdir())) + 1
        run = unit.attempts / f"{number}-job{number}-0"
        run.mkdir()
        write_json(run / "started", {"digest": unit.digest, "generation": 0, "attempt": number})
        (run / "log").write_text(log)
        state = State.RUNNING
        if log_z is not None:
            for name in pictures:
                (run / name).write_bytes(f"{name} of {obj} {model} {data}".encode() * 50)
            publish(unit, run, {"outcome": "done", "summary": {"log_z": log_z}})
            rows = self._rows.setdefault((night, obj), [])
            rows[:] = [row for row in rows if row.model != model]
            rows.append(_row(model, log_z, p_value))
            state = State.DONE
        elif failed or skipped:
            state = State.FAILED if failed else State.SKIPPED
        self._known = [one for one in self._known if one[0].folder != folder or one[0] == unit]
        self._known.append((unit, state, f"{failed or skipped}|{detail}"))
        self._register(unit, state, f"{failed or skipped}|{detail}")
        return run

    def bad_file(self, obj: str, detail: str, night: str = NIGHT) -> None:
        """A candidate that cannot be read."""
        self.ledger.open_night(night, self.outdir / night)
        self.ledger.need(night, obj, "*", None, State.FAILED, "bad_input", detail)

    def _register(self, unit: Unit, state: State, why: str) -> None:
        reason, _, detail = why.partition("|")
        self.ledger.open_night(unit.night, self.outdir / folder_name(unit.night))
        if self.ledger.unit(unit.digest) is None:
            self.ledger.add_unit(unit, None)
        self.ledger.need(unit.night, unit.object, unit.task, unit.digest)
        self.ledger.set_state(unit.digest, state, reason or None, detail, ended=1.0)

    def rank(self, obj: str, night: str = NIGHT) -> None:
        """Write the object's product, as the campaign does."""
        rows = sorted(self._rows.get((night, obj), []), key=lambda row: -row.log_z)
        folder = self.outdir / folder_name(night) / folder_name(obj)
        headline = f"{rows[0].model} describes it best" if rows else "no model was fitted"
        others: tuple[NotRanked, ...] = ()
        ranking = Ranking(obj, headline, tuple(rows), others, "data", {})
        (folder / "ranking.json").write_text(ranking.to_json())
        if len(rows) > 1:
            (folder / "comparison.png").write_bytes(f"{obj} {headline}".encode() * 50)

    def close(self, night: str = NIGHT) -> None:
        """Close the night, when all of it has ended."""
        close_night(self.ledger, night)

    def deliver(
        self,
        *objects: str,
        night: str = NIGHT,
        later: float = 0.0,
        enough: Callable[[], bool] = never,
    ) -> list[str]:
        """Tell of objects, and of a night as an empty one; returns what a person should know."""
        self.now += later
        begins = first_nights(self.ledger, self.couriers, self.state)
        for obj in objects:
            set_due(self.ledger, begins, night, obj)
        return send(self.ledger, self.couriers, lambda: self.now, enough)

    def deliver_all(
        self,
        *objects: str,
        rounds: int = 40,
        step: float = 20.0,
        between: Callable[[], None] = lambda: None,
    ) -> list[str]:
        """As `deliver`, tick after tick, until nothing is due any more."""
        notes = self.deliver(*objects)
        while self.due():
            between()
            rounds -= 1
            assert rounds, f"still due: {self.due()}"
            notes += self.deliver(later=step)
        return notes

    def due(self) -> list[Any]:
        """What has yet to be delivered."""
        return [row for courier in self.couriers for row in self.ledger.due(courier.name)]


def fitted(bench: Bench, obj: str = "ZTF22abc", night: str = NIGHT, **more: Any) -> None:
    """Two fits that have ended, and are ranked."""
    bench.fit(obj, "Me2017", -6.7, night=night, **more)
    bench.fit(obj, "Piro2021", -9.1, night=night, **more)
    bench.rank(obj, night)


def _row(model: str, log_z: float, p_value: float) -> Ranked:
    good = p_value >= 0.01
    return Ranked(model, "kilonova", log_z, 0.1, 0.0, 0.1, 0.5, p_value, good, 1.0, 0.1, 2.0, None)
