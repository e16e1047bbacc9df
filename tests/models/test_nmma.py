"""The light curves agree with NMMA 1.0.1's own."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.models import extinction
from nmma_fitter.models.base import FloatArray, Model

from .conftest import columns, predict

TOLERANCE = 0.01


def difference(model: Model, reference: dict[str, Any], name: str, days: FloatArray) -> FloatArray:
    common, table = reference["common"], reference[name]
    ours = predict(
        model,
        columns(table["parameters"]),
        days,
        np.array(common["wavelengths"]),
        common["redshift"],
        common["distance"],
    )
    theirs = np.array(table["magnitudes"], dtype=float)
    if "keep" in table:
        ours = ours[:, :, table["keep"]]
    # what is nan or infinite there is too faint for anything here
    assert np.all(ours[~np.isfinite(theirs)] > 100)
    return np.abs(ours - theirs)[np.isfinite(theirs)]


def test_piro2021(reference: dict[str, Any]) -> None:
    days = np.array(reference["Piro2021"]["days"]) * (1 + reference["common"]["redshift"])
    model = models.get("Piro2021", normalisation="nmma")
    assert difference(model, reference, "Piro2021", days).max() < TOLERANCE


def test_me2017_with_its_integrator_on_its_grid(reference: dict[str, Any]) -> None:
    grid = np.geomspace(*reference["Me2017"]["grid"]) * (1 + reference["common"]["redshift"])
    model = models.get("Me2017", integrator="nmma", normalisation="nmma")
    assert difference(model, reference, "Me2017", grid).max() < TOLERANCE


@pytest.mark.parametrize("jet", ["gaussian", "tophat"])
def test_trpi2018_at_its_resolution(reference: dict[str, Any], jet: str) -> None:
    name = {"gaussian": "TrPi2018", "tophat": "TrPi2018_tophat"}[jet]
    model = models.get("TrPi2018", jet=jet, latRes=5, tRes=1000, rtol=0.01)
    days = np.array(reference[name]["days"])
    assert difference(model, reference, name, days).max() < TOLERANCE


def test_smc_dust_up_to_its_r_v(reference: dict[str, Any]) -> None:
    table = reference["smc"]
    ratio = extinction.pei92_smc(np.array(table["wavelengths"])) / np.array(table["A_per_ebv"])
    np.testing.assert_allclose(ratio, (1 + 1 / 2.93) / (1 + 1 / 3.08), rtol=1e-5)


@pytest.mark.nmma
@pytest.mark.skipif(importlib.util.find_spec("nmma") is None, reason="NMMA is not installed")
class TestLive:
    def test_piro2021(self, reference: dict[str, Any]) -> None:
        generation = importlib.import_module("nmma.em.lightcurve_generation")
        table, common = reference["Piro2021"], reference["common"]
        nu = 299792458.0 / (np.array(common["wavelengths"]) * 1e-10) * (1 + common["redshift"])
        days = np.array(table["days"])
        theirs = []
        for point in table["parameters"][::2]:
            curves = generation.sc_lc(*generation.sc_bol_lc(days, point, True), nu, ["g", "r", "i"])
            theirs.append([curves[band] for band in ("g", "r", "i")])
        ours = predict(
            models.get("Piro2021", normalisation="nmma"),
            columns(table["parameters"][::2]),
            days * (1 + common["redshift"]),
            np.array(common["wavelengths"]),
            common["redshift"],
            1e-5,
        )
        undimmed = ours + 2.5 * np.log10(1 + common["redshift"])
        np.testing.assert_allclose(undimmed, theirs, atol=TOLERANCE)

    def test_me2017(self, reference: dict[str, Any]) -> None:
        generation = importlib.import_module("nmma.em.lightcurve_generation")
        table, common = reference["Me2017"], reference["common"]
        nu = 299792458.0 / (np.array(common["wavelengths"]) * 1e-10)
        grid = np.geomspace(0.02, 10, 120)
        point = table["parameters"][0]
        with np.errstate(all="ignore"):
            curves = generation.eff_metzger_lc(grid, point, nu, ["g", "r", "i"])
        ours = predict(
            models.get("Me2017", integrator="nmma", normalisation="nmma"),
            columns([point]),
            grid,
            np.array(common["wavelengths"]),
            0.0,
            1e-5,
        )[0]
        theirs = np.array([curves[band] for band in ("g", "r", "i")])
        np.testing.assert_allclose(ours[:, 1:-1], theirs[:, 1:-1], atol=TOLERANCE)
