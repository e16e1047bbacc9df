"""``nmma-fitter stats``: what came in, what was fitted, how long it took, what failed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nmma_fitter.engine.ledger_statistics import Statistics


def stats(
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also draw PNG files in this folder.")
    ] = None,
) -> None:
    """Show candidates and fits a day, failures and times.

    A tick in progress is not disturbed. Exit status: 2 when there is nothing to show.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.delivery import statistics as words

    found = read_statistics(load_config(config).paths.state / "ledger.sqlite")
    print(json.dumps(words.as_json(found), indent=1) if as_json else words.as_text(found))
    if plots is not None:
        from nmma_fitter.delivery.plots.statistics import plot_statistics

        plots.mkdir(parents=True, exist_ok=True)
        drawn = plot_statistics(plots, found)
        if not as_json:
            print("\n" + "\n".join(map(str, drawn)))


def read_statistics(ledger: Path) -> Statistics:
    """Count what a ledger holds, from a copy.

    Raises
    ------
    BadInput
        There is no ledger.
    LockHeld
        A tick has been writing the ledger for a minute.
    """
    from nmma_fitter.engine.ledger_copy import copy_ledger
    from nmma_fitter.engine.ledger_statistics import StatisticsTable
    from nmma_fitter.errors import BadInput

    if not ledger.exists():
        raise BadInput(f"{ledger}: no tick has been here yet; run make-jobs first")
    with tempfile.TemporaryDirectory(prefix="nmma-stats-") as folder:
        copy = Path(folder) / "ledger.sqlite"
        copy_ledger(ledger, copy)
        with StatisticsTable(copy) as table:
            return table.statistics()
