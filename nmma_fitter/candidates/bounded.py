"""Candidate files read in a process of their own, so that none can stop a poller.

A file that takes too long, or too much memory, ends the reader at worst; it is set aside until it
changes. What is being read is noted first: a file at which two pollers ended is set aside as well.
(One end is no proof: pollers are killed at any moment, and reading takes a moment.)
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from nmma_fitter.candidates.exposures import Merged
from nmma_fitter.candidates.formats import Reading
from nmma_fitter.candidates.lightcurve import SIGNIFICANCE
from nmma_fitter.candidates.reader import SECONDS
from nmma_fitter.candidates.records import from_dict
from nmma_fitter.candidates.rows import Place
from nmma_fitter.engine.files import Json, read_json, write_json
from nmma_fitter.errors import BadInput, NmmaFitterError

log = logging.getLogger(__name__)

LONGEST_WAIT = 120.0  # seconds for one file, on a disk or a machine that is slow
LARGEST_ANSWER = 64 << 20  # bytes
ENDS = 2  # of pollers at one file, before it is set aside
COMMAND = (sys.executable, "-P", "-m", "nmma_fitter.candidates.reader")


class NoReader(NmmaFitterError):
    """The process that reads cannot be started: no file is to blame."""

    transient = True


class _Beyond(Exception):
    """A file that cannot be read within its limits."""


class BoundedReader:
    """Reads files as `formats.read` does, within limits; a context.

    Parameters
    ----------
    notes : Path
        Folder of what is being read and what is set aside, made when it is needed. One reader at a
        time uses it, by whichever lock.
    """

    def __init__(self, notes: Path) -> None:
        self._now, self._known = notes / "now.json", notes / "set-aside.json"
        self._process: _Process | None = None
        self._aside: Json | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process is not None:
            self._process.end()
        if kind is None or issubclass(kind, Exception):
            self._now.unlink(missing_ok=True)

    def read(
        self,
        path: Path,
        *,
        bands: str = "ztf",
        keep_duplicates: bool = False,
        name: str | None = None,
        significance: float = SIGNIFICANCE,
    ) -> Reading:
        """Light curve, merged rows and notes, as `formats.read`.

        Raises
        ------
        BadInput
            As there; or the file is set aside, with why.
        """
        mark = _mark(path)
        aside = self._set_aside()
        entry = aside.get(str(path), {})
        if entry.get("mark") == mark and "why" in entry:
            raise BadInput(str(entry["why"]))
        self._note({"path": str(path), "mark": mark})
        how = {"bands": bands, "keep_duplicates": keep_duplicates, "significance": significance}
        try:
            answer = self._ask({"path": str(path), "name": name, **how})
        except _Beyond as error:
            why = f"{Place(path)}: {error}; it is set aside until it changes"
            self._remember(str(path), {"mark": mark, "why": why})
            raise BadInput(why) from None
        if entry:
            self._remember(str(path), None)
        for logger, level, text in answer["said"]:
            logging.getLogger(logger).log(level, "%s", text)
        if "bad_input" in answer:
            raise BadInput(answer["bad_input"])
        merged = [{**one, "dropped": tuple(one["dropped"])} for one in answer["merged"]]
        rows = tuple(Merged(**one) for one in merged)
        return Reading(from_dict(answer["lightcurve"]), rows, tuple(answer["notes"]))

    def _set_aside(self) -> Json:
        """What is set aside, and at what an earlier poller ended."""
        if self._aside is None:
            self._aside = read_json(self._known) or {}
            left = read_json(self._now)
            if left and isinstance(left.get("path"), str):
                self._count_end(left["path"], left.get("mark"))
        return self._aside

    def _count_end(self, path: str, mark: Any) -> None:
        entry = (self._aside or {}).get(path, {})
        ends = int(entry.get("ends", 0)) + 1 if entry.get("mark") == mark else 1
        place = Place(Path(path))
        log.warning("%s: was being read when a poller ended", place)
        entry = {"mark": mark, "ends": ends}
        if ends >= ENDS:
            entry["why"] = (
                f"{place}: {ends} pollers ended while it was being read; it is set aside until it "
                "changes"
            )
        self._remember(path, entry)

    def _remember(self, path: str, entry: Json | None) -> None:
        """Note what is known of a file, and forget those that are gone."""
        aside = {p: e for p, e in (self._aside or {}).items() if p != path and Path(p).exists()}
        self._aside = {**aside, path: entry} if entry else aside
        self._known.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._known, self._aside)

    def _note(self, what: Json) -> None:
        """Say what is being read; not synced, since it is there for ends of processes."""
        self._now.parent.mkdir(parents=True, exist_ok=True)
        self._now.write_text(json.dumps(what), encoding="utf-8")

    def _ask(self, request: Json) -> Json:
        """The reader's answer; a reader that ends for no reason of its own gets a successor."""
        for _ in range(2):
            if self._process is None:
                self._process = _Process()
            try:
                answer = json.loads(self._process.ask(request))
            except _Ended:
                self._process = None
                continue
            except _Beyond:
                self._process = None
                raise
            if "beyond" in answer:
                raise _Beyond(answer["beyond"])
            return dict(answer)
        raise _Beyond("the process that read it ended twice")


def _mark(path: Path) -> list[int]:
    """Changes when a file does; of one that cannot be looked at, the reader says why."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns]


class _Ended(Exception):
    """The reader is gone, and not for its limits."""


class _Process:
    """A reader that runs."""

    def __init__(self) -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._popen = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads},
            start_new_session=True,  # Ctrl-C is for the poller, which ends it
        )
        try:
            ready = self._line() == b"ready"
        except (_Beyond, _Ended):
            ready = False
        if not ready:
            raise NoReader("the process that reads candidates cannot be started; see its error")

    def ask(self, request: Json) -> bytes:
        """The line that answers a request."""
        assert self._popen.stdin is not None
        with suppress(BrokenPipeError):  # it has ended; how, is told below
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
            self._popen.stdin.flush()
        return self._line()

    def _line(self) -> bytes:
        assert self._popen.stdout is not None
        handle, end = self._popen.stdout.fileno(), time.monotonic() + LONGEST_WAIT
        parts: list[bytes] = []
        size = 0
        while not (parts and parts[-1].endswith(b"\n")):
            if not select.select([handle], [], [], max(0.0, end - time.monotonic()))[0]:
                self.end()
                raise _Beyond(f"it could not be read within {LONGEST_WAIT:.0f} s")
            parts.append(os.read(handle, 1 << 16))
            size += len(parts[-1])
            if not parts[-1]:
                raise self._gone()
            if size > LARGEST_ANSWER:
                self.end()
                raise _Beyond("what it holds is too much for one light curve")
        return b"".join(parts).rstrip(b"\n")

    def _gone(self) -> Exception:
        self.end()
        if self._popen.returncode == -signal.SIGXCPU:
            return _Beyond(f"reading it takes more than {SECONDS} s")
        return _Ended()

    def end(self) -> None:
        """End it; one that hangs in a disk is left to itself."""
        if self._popen.stdin is not None:
            with suppress(OSError):
                self._popen.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(0.5)
            return
        self._popen.kill()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(5.0)
