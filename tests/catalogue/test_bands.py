"""The table of bands, in a terminal and in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.catalogue.bands import markdown, table
from nmma_fitter.errors import BadInput

DOCS = Path(__file__).parents[2] / "docs" / "bands.md"


def test_the_docs_hold_the_table_of_the_program() -> None:
    assert markdown() in DOCS.read_text(), "nmma-fitter bands --markdown prints it"


def test_a_line_says_wavelength_difference_and_source() -> None:
    cells = table(["uvot__uvw1", "GOTO L"]).splitlines()
    assert cells[1].split()[:5] == ["uvot::uvw1", "UVOT", "UVW1", "2614", "+1.510"]
    assert "snpy 2.7.4: Swift/UVOT/photonUVW1.dat" in cells[1]
    assert "0, 1, 1, 0 at 4000, 4400, 6850, 7000 Å" in cells[2]


def test_an_unknown_band_is_refused() -> None:
    with pytest.raises(BadInput, match="unknown band 'ztfq'"):
        table(["ztfq"])
