"""Writes that survive being killed, and names that cannot leave their folder."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

SYNCS_AT_ONCE = 32
RESERVED = ("index.html", "manifest.sha256")  # and sentinels: files of a night's own folder
_put_off: ContextVar[dict[Path, None] | None] = ContextVar("put_off", default=None)


def folder_name(text: str) -> str:
    """A file name for untrusted text: percent-encoded, never hidden, never empty, ≤ 150 bytes.

    Plain names come out as they are. A long name ends in a hash of the whole.
    """
    name = quote(text, safe="+=@,", errors="surrogateescape") or "%"
    if name.startswith((".", "~", "-")):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name in RESERVED or name.endswith(".fin"):
        head, _, tail = name.rpartition(".")
        name = f"{head}%2E{tail}"
    if len(name) > 150:
        name = name[:130] + "~" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return name


@contextmanager
def synced_together() -> Iterator[None]:
    """Put off the syncs of all writes in a block to its end, where they are made at once.

    Every file is whole and in its place at once, as without the block: being killed changes
    nothing. Only after a power cut before the block's end may a file of it be missing or empty, so
    what relies on them (the ledger's commit, a submit) comes after the block. Many syncs at once
    share a disk's commit, one after the other they wait for one each.

    Raises
    ------
    OSError
        At the block's end: one of the files could not be written after all.
    """
    outer = _put_off.get()
    if outer is not None:
        yield
        return
    paths: dict[Path, None] = {}
    token = _put_off.set(paths)
    try:
        yield
    finally:
        _put_off.reset(token)
    _sync_all(paths)


def _sync_all(paths: Iterable[Path]) -> None:
    with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:
        list(pool.map(_sync_if_there, paths))


def _sync_if_there(path: Path) -> None:
    with suppress(FileNotFoundError):  # replaced by something else since
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames and links in a folder durable."""
    waiting = _put_off.get()
    if waiting is None:
        _sync(folder)
    else:
        waiting[folder] = None


def write_atomic(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Replace a file as a whole; a reader sees the old content or the new, also after a crash.

    It has its mode from the beginning, so what only its owner may read is never open to others.
    Inside `synced_together` the crash must be one of processes, not of the machine.
    """
    waiting = _put_off.get()
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if waiting is None:
                os.fsync(stream.fileno())
            else:
                waiting[path] = None
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, value: Json) -> None:
    """Write JSON atomically, with sorted keys and no NaN."""
    write_atomic(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Json | None:
    """A JSON object, or None when the file is missing, cut short or something else."""
    try:
        return parse_json(path.read_bytes())
    except OSError:
        return None


def parse_json(data: bytes) -> Json | None:
    """A JSON object, or None when the bytes are cut short or something else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def link_exclusive(source: Path, target: Path) -> bool:
    """Give `source` a second name that must be new; False when somebody was first.

    link(2) is atomic on local and network file systems alike; its error after an answer lost by
    the network is settled by the link count.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        return target.exists() and target.samefile(source)
    sync_folder(target.parent)
    return True


def replace_link(source: Path, target: Path) -> None:
    """Make `target` another name of `source`, replacing what was there, atomically."""
    if target.exists() and target.samefile(source):
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.link")
    temporary.unlink(missing_ok=True)
    os.link(source, temporary)
    temporary.replace(target)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON: sorted keys, no spaces, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
