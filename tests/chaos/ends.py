"""Both ends of an installation: where candidates come from, where results go, and who is told.

A real sshd with two restricted keys, and a stand-in for Slack that speaks its Web API. Candidates
are light curves as a survey writes them; the work done on each is a toy with a picture.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slack_server import CHANNEL, TOKEN, Faults, SlackServer
from ssh_server import SshServer, private_sshd
from toy_campaign import OUTPUT, ToyCampaign

from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE
from nmma_fitter.engine.unit import Unit
from nmma_fitter.engine.want import Wanted
from nmma_fitter.make_jobs import Order, Poller

from .installation import Bed, Installation
from .sweep import Nights, Situation, Tally, finish
from .verdict import Verdict

PICTURE = "lightcurves.png"
OBJECTS = 16  # of one installation, after which it gets no more
FEW = 5  # where every tick is to have the same to do
SETTLING = 600.0
SECONDS = 0.1
# The poller's clock runs so many times faster: what it puts off for 15 s comes after 0.3 s.
PACE = 50.0
PATIENCE, LATE, SETTLED = 1.0, 1.3, 4.0  # seconds: the client's, of a late answer, until it is over
TABLES = """
[sources.survey]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{pull_key}"
known_hosts = "{known_hosts}"
path = "{name}"
every = 0
settle_seconds = 0.2
tries = 1
time_limit = 20
[destinations.archive]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{push_key}"
known_hosts = "{known_hosts}"
path = "{name}"
tries = 1
time_limit = 20
[slack]
channels = ["{channel}"]
base_url = "{url}"
command_seconds = {patience}
settle_seconds = {settled}
share_seconds = {settled}
"""
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
# What is declared for nobody; toy.json is the toys' own note of how they stand.
PRIVATE = ("attempts", "sentinels", "unit.json", "slack.json", "toy.json")


BED = Bed(grace=PACE, submit_grace=PACE, environment={VARIABLE: TOKEN})


@dataclass
class Ends:
    """One sshd and one Slack, for any number of installations."""

    server: SshServer
    slack: SlackServer

    def tables(self, name: str) -> str:
        """What an installation is configured with."""
        return TABLES.format(
            port=self.server.port,
            pull_key=self.server.key("ro"),
            push_key=self.server.key("wo"),
            known_hosts=self.server.known_hosts,
            name=name,
            channel=CHANNEL,
            url=self.slack.url,
            patience=PATIENCE,
            settled=SETTLED * PACE,
        )

    def judge(self, verdict: Verdict) -> None:
        """Count what is in the channel more than once."""
        self.slack.wait_until_idle()
        verdict.doubled += [f"Slack: {line}" for line in self.slack.store.duplicates()]


@contextmanager
def both_ends(root: Path, seed: int) -> Iterator[Ends]:
    """Bring both up, for as long as the block lasts."""
    with private_sshd(root / "sshd") as server:
        slack = SlackServer(root / "slack.jsonl", faults=Faults(seed=seed, late=LATE)).start()
        try:
            yield Ends(server, slack)
        finally:
            slack.stop()


class Pictured(ToyCampaign):
    """One toy for each light curve, which is known by its bytes."""

    def _of_file(self, night: str, path: Path) -> list[Wanted]:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        settings = {"seconds": SECONDS, "picture": PICTURE, "data": digest}
        units = [self.unit(night, path.stem, task, settings) for task in self.tasks]
        return [Wanted(path.stem, unit.task, unit) for unit in units]

    def unit(self, night: str, name: str, task: str, settings: Mapping[str, Any]) -> Unit:
        """The unit of one object, which leaves a picture too."""
        made = super().unit(night, name, task, settings)
        return Unit(**{**vars(made), "outputs": (OUTPUT, PICTURE)})


@dataclass(frozen=True)
class Delivering(Installation):
    """An installation between two ends, with one night."""

    ends: Ends | None = None
    born: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        super().__post_init__()
        with self.config_file.open("a") as stream:
            stream.write(self.both.tables(self.name))

    @property
    def name(self) -> str:
        """What tells it from every other at the same ends."""
        return hashlib.sha256(str(self.base).encode()).hexdigest()[:8]

    @property
    def night(self) -> str:
        """Its one night, which no other installation at the same ends has."""
        first = 2_000_000 + int(self.name, 16) % 400_000  # later ones have yet to come
        return f"{first}-{first + 7}"

    @property
    def both(self) -> Ends:
        """The ends."""
        assert self.ends is not None
        return self.ends

    @property
    def source(self) -> Path:
        """Where the survey writes."""
        return self.both.server.pull / self.name

    @property
    def archive(self) -> Path:
        """Where results arrive."""
        return self.both.server.push / self.name

    @property
    def campaign(self) -> ToyCampaign:
        """The kind of work."""
        return Pictured(self.site / "outdir", self.starts)

    def poller(self, night: str) -> Poller:
        """The real poller, which pulls, tells and pushes; its clock runs fast."""
        clock = lambda: self.born + PACE * (time.time() - self.born)  # noqa: E731
        return Poller(self.config, Order(follow=True), clock, self.campaign)

    def add_units(self, night: str, count: int, prefix: str = "o", **settings: object) -> None:
        """Let the survey write light curves."""
        folder = self.source / night
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            magnitudes = [18 + random.random() for _ in range(3)]
            rows = [f"{i},{2460000.5 + i},{m:.6f},0.1,g,,2\n" for i, m in enumerate(magnitudes)]
            draft = folder / f".{prefix}{number}.csv"
            draft.write_text(HEADER + "".join(rows))
            draft.replace(folder / f"{prefix}{number}.csv")

    @property
    def written(self) -> int:
        """How many light curves the survey has written."""
        return len([*self.source.rglob("[!.]*.csv")])

    def nights(self) -> list[str]:
        """Every night that the survey has."""
        return [self.night] if self.source.is_dir() else []

    def wanted(self) -> Iterator[tuple[str, Unit]]:
        """From what the survey has."""
        for night in self.nights():
            for want in self.campaign.wanted(night, sorted((self.source / night).glob("[!.]*"))):
                assert want.unit is not None
                yield night, want.unit

    def is_over(self, night: str) -> bool:
        """Whether the night is closed over all that was wanted, and nothing is due to anybody."""
        path = self.site / "outdir" / night / f"{night}.fin"
        try:
            closed = path.read_text()
            with closing(sqlite3.connect(self.site / "state" / "ledger.sqlite")) as ledger:
                [due] = ledger.execute("SELECT count(*) FROM outbox").fetchone()
        except (OSError, sqlite3.Error):
            return False
        return due == 0 and all(unit.digest in closed for _, unit in self.wanted())

    def judge(self, verdict: Verdict) -> None:
        """Compare both ends with what lies here, and look for each fit's picture in the channel."""
        pulled = self.site / "candidates"
        for path in sorted(self.source.rglob("[!.]*.csv")):
            _compare(verdict, path, pulled / path.relative_to(self.source), "pulled")
        for path in sorted(_public(self.site / "outdir")):
            there = self.archive / path.relative_to(self.site / "outdir")
            _compare(verdict, path, there, "pushed")
        store = self.both.slack.store
        names = {name for message in store.messages for name in store.names(message)}
        for _, unit in self.wanted():
            if not any(f"{unit.digest[:32]}-g0" in name for name in names):
                verdict.lost.append(f"{unit.object}: no picture in the channel")


class Arrivals(Nights):
    """New light curves, all in the one night of an installation; a fresh one after some."""

    def __init__(self, base: Path, ends: Ends, control: str | None, tally: Tally) -> None:
        super().__init__(base, BED, control, tally, units=1)
        self.sites: list[Delivering] = []  # type: ignore[assignment]
        self._fresh = lambda: Delivering(base / f"{len(self.sites):03d}", BED, control, ends)
        self._server = ends.server
        self._is_down = False

    @property
    def situations(self) -> list[Situation]:
        """Also a tick during which the other machine is down, and one that opens a closed night."""
        return [*super().situations, self._unreachable, self._late]

    def _late(self) -> str:
        self.next()
        finish(self.sites[-1:], self.tally, SETTLING)
        return self._write()

    def _unreachable(self) -> str:
        night = self.next()
        self._server.stop()
        self._is_down = True
        return night

    def mend(self) -> None:
        """Let the other machine be up again."""
        if self._is_down:
            self._server.start()
            self._is_down = False

    def first(self) -> str:
        """What only a first tick goes through: no tick has been before."""
        return self.arrive(fresh=True)

    def arrive(self, *, fresh: bool = False) -> str:
        """Let the survey write a light curve."""
        if fresh or not self.sites or self.sites[-1].written >= OBJECTS:
            self.sites.append(self._fresh())
        return self._write()

    def _write(self) -> str:
        self.count += 1
        site = self.sites[-1]
        self.newest = site.night
        site.add_units(site.night, self.units, f"{site.name}-{self.count:05d}-")
        return site.night

    def next(self, *, fresh: bool = False) -> str:
        """Let the next tick have everything to do: one arrived, another's fit ended, no trouble.

        What a kill leaves behind, as a source that is left alone for a while, shortens the tick
        after it; so whatever went before is brought to its end first.
        """
        if self.sites:
            finish(self.sites[-1:], self.tally, SETTLING)
            fresh = fresh or self.sites[-1].written > FEW
        night = self.arrive(fresh=fresh)
        self.tick(night)
        self.wait_for_results(night)
        return self._write()


def _compare(verdict: Verdict, path: Path, copy: Path, how: str) -> None:
    if not copy.is_file():
        verdict.lost.append(f"{path}: was not {how}")
    elif copy.read_bytes() != path.read_bytes():
        verdict.broken.append(f"{copy}: {how}, but not as it is")


def _public(outdir: Path) -> Iterator[Path]:
    for path in outdir.rglob("*"):
        parts = path.relative_to(outdir).parts
        private = any(p in PRIVATE or p.startswith((".", "job-")) for p in parts)
        if path.is_file() and not private:
            yield path
