"""The table of bands as text for a terminal and for the docs."""

from __future__ import annotations

from collections.abc import Sequence

from nmma_fitter.band_table import ALL, Band
from nmma_fitter.bands import canonical
from nmma_fitter.vega import DIFFERENCES

_HEADER = ("band", "name", "wavelength (Å)", "AB - Vega", "curve")


def table(names: Sequence[str] = ()) -> str:
    """One line a band: wavelength, m(AB) - m(Vega) where it is published, source of the curve.

    Parameters
    ----------
    names : sequence of str
        Written in any of the ways of `bands.canonical`; all bands without any.

    Raises
    ------
    BadInput
        A name is unknown.
    """
    chosen = list(dict.fromkeys(canonical(name) for name in names)) or list(ALL)
    rows = [_HEADER, *(_row(band, ALL[band]) for band in chosen)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    lines = ("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def markdown() -> str:
    """All bands as a table of Markdown."""
    rows = [_row(name, band) for name, band in ALL.items()]
    lines = [_HEADER, ("---",) * len(_HEADER), *(tuple(_coded(row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _coded(row: tuple[str, ...]) -> list[str]:
    return [f"`{row[0]}`", *row[1:]]


def _row(name: str, band: Band) -> tuple[str, ...]:
    difference = DIFFERENCES.get(name)
    vega = f"{difference.mag:+.3f}" if difference else ""
    note = f" ({band.note})" if band.note else ""
    return (name, band.label, f"{band.wavelength:.0f}", vega, _curve(band.curve) + note)


def _curve(source: str) -> str:
    edges = source.split()
    if ":" in source:
        return source
    if len(edges) == 2:
        return f"1 from {edges[0]} to {edges[1]} Å"
    return f"0, 1, 1, 0 at {', '.join(edges)} Å"
