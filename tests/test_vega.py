from __future__ import annotations

import pytest

from nmma_fitter.errors import BadInput
from nmma_fitter.vega import ab_minus_vega


@pytest.mark.parametrize(("band", "offset"), [("bessellux", 0.79), ("2massks", 1.85)])
def test_vega_magnitudes_have_the_offsets_of_blanton_and_roweis(band, offset):
    assert ab_minus_vega(band) == pytest.approx(offset, abs=0.02)


def test_a_band_without_an_offset_is_refused():
    with pytest.raises(BadInput, match="ps1::w"):
        ab_minus_vega("ps1::w")
