"""Calls of rsync: list, fetch, push, compare, remove; over SSH, or to a folder of this machine.

Names of files go to rsync over its standard input and from there through its protocol, so that no
shell at either end sees one; what stands on the command line is checked in ``settings``.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.transfer.failures import TransferCut, TransferError, TransferTooLong, failure
from nmma_fitter.transfer.process import run
from nmma_fitter.transfer.settings import FolderDestination, RsyncPlace

PARTIAL = ".rsync-partial"
_LISTED = re.compile(r"-\S+ +([\d,]+) (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) (.+)")
_COMPARED = re.compile(r".f.{9} (.+)")
_NAMES = ("--files-from=-", "--from0")


@dataclass(frozen=True)
class Entry:
    """A regular file as the other end lists it; its time is the other end's, in whole seconds."""

    name: str
    size: int
    time: str


class Rsync:
    """One other end.

    Parameters
    ----------
    place : RsyncPlace or FolderDestination
    sleep : callable
        Waits between two tries.

    Attributes
    ----------
    label : str
        For messages.
    """

    def __init__(
        self,
        place: RsyncPlace | FolderDestination,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._sleep = sleep
        self.label = str(place.path)
        self._there = f"{place.path}/"
        if isinstance(place, RsyncPlace):
            host = f"[{place.host}]" if ":" in place.host else place.host
            account = f"{place.user}@{host}" if place.user else host
            self.label = f"{account}:{place.path}"
            self._there = f"{account}:{place.path.rstrip('/')}/"

    def entries(self, rules: Sequence[str]) -> list[Entry]:
        """Regular files there.

        Parameters
        ----------
        rules : sequence of str
            rsync's ``--include`` and ``--exclude``.
        """
        out = self._call(["-r", "-8", "--list-only", "--no-h", *rules, self._there])
        found = map(_LISTED.fullmatch, os.fsdecode(out).split("\n"))
        return [
            Entry(match[3], int(match[1].replace(",", "")), match[2]) for match in found if match
        ]

    def fetch(self, names: Iterable[str], into: Path, largest: int | None = None) -> None:
        """Bring files with their times; those not there, or larger than `largest`, are left out."""
        limit = [] if largest is None else [f"--max-size={largest}"]
        options = ["-t", "-O", "--ignore-missing-args", f"--partial-dir={PARTIAL}", *limit]
        self._call([*options, *_NAMES, self._there, f"{into}/"], names)

    def push(self, root: Path, names: Iterable[str], *, compare: bool = False) -> None:
        """Send files below `root` that are not there with the same size and time.

        With `compare` those are sent whose checksum differs.
        """
        options = ["-t", "-O", f"--partial-dir={PARTIAL}", *(["-c"] if compare else [])]
        self._call([*options, *_NAMES, f"{root}/", self._there], names)

    def differing(self, root: Path, names: Iterable[str], *, quick: bool = False) -> list[str]:
        """Files below `root` that are not there with the same bytes; changes nothing.

        With `quick` those not there with the same size and time.
        """
        options = [*(["-t"] if quick else ["-c"]), "-n", "-8", "--out-format=%i %n"]
        out = self._call([*options, *_NAMES, f"{root}/", self._there], names)
        found = map(_COMPARED.fullmatch, os.fsdecode(out).split("\n"))
        return [match[1] for match in found if match]

    def remove(self, names: Sequence[str]) -> None:
        """Remove files there, if they are; rrsync's ``-no-del`` does not allow it."""
        with tempfile.TemporaryDirectory(prefix="nothing-") as folder:
            for name in names:  # their folders must be here, or rsync calls them vanished
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            options = ["-O", "--existing", "--delete-missing-args", *_NAMES]
            self._call([*options, f"{folder}/", self._there], names)

    def _call(self, options: Sequence[str], names: Iterable[str] = ()) -> bytes:
        import tenacity  # only where something is transferred

        place = self._place
        if isinstance(place, FolderDestination) and not place.path.is_dir():
            raise TransferCut(f"{place.path}: there is no such folder; is it mounted?")
        retrying = tenacity.Retrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(place.tries),
                tenacity.stop_after_delay(place.time_limit),
            ),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=8),
            retry=tenacity.retry_if_exception_type(TransferCut),
            sleep=self._sleep,
            reraise=True,
        )
        argv = [place.rsync, *self._limits(), *self._remote_shell(), *options]
        return retrying(self._once, argv, b"".join(os.fsencode(name) + b"\0" for name in names))

    def _once(self, argv: Sequence[str], names: bytes) -> bytes:
        ended = run(argv, names, self._place.time_limit, os.environ)
        if ended.status is None:
            raise TransferTooLong(
                f"{self.label}: over its time limit of {self._place.time_limit:g} s and ended; "
                "what had been transferred is kept (time_limit allows more)"
            )
        if ended.status == 126:
            raise TransferError(f"{ended.said.strip()}; install rsync here, or set rsync")
        if ended.status:
            raise failure(self.label, ended.status, ended.said)
        return ended.out

    def _limits(self) -> list[str]:
        speed = self._place.bandwidth_kb
        return [f"--bwlimit={speed}"] if speed else []

    def _remote_shell(self) -> list[str]:
        place = self._place
        if not isinstance(place, RsyncPlace):
            return []
        silent = 3 * place.connect_seconds
        return [f"--timeout={silent}", f"--rsh={' '.join(map(_quoted, _ssh(place)))}"]


def _ssh(place: RsyncPlace) -> list[str]:
    """The remote shell's command: nobody is asked anything, and the host's key is checked."""
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": place.connect_seconds,
        "ServerAliveInterval": place.connect_seconds,
        "ServerAliveCountMax": 3,
    }
    command = [place.ssh, "-T", "-x", "-a"]
    if place.known_hosts:
        options["UserKnownHostsFile"] = place.known_hosts
        options["GlobalKnownHostsFile"] = "/dev/null"
    if place.key:
        options["IdentitiesOnly"] = "yes"
        command += ["-i", str(place.key)]
    if place.port:
        command += ["-p", str(place.port)]
    return command + [f"-o{name}={value}" for name, value in options.items()]


def _quoted(word: str) -> str:
    """A word as rsync splits its ``--rsh``; the settings hold no quotes."""
    return f'"{word}"' if " " in word else word
