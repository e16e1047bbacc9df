"""``nmma-fitter formats`` and ``show``: parse, call, exit status."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nmma_fitter.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def formats(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for documents.")] = False,
) -> None:
    """List the light-curve formats that are read, with their columns.

    A file is recognised by what it says, not by its name; `nmma-fitter show FILE` tells.
    """
    from nmma_fitter.candidates.formats import FORMATS
    from nmma_fitter.catalogue.listing import terminal_width
    from nmma_fitter.photometry_view import formats_markdown, formats_table

    if as_json:
        rows = [{"name": f.name, "title": f.title, "columns": f.columns} for f in FORMATS]
        print(json.dumps(rows, indent=1))
    elif markdown:
        print(formats_markdown(FORMATS))
    else:
        print(formats_table(FORMATS, terminal_width()))


def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Light curves.")],
    rows: Annotated[bool, typer.Option("--rows", help="Print every measurement.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw it; of one light curve.")
    ] = None,
    letters_of: Annotated[
        str, typer.Option("--letters-of", help="Survey of bare g, r, i where no column says.")
    ] = "ztf",
    significance: Annotated[
        float, typer.Option(min=0, max=100, help="Signal over noise of a detection.")
    ] = 3.0,
    as_json: Json = False,
) -> None:
    """Print what is read of light curves, without a fit.

    Format, object, counts by band, day zero, and what was left out, converted or merged. Exit
    status: 0; 2 when a file cannot be used.
    """
    from nmma_fitter.catalogue.listing import terminal_width
    from nmma_fitter.photometry_view import as_json as plain
    from nmma_fitter.photometry_view import as_text, draw, view_of

    if plot is not None and len(files) > 1:
        raise BadInput("--plot draws one light curve; give one file with it")
    found, status = [], 0
    for path in files:
        try:
            with _quiet():
                view = view_of(path, bands=letters_of, significance=significance)
        except BadInput as error:
            print(f"nmma-fitter: {error}", file=sys.stderr)
            status = error.exit_status
            continue
        found.append(plain(view))
        if not as_json:
            print(as_text(view, terminal_width(), rows=rows))
        if plot is not None:
            draw(view, plot)
            print(f"wrote {plot}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(found, indent=1))
    raise typer.Exit(status)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing of a file whose notes are printed."""
    log = logging.getLogger("nmma_fitter")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
