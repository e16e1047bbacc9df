"""The table of photometric bands that ships: one row each of ``data/bands.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

TABLE: Final = Path(__file__).parent / "data" / "bands.csv"


class Band(NamedTuple):
    """A band of the table.

    Attributes
    ----------
    label : str
        Its name in pictures and tables: ``ZTF g``, ``V``, ``UVOT UVW2``.
    letter : str
        Letter of the style in which it is drawn, of the nearest in wavelength if it has none.
    wavelength : float
        Effective wavelength in ångström.
    vega : float
        AB magnitude of Vega through the shipped curve (CALSPEC's alpha_lyr_stis_011).
    curve : str
        Where the shipped curve comes from: package, version and file, or the wavelengths (Å) at
        which a trapezoid is 0, 1, 1 and 0.
    note : str
        What was done to that curve, or the paper from which the wavelengths are.
    """

    label: str
    letter: str
    wavelength: float
    vega: float
    curve: str
    note: str


def _read() -> dict[str, Band]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {
        band: Band(label, letter, float(wavelength), float(vega), curve, note)
        for band, label, letter, wavelength, vega, curve, note in rows
    }


ALL: Final[Mapping[str, Band]] = MappingProxyType(_read())
"""Every known band, by its canonical name (sncosmo's where it has one)."""
