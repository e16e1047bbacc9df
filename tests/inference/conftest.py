from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter.candidates.lightcurve import LightCurve

sys.path.insert(0, str(Path(__file__).parent))  # shared by this folder's test modules

MakeLightCurve = Callable[..., LightCurve]


@pytest.fixture(scope="session")
def light_curve() -> MakeLightCurve:
    """Build a light curve of rows (mjd, band, mag, err, limit); mag nan is a limit."""

    def make(*rows: tuple[float, str, float, float, float], times: int = 1) -> LightCurve:
        mjd, band, mag, err, limit = zip(*rows, strict=True)
        return LightCurve(
            name="ZTF22test",
            mjd=np.array(mjd, dtype=float),
            band=np.array(band),
            mag=np.array(mag, dtype=float),
            mag_err=np.array(err, dtype=float),
            limit=np.array(limit, dtype=float),
            multiplicity=np.full(len(rows), times),
            **{key: np.full(len(rows), np.nan) for key in ("flux", "flux_err")},
            **{key: np.full(len(rows), "") for key in ("instrument", "baseline")},
            baseline_err=np.zeros(len(rows)),
        )

    return make
