"""The courier that keeps a destination up to date with the results.

A connection takes longer than most files, so the first object of a night that has news takes along
the news of the night's others; when their turn comes nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

from nmma_fitter.engine.files import canonical_digest, folder_name, read_json, write_atomic
from nmma_fitter.engine.night import night_fin
from nmma_fitter.engine.outbox import Courier, Parcel, Posts
from nmma_fitter.errors import Undelivered
from nmma_fitter.transfer import public
from nmma_fitter.transfer.check import send
from nmma_fitter.transfer.failures import FileTrouble, TransferError
from nmma_fitter.transfer.marks import Marks, Sent, stat_of
from nmma_fitter.transfer.rsync import Rsync
from nmma_fitter.transfer.settings import DestinationSettings

MOST_BYTES = 100_000_000  # of one batch, beyond its first object
MANIFEST = "manifest.sha256"


class Replaced(TransferError):
    """Files that were replaced while they were being sent."""


class PushCourier:
    """Sends results to one destination; see `Courier`.

    What a sentinel vouches for is there, checked, before the sentinel is; and before anything it
    vouched for is replaced, the sentinel is taken back. Nothing else is ever removed there.

    Parameters
    ----------
    name : str
        The destination's.
    settings : DestinationSettings
    outdir : Path
    state : Path
        The state folder.
    """

    begins_anew = False

    def __init__(self, name: str, settings: DestinationSettings, outdir: Path, state: Path) -> None:
        self.name = f"push {name}"
        self._outdir = outdir
        self._verify = settings.verify
        self._client = Rsync(settings)
        self._kept = state / "destinations" / name
        self._place = canonical_digest([self._client.label, getattr(settings, "port", None)])

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """As `Courier.deliver`; the marks of what was sent are kept beside the ledger."""
        if not parcel.folder.is_relative_to(self._outdir):
            raise Undelivered(
                f"{parcel.folder} is not below [paths] outdir any more, so it is not sent",
                everything=False,
            )
        try:
            if parcel.object:
                return self._object(parcel, enough)
            return self._night(parcel, enough)
        except TransferError as error:
            alone = isinstance(error, Replaced | FileTrouble)
            raise Undelivered(str(error), everything=not alone) from error

    def _object(self, parcel: Parcel, enough: Callable[[], bool]) -> bool:
        night = parcel.folder.parent
        marks = self._marks(night)
        own, whole = _news(marks, parcel.folder)
        news = list(own)
        for other in public.object_folders(night) if own else ():
            if sum(one.stat[1] for one in news) < MOST_BYTES and other != parcel.folder:
                news += _news(marks, other)[0]
        fin = night_fin(night, parcel.night)
        try:
            sent = not news or self._send(marks, news, [fin], enough)
        except FileTrouble:  # whose? the others have their turn
            if len(news) == len(own):
                raise
            sent = self._send(marks, own, [fin], enough)
        if not sent:
            return False
        if not whole:
            raise Replaced(f"{parcel.folder}: its results are being replaced; sent when that ends")
        return True

    def _night(self, parcel: Parcel, enough: Callable[[], bool]) -> bool:
        marks = self._marks(parcel.folder)
        fin = night_fin(parcel.folder, parcel.night)
        closed = parcel.closed and fin.exists()
        every = chain(public.night_files(parcel.folder), public.top_files(self._outdir))
        news = [one for one in map(marks.now, every) if marks.changed(one)]
        last = [one for one in news if closed and public.is_sentinel(one.name)]
        pages = [one for one in news if not public.is_sentinel(one.name)]
        if not self._send(marks, pages, [] if closed else [fin], enough):
            return False
        if not last:
            return True
        if not self._objects_there(marks, parcel.folder, enough):
            return False
        if self._verify == "manifest":
            self._send_manifest(marks, parcel.folder)
        if not self._send(marks, last, [], enough):
            return False
        marks.set_whole()
        return True

    def _objects_there(self, marks: Marks, night: Path, enough: Callable[[], bool]) -> bool:
        """Make sure that all that a night's sentinel vouches for is there; False without time.

        A destination may have lost, since, what was sent and compared: size and time tell.
        """
        names = [one.name for one in marks.all() if (self._outdir / one.name).is_file()]
        marks.forget(self._client.differing(self._outdir, names, quick=True) if names else [])
        for folder in public.object_folders(night):
            news, whole = _news(marks, folder)
            if not whole:
                raise Replaced(f"{folder}: its results are being replaced; sent when that ends")
            if news and not self._send(marks, news, [], enough):
                return False
        return True

    def _send(
        self, marks: Marks, news: Sequence[Sent], stale: Sequence[Path], enough: Callable[[], bool]
    ) -> bool:
        """Withdraw, send and check, the sentinels last; returns whether there was time for all."""
        sentinels = [one for one in news if public.is_sentinel(one.name)]
        payload = [one for one in news if not public.is_sentinel(one.name)]
        names = [path.relative_to(self._outdir).as_posix() for path in stale]
        if enough():
            return False
        self._withdraw(marks, [*names, *(one.name for one in sentinels)])
        for files in (payload, sentinels):
            if files:
                if enough():
                    return False
                marks.forget([one.name for one in files])  # until it is known what became of them
                send(self._client, self._outdir, files, self._verify)
                self._still(news)
                marks.set_sent(files)
        return True

    def _withdraw(self, marks: Marks, names: Iterable[str]) -> None:
        there = [name for name in dict.fromkeys(names) if marks.maybe_there(name)]
        if there:
            self._client.remove(there)
            marks.forget(there)

    def _still(self, files: Iterable[Sent]) -> None:
        """Make sure that what was sent is what was looked at."""
        for one in files:
            path = self._outdir / one.name
            if not path.exists() or stat_of(path) != one.stat:
                raise Replaced(f"{path}: replaced while it was sent; sent again at the next tick")

    def _send_manifest(self, marks: Marks, night: Path) -> None:
        """Leave with a night that is closed what ``sha256sum -c`` needs."""
        prefix = f"{night.relative_to(self._outdir).as_posix()}/"
        path = self._kept / "manifests" / prefix / MANIFEST
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = sorted(
            f"{one.sha256}  {one.name.removeprefix(prefix)}\n"
            for one in marks.all()
            if one.name.startswith(prefix)
        )
        write_atomic(path, "".join(lines))
        root = self._kept / "manifests"
        send(self._client, root, [Marks(path, "", root).now(path)], self._verify)

    def _marks(self, night: Path) -> Marks:
        path = self._kept / f"night-{folder_name(night.name)}.json"
        return Marks(path, self._place, self._outdir)


def couriers(
    destinations: Mapping[str, DestinationSettings], outdir: Path, state: Path
) -> list[Courier]:
    """A courier for each destination, in the configuration's order."""
    return [PushCourier(name, one, outdir, state) for name, one in destinations.items()]


def _news(marks: Marks, folder: Path) -> tuple[list[Sent], bool]:
    """What of an object the destination has not, and whether that is all.

    A task whose sentinel does not vouch for what lies beside it is being replaced: it is left out.
    """
    files = [marks.now(path) for path in public.object_files(folder)]
    digests = {one.name: one.sha256 for one in files}
    root = marks.root
    torn = {
        str(PurePosixPath(name).parent)
        for name in digests
        if public.is_sentinel(name) and not _vouches(root / name, name, digests)
    }
    whole = [one for one in files if str(PurePosixPath(one.name).parent) not in torn]
    return [one for one in whole if marks.changed(one)], not torn


def _vouches(path: Path, name: str, digests: Mapping[str, str]) -> bool:
    """Whether a sentinel's outputs are those that lie beside it."""
    outputs = (read_json(path) or {}).get("outputs")
    beside = PurePosixPath(name).parent
    return isinstance(outputs, dict) and all(
        isinstance(one, dict) and digests.get(str(beside / output)) == one.get("sha256")
        for output, one in outputs.items()
    )
