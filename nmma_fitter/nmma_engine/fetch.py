"""Get the files of NMMA's surrogates from where NMMA itself gets them, and know them again.

NMMA reads these files as pickles, which can run anything: only what its project publishes should
lie in the folder. What was fetched is noted in ``checksums.json`` there, and a fit takes no file
that has changed since.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nmma_fitter.engine.files import read_json, write_json
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.nmma_engine.catalogue import SURROGATES

SOURCE = "https://gitlab.com/Theodlz/nmma-models/raw/main/models"
CHECKSUMS = "checksums.json"
SECONDS = (10.0, 60.0)  # to connect, and without a byte
BLOCK = 1 << 20


def fetch_surrogate(
    name: str, bands: Sequence[str], folder: Path, source: str = SOURCE
) -> list[Path]:
    """Download a surrogate's index and the networks of some bands; what is there is left alone.

    Parameters
    ----------
    name : str
    bands : sequence of str
        Canonical names.
    folder : Path
        NMMA's folder of surrogates.
    source : str
        Where the files are.

    Returns
    -------
    list of Path
        The files, all of which are there now.

    Raises
    ------
    BadInput
        NMMA has no such surrogate.
    Unavailable
        A file could not be had: what to get by hand, and where to put it.
    """
    if name not in SURROGATES:
        raise BadInput(f"NMMA's {name} needs no data; these do: {', '.join(sorted(SURROGATES))}")
    wanted = [f"{name}.joblib", *(f"{name}_tf/{band.replace(':', '_')}.h5" for band in bands)]
    for relative in wanted:
        path = folder / relative
        if not path.is_file():
            _note(folder, relative, _download(f"{source}/{relative}", path, folder))
    return [folder / relative for relative in wanted]


def verify(folder: Path, files: Iterable[Path]) -> None:
    """Raise `Unavailable` where a file is not the one that was fetched; others are taken as is."""
    known = read_json(folder / CHECKSUMS) or {}
    for path in files:
        wanted = known.get(path.relative_to(folder).as_posix())
        if wanted is not None and digest_of(path) != wanted:
            raise Unavailable(f"{path} has changed since it was fetched: delete it, fetch it again")


def digest_of(path: Path) -> str:
    """Sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(url: str, path: Path, folder: Path) -> str:
    import requests

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with requests.get(url, stream=True, timeout=SECONDS) as answer:
            answer.raise_for_status()
            with beside.open("wb") as stream:
                for block in answer.iter_content(BLOCK):
                    stream.write(block)
            _check_whole(beside, answer.headers)
        digest = digest_of(beside)
        beside.replace(path)
    except (requests.RequestException, OSError) as error:
        raise Unavailable(
            f"{url} could not be had ({_short(error)}); get it on another machine and put it at "
            f"{path}"
        ) from None
    finally:
        beside.unlink(missing_ok=True)
    return digest


def _check_whole(path: Path, headers: Mapping[str, str]) -> None:
    length, size = headers.get("Content-Length"), path.stat().st_size
    if length is not None and "Content-Encoding" not in headers and size != int(length):
        raise OSError(f"{size} of {length} bytes came")
    with path.open("rb") as stream:
        if stream.read(15).lstrip().lower().startswith((b"<!doctype", b"<html", b"version https")):
            raise OSError("a page came in its place")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _note(folder: Path, relative: str, digest: str) -> None:
    known = read_json(folder / CHECKSUMS) or {}
    write_json(folder / CHECKSUMS, known | {relative: digest})
