"""``make-jobs --outdir``: another folder than the one in which a night's results lie already."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nmma_fitter.config import PathsTable
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.ledger_copy import copy_ledger
from nmma_fitter.engine.ledger_nights import NightTable
from nmma_fitter.errors import BadInput


def check_outdir(paths: PathsTable, night: str | None) -> None:
    """Refuse an ``--outdir`` in which nothing would appear.

    What was fitted before is not fitted again, and stays where it is: a night known to the state
    folder goes on in its own folder, whatever is asked for.

    Parameters
    ----------
    paths : PathsTable
        With the folder that was asked for.
    night : str or None
        Name of the night; None asks for all that are known.

    Raises
    ------
    BadInput
        Results of the night lie elsewhere; both places and the ways out are named.
    """
    ledger = paths.state / "ledger.sqlite"
    if not ledger.exists():
        return
    for name, folder in _folders(ledger):
        asked = paths.outdir / folder_name(name)
        if name in (night or name,) and folder.resolve() != asked.resolve():
            raise BadInput(
                f"--outdir {paths.outdir}: the results of {name} are in {folder}, by the state "
                f"folder {paths.state}. Leave --outdir out, or give a --config whose [paths] "
                f"state is a new folder: everything is then fitted again"
            )


def _folders(ledger: Path) -> list[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="nmma-outdir-") as scratch:
        copy = Path(scratch) / ledger.name
        copy_ledger(ledger, copy)
        with NightTable(copy) as table:
            return [(name, table.night(name)[0]) for name, _, _ in table.nights()]
