"""One installation to be mistreated, and beside it what the poller knows nothing of."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toy_campaign import ToyCampaign, write_candidate

from nmma_fitter.config import Config, load_config
from nmma_fitter.engine.unit import Unit
from nmma_fitter.make_jobs import Order, Poller

CONFIG = """\
[tick]
grace = {grace}
submit_grace = {submit_grace}
max_attempts = 200
stop_model_after = 1000
[scheduler]
name = "{scheduler}"
{more}
"""
BLIND = ("adoption", "sentinel")  # controls that are found out the sooner the less is waited


@dataclass(frozen=True)
class Bed:
    """On what an installation runs.

    Attributes
    ----------
    scheduler : str
    more : str
        Further lines of the table ``[scheduler]``.
    grace, submit_grace : float
        Seconds; `submit_grace` is longer than what a submit may take to be accepted.
    calls : tuple of str
        Programs around which the caller may be killed.
    environment : mapping
        What the clients of the batch system need.
    """

    scheduler: str = "local"
    more: str = "slots = 4"
    grace: float = 1.0
    submit_grace: float = 1.0
    calls: tuple[str, ...] = ("dispatcher",)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Installation:
    """An installation in ``base/site``; starts, calls and events are noted in ``base/outside``."""

    base: Path
    bed: Bed = Bed()
    control: str | None = None

    def __post_init__(self) -> None:
        for folder in (self.site, self.outside):
            folder.mkdir(parents=True, exist_ok=True)
        blind = self.control == "adoption"
        text = CONFIG.format(
            grace=0 if self.control in BLIND else self.bed.grace,
            submit_grace=0 if blind else self.bed.submit_grace,
            scheduler=self.bed.scheduler,
            more=self.bed.more,
        )
        self.config_file.write_text(text)

    @property
    def site(self) -> Path:
        """All that belongs to the project."""
        return self.base / "site"

    @property
    def outside(self) -> Path:
        """What only the harness reads and writes."""
        return self.base / "outside"

    @property
    def config_file(self) -> Path:
        """The installation's configuration."""
        return self.site / "my.toml"

    @property
    def starts(self) -> Path:
        """Where every job notes that it began."""
        return self.outside / "starts"

    @property
    def config(self) -> Config:
        """The configuration, read anew."""
        return load_config(self.config_file)

    @property
    def campaign(self) -> ToyCampaign:
        """The kind of work."""
        return ToyCampaign(self.site / "outdir", self.starts)

    def poller(self, night: str) -> Poller:
        """The real poller, on one night."""
        order = Order(night_dir=self.site / "candidates" / night)
        return Poller(self.config, order, campaign=self.campaign)

    def add_units(self, night: str, count: int, prefix: str = "o", **settings: object) -> None:
        """Put candidates into a night."""
        for number in range(count):
            write_candidate(self.site / "candidates" / night, f"{prefix}{number:04d}", **settings)

    def add_mixture(
        self, night: str, count: int, prefix: str, dice: random.Random, seconds: tuple[float, float]
    ) -> None:
        """Put candidates into a night, one in twelve of which is bound to fail."""
        for number in range(count):
            settings: dict[str, object] = {"seconds": round(dice.uniform(*seconds), 1)}
            settings |= {"beat": 1.0, "keep": True}
            settings |= dice.choice(
                [{}] * 11 + [dice.choice([{"exit": 3}, {"final": "bad_input"}])]
            )
            write_candidate(self.site / "candidates" / night, f"{prefix}{number:04d}", **settings)

    def nights(self) -> list[str]:
        """Every night there is."""
        folder = self.site / "candidates"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def is_over(self, night: str) -> bool:
        """Whether a night's sentinel is there."""
        return (self.site / "outdir" / night / f"{night}.fin").exists()

    def wanted(self) -> Iterator[tuple[str, Unit]]:
        """Night and unit of everything asked for, from the candidates alone."""
        for night in self.nights():
            files = sorted((self.site / "candidates" / night).iterdir())
            for want in self.campaign.wanted(night, files):
                assert want.unit is not None
                yield night, want.unit
