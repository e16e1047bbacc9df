"""The light curves agree with NMMA 1.0.1's own functions, where these are installed."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.catalogue.references import read_cases
from nmma_fitter.models import extinction
from nmma_fitter.models.base import FloatArray

from .conftest import columns, predict

LAMBDA = np.array([4813.95, 6421.81, 7883.03])
TOLERANCE = 0.01
REDSHIFT = 0.05
# A_λ per E(B-V) of NMMA 1.0.1's SMC curve
SMC = {
    1500.0: 12.852956,
    2500.0: 6.929879,
    3500.0: 4.804763,
    4814.0: 3.329563,
    6422.0: 2.245934,
    7883.0: 1.636841,
    12000.0: 0.796108,
    22000.0: 0.257598,
}


def points(name: str) -> dict[str, FloatArray]:
    return dict(read_cases(name)[0].parameters)


def test_smc_dust_up_to_its_r_v() -> None:
    ratio = extinction.pei92_smc(np.array(list(SMC))) / np.array(list(SMC.values()))
    np.testing.assert_allclose(ratio, (1 + 1 / 2.93) / (1 + 1 / 3.08), rtol=1e-5)


@pytest.mark.nmma
@pytest.mark.skipif(importlib.util.find_spec("nmma") is None, reason="NMMA is not installed")
class TestLive:
    """With NMMA's own functions at hand; their numbers are kept for `nmma-fitter models check`."""

    def test_piro2021(self) -> None:
        generation = importlib.import_module("nmma.em.lightcurve_generation")
        nu = 299792458.0 / (LAMBDA * 1e-10) * (1 + REDSHIFT)
        days = np.array([0.05, 0.2, 0.6, 1.0, 2.0, 3.4])
        theirs = []
        for point in _rows(points("Piro2021")):
            curves = generation.sc_lc(*generation.sc_bol_lc(days, point, True), nu, ["g", "r", "i"])
            theirs.append([curves[band] for band in ("g", "r", "i")])
        model = models.get("Piro2021", normalisation="nmma")
        ours = predict(model, points("Piro2021"), days * (1 + REDSHIFT), LAMBDA, REDSHIFT, 1e-5)
        undimmed = ours + 2.5 * np.log10(1 + REDSHIFT)
        np.testing.assert_allclose(undimmed, np.array(theirs, dtype=float), atol=TOLERANCE)

    def test_me2017(self) -> None:
        generation = importlib.import_module("nmma.em.lightcurve_generation")
        nu = 299792458.0 / (LAMBDA * 1e-10)
        grid = np.geomspace(0.02, 10, 120)
        point = _rows(points("Me2017"))[0]
        with np.errstate(all="ignore"):
            curves = generation.eff_metzger_lc(grid, point, nu, ["g", "r", "i"])
        model = models.get("Me2017", integrator="nmma", normalisation="nmma")
        ours = predict(model, columns([point]), grid, LAMBDA, 0.0, 1e-5)[0]
        theirs = np.array([curves[band] for band in ("g", "r", "i")])
        np.testing.assert_allclose(ours[:, 1:-1], theirs[:, 1:-1], atol=TOLERANCE)


def _rows(of: dict[str, FloatArray]) -> list[dict[str, float]]:
    return [dict(zip(of, map(float, row), strict=True)) for row in zip(*of.values(), strict=True)]
