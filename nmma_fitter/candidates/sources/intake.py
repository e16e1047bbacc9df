"""Candidates come in: only whole ones, only readable ones, and never one over another's.

What a source offers is fetched beside the candidates, into a hidden folder, and renamed into its
night when it is known to be whole and to parse. All sources that have news settle together.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from nmma_fitter.candidates.bounded import BoundedReader
from nmma_fitter.candidates.nights import is_candidate_name, left_out, possible
from nmma_fitter.candidates.sources.base import MANIFEST, Look, Offer, Source
from nmma_fitter.candidates.sources.factory import make_source
from nmma_fitter.candidates.sources.memory import LEFT_OUT, SOURCE, Memory
from nmma_fitter.candidates.sources.receive import Receiver
from nmma_fitter.candidates.sources.settings import SourceSettings
from nmma_fitter.candidates.textfile import LARGEST_FILE
from nmma_fitter.engine.budget import never
from nmma_fitter.engine.marker import settle_candidates
from nmma_fitter.errors import NmmaFitterError

LONGEST_NAME = 150  # bytes


def pull(
    sources: Mapping[str, SourceSettings],
    candidates: Path,
    state: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    enough: Callable[[], bool] = never,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Take in what is new at the sources; another pull under way is left to it.

    Parameters
    ----------
    sources : mapping of name to SourceSettings
    candidates : Path
        The folder of night folders.
    state : Path
        The state folder.
    sleep : callable
        Waits between the two looks at files that are new.
    enough : callable
        Whether to begin nothing more.
    now : callable
        This host's clock.

    Returns
    -------
    list of str
        What a person should know; what stays wrong is said once.
    """
    if not sources:
        return []
    state.mkdir(parents=True, exist_ok=True)
    lock = FileLock(state / "pull-lock", timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return []
    try:
        return _pull(sources, candidates, state, sleep, enough, now)
    finally:
        lock.release()


def troubles(sources: Mapping[str, SourceSettings], state: Path) -> list[str]:
    """One line for each source that does not answer, with why."""
    memories = {name: _memory(state, name) for name in sources}
    return [f"source {name}: {one.trouble}" for name, one in memories.items() if one.trouble]


def nights_left_out(sources: Mapping[str, SourceSettings], state: Path) -> list[str]:
    """One line for each source that offers folders which look like nights and cannot be."""
    told = {name: _memory(state, name).left_out for name in sources}
    return [f"source {name}: {text}" for name, text in told.items() if text]


def _memory(state: Path, name: str) -> Memory:
    return Memory(state / "sources" / f"{name}.json")


def _pull(
    sources: Mapping[str, SourceSettings],
    candidates: Path,
    state: Path,
    sleep: Callable[[float], None],
    enough: Callable[[], bool],
    now: Callable[[], float],
) -> list[str]:
    memories = {name: _memory(state, name) for name in sources}
    reader = BoundedReader(state / "reading" / "pulled")
    intakes = [
        _Intake(name, settings, memories, candidates, state, now, reader)
        for name, settings in sources.items()
        if memories[name].is_due(now())
    ]
    for intake in intakes:
        intake.step(intake.look)
    unsettled = [intake for intake in intakes if intake.unsettled]
    _wait(max((one.settle_seconds for one in unsettled), default=0.0), sleep, enough)
    for intake in unsettled:
        intake.step(intake.look_again)
    with reader:
        for intake in intakes:
            if not enough():
                intake.step(intake.take)
    return [note for intake in intakes for note in intake.finish()]


def _wait(
    seconds: float, sleep: Callable[[float], None], enough: Callable[[], bool], step: float = 1.0
) -> None:
    while seconds > 0 and not enough():
        sleep(min(step, seconds))
        seconds -= step


class _Intake:
    """One pull from one source."""

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        memories: Mapping[str, Memory],
        candidates: Path,
        state: Path,
        now: Callable[[], float],
        reader: BoundedReader,
    ) -> None:
        self._name, self._settings, self._now = name, settings, now
        self._memory = memories[name]
        self._candidates, self._state = candidates, state
        self._staging = candidates / ".incoming" / name
        self._receiver = Receiver(name, candidates, memories, state, reader)
        self._make = partial(make_source, settings, candidates, now)
        self._source: Source
        self._nights: list[str] = []
        self._whole: list[Offer] = []
        self._failure: Exception | None = None
        self._notes: list[str] = []
        self.unsettled: list[Offer] = []
        self.settle_seconds = settings.settle_seconds

    def step(self, step: Callable[[], None]) -> None:
        """Do one step, unless an earlier one failed."""
        if self._failure is None:
            try:
                step()
            except (NmmaFitterError, OSError) as error:
                self._failure = error
                self.unsettled = []

    def look(self) -> None:
        """Find out what is new, and which of it is vouched for."""
        used = any(known.taken for known in self._memory.files.values())
        settle_candidates(self._state, self._candidates, used)
        self._source = self._make()
        look = self._source.look()
        self._remark(look)
        nights = {offer.night for offer in look.offers}
        if told := left_out(nights, self._now()):
            self._notes += self._memory.say(LEFT_OUT, told)
        self._nights = possible(nights, self._now())[-self._settings.nights :]
        offers = {offer.key: offer for offer in look.offers if offer.night in self._nights}
        news = [one for one in self._acceptable(offers) if self._memory.is_new(one)]
        vouched = self._manifests(news, offers)
        for offer in news:
            digest = offer.sha256 or vouched.get(offer.key)
            if digest:
                self._whole.append(_vouched_for(offer, digest))
            else:
                self.unsettled.append(offer)

    def look_again(self) -> None:
        """Keep what is still as it was; the rest is looked at again in the next pull."""
        again = {offer.key: offer for offer in self._source.look().offers}
        self._whole += [offer for offer in self.unsettled if offer.agrees(again.get(offer.key))]

    def take(self) -> None:
        """Fetch what is whole, and take in what can be read."""
        if not self._whole:
            return
        self._fetch(self._whole)
        for offer in self._whole:
            try:
                note = self._receiver.receive(offer, self._staging / offer.night / offer.file)
            except OSError as error:
                note = f"{offer.key}: cannot be put in its place ({error.strerror}), tried again"
            self._notes += self._memory.say(offer.key, note) if note else []
        if not any(path.is_file() for path in self._staging.rglob("*")):
            shutil.rmtree(self._staging)

    def finish(self) -> list[str]:
        """Remember, and say what a person should know."""
        if self._failure is None:
            self._memory.answered(self._now(), self._settings.every, self._nights)
        else:
            text = str(self._failure)
            self._notes += self._memory.say(SOURCE, text)
            self._memory.failed(self._now(), getattr(self._failure, "retry_after", None))
        return [f"source {self._name}: {note}" for note in self._notes]

    def _acceptable(self, offers: Mapping[str, Offer]) -> list[Offer]:
        """Offers of light curves that may reach the disk."""
        return self._fit_to_fetch([o for o in offers.values() if is_candidate_name(o.file)])

    def _fit_to_fetch(self, offers: Sequence[Offer]) -> list[Offer]:
        found = []
        for offer in offers:
            problem = _problem(offer)
            if problem:
                self._notes += self._memory.say(offer.key, problem)
            else:
                found.append(offer)
        return found

    def _remark(self, look: Look) -> None:
        for remark in look.remarks:
            self._notes += self._memory.say(remark, remark)

    def _manifests(self, news: Sequence[Offer], offers: Mapping[str, Offer]) -> dict[str, str]:
        """SHA-256 by night and file, of the nights with news that have a manifest."""
        nights = dict.fromkeys(offer.night for offer in news)
        keys = [f"{night}/{MANIFEST}" for night in nights]
        found = self._fit_to_fetch([offers[key] for key in keys if key in offers])
        if not found:
            return {}
        self._fetch(found)
        digests: dict[str, str] = {}
        for offer in found:
            path = self._staging / offer.night / MANIFEST
            if path.is_file() and not path.is_symlink():
                digests |= _parsed(offer.night, path.read_bytes())
                path.unlink()
        return digests

    def _fetch(self, offers: Sequence[Offer]) -> None:
        for offer in offers:
            (self._staging / offer.night).mkdir(parents=True, exist_ok=True)
        self._source.fetch(offers, self._staging)


def _problem(offer: Offer) -> str:
    """Why a file is not fetched, empty when it may be; printable whatever its name holds."""
    name = offer.file
    harmless = name.isprintable() and not set(name) & set("/\\") and name[0] not in "-~"
    if not harmless or len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        return f"{ascii(offer.key)[:200]}: a name that is not fit for a file; rename it there"
    if offer.size > LARGEST_FILE:
        return f"{offer.key}: larger than {LARGEST_FILE / 1e6:.0f} MB, so not one light curve"
    return ""


def _vouched_for(offer: Offer, digest: str) -> Offer:
    return Offer(offer.night, offer.file, offer.size, offer.time, digest)


def _parsed(night: str, content: bytes) -> dict[str, str]:
    """Lines of ``sha256sum``: digest, a space, a space or star, name."""
    found = {}
    for line in content.decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition(" ")
        if len(digest) == 64 and name[:1] in (" ", "*"):
            found[f"{night}/{name[1:]}"] = digest.lower()
    return found
