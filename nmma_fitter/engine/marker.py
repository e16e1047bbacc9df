"""An installation knows its folders by a marker in them, written when they are first used.

A folder whose marker is gone is a bare mount point, or was emptied: nothing is written there. One
that was moved, or copied, tells by its marker where it was, and the ledger's rows follow it.
"""

from __future__ import annotations

from pathlib import Path

from nmma_fitter.engine.batch import installation, installation_file
from nmma_fitter.engine.files import Json, read_json, write_json
from nmma_fitter.engine.folders import ADOPT, MARKER, gone
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.errors import BadInput

RESULTS, CANDIDATES = "outdirs", "candidates"


def settle(ledger: Ledger, state: Path, outdir: Path) -> None:
    """Make sure that a results' folder is this installation's; at first use, make it so.

    Where it has been moved, the folders that ledger and batches name are moved with it.

    Raises
    ------
    BadInput
        Its marker is gone, or another installation's; with what to do.
    """
    marker = read_json(outdir / MARKER)
    if marker is not None:
        _check_owner(state, outdir, marker)
        before = Path(str(marker.get("path")))
        if before != outdir and not _same(before, outdir):
            _relocate(ledger, state, before, outdir)
            adopt(state, outdir, instead_of=before)
        return
    known = _known(state, RESULTS)
    if str(outdir) in known:
        raise gone(outdir)
    if not known:  # one from before there were markers, or a new one
        _settle_unmarked(ledger, state, outdir)
    outdir.mkdir(parents=True, exist_ok=True)
    adopt(state, outdir)


def settle_candidates(state: Path, candidates: Path, used: bool) -> None:
    """The same for the folder into which candidates are pulled; whose marker it has is no matter.

    Parameters
    ----------
    state, candidates : Path
    used : bool
        Whether something was put there that should be there still.
    """
    known = str(candidates) in _known(state, CANDIDATES)
    if (candidates / MARKER).exists():
        if not known:
            _remember(state, CANDIDATES, candidates)
        return
    bare = not (candidates.is_dir() and any(candidates.iterdir()))
    if known or (used and bare):
        raise gone(candidates)
    candidates.mkdir(parents=True, exist_ok=True)
    adopt(state, candidates, CANDIDATES)


def adopt(
    state: Path, folder: Path, kind: str = RESULTS, *, instead_of: Path | None = None
) -> None:
    """Make a folder this installation's, whoever's it was.

    Parameters
    ----------
    state, folder : Path
    kind : str
        `RESULTS` or `CANDIDATES`.
    instead_of : Path, optional
        Where it was before.
    """
    write_json(folder / MARKER, {"installation": installation(state), "path": str(folder)})
    _remember(state, kind, folder, instead_of)


def _known(state: Path, kind: str) -> list[str]:
    folders = (read_json(installation_file(state)) or {}).get(kind, [])
    return [str(path) for path in folders] if isinstance(folders, list) else []


def _remember(state: Path, kind: str, folder: Path, instead_of: Path | None = None) -> None:
    mine = installation(state)
    others = [path for path in _known(state, kind) if path not in (str(folder), str(instead_of))]
    value = read_json(installation_file(state)) or {}
    write_json(installation_file(state), {**value, "id": mine, kind: [*others, str(folder)]})


def _check_owner(state: Path, folder: Path, marker: Json) -> None:
    owner = marker.get("installation")
    if owner != installation(state):
        raise BadInput(
            f"{folder}: belongs to another installation ({MARKER} in it says {str(owner)[:20]!r}; "
            f"{state} is {installation(state)!r}). Correct [paths], or mount the right state; if "
            f"the state was lost, take the folder over: {ADOPT}"
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _settle_unmarked(ledger: Ledger, state: Path, outdir: Path) -> None:
    """Tell by the nights' folders what has become of a results' folder without a marker."""
    folders = [ledger.night(night)[0] for night, _, _ in ledger.nights()]
    here = [folder for folder in folders if folder.parent == outdir]
    if here:
        if not any(folder.is_dir() for folder in here):
            raise gone(outdir)
        return
    for before in dict.fromkeys(folder.parent for folder in folders):
        if any((outdir / f.name).is_dir() for f in folders if f.parent == before):
            _relocate(ledger, state, before, outdir)


def _relocate(ledger: Ledger, state: Path, before: Path, outdir: Path) -> None:
    """Let ledger and batches name the folders where they are now."""
    for path in sorted((state / "batches").glob("*.json")):
        batch = read_json(path) or {}
        jobs = batch.get("jobs", [])
        moved = [{**job, "folder": _moved(str(job.get("folder")), before, outdir)} for job in jobs]
        if moved != jobs:
            write_json(path, {**batch, "jobs": moved})
    ledger.relocate(before, outdir)


def _moved(folder: str, before: Path, outdir: Path) -> str:
    path = Path(folder)
    inside = path.is_relative_to(before)
    return str(outdir / path.relative_to(before)) if inside else folder
