"""``nmma-fitter bands``: parse, call, exit status."""

from __future__ import annotations

from typing import Annotated

import typer


def bands_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[BAND]...", help="By default all.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table of the docs.")] = False,
) -> None:
    """List the known bands: name, wavelength, AB minus Vega, source of the curve."""
    from nmma_fitter.catalogue import bands

    print(bands.markdown() if markdown else bands.table(names or []))
