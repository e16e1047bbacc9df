"""How far the networks of the kilonova grids may be from the grids: what can be measured here.

``python validation/surrogates.py DATA/kilonova/Bu2025_lc`` prints, for points of the training range
0 to 14 days after the merger that are brighter than -9 mag at 10 pc, what Bu2025's spectra differ
by from the networks that were trained on magnitudes of the same grid (two networks' errors); what a
magnitude at the effective wavelength differs by from one over the bandpass; what Bu2019lm's way
from nine bands to another would err by on Bu2025's spectra; and how rough Bu2019lm's light curves
are from one of its times to the next (a least error: simulations' noise is in it, a bias is not).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from records import markdown

from nmma_fitter import bands, models
from nmma_fitter.models.bu2019lm import Bu2019lm
from nmma_fitter.models.network import evaluate
from nmma_fitter.models.pickled import read_pickle

FloatArray = NDArray[np.float64]

POINTS = 400
TEN_PARSEC = 1e-5  # Mpc
FAINTEST, LATEST = -9.0, 14.0
ZTF = ("ztfg", "ztfr", "ztfi")
DERIVED = (*ZTF, "sdssg", "lssty", "bessellv", "atlasc", "atlaso")


def read(folder: Path, name: str) -> Any:
    """One of the published pickles."""
    return read_pickle((folder / name).read_bytes(), name)


def per_band(folder: Path, band: str, x: FloatArray) -> FloatArray:
    """Magnitudes of the network trained on a band, shape (points, times)."""
    metadata, layers = read(folder, "Bu2025_metadata.pkl"), read(folder, f"Bu2025_{band}.pkl")
    ends = metadata["X_scaler"].state["scaler"].state
    scaled = (x - ends["min_val"]) / (ends["max_val"] - ends["min_val"])
    each = [layers["params"][f"layers_{i}"] for i in range(len(layers["params"]))]
    network = tuple((layer["kernel"], layer["bias"]) for layer in each)
    (svd,) = (one.state for one in metadata["y_scaler"][band].state["scalers"])
    span = svd["scaler"].state
    found = evaluate(network, scaled.astype(np.float32)) @ svd["VA"]
    return np.asarray(found * (span["max_val"] - span["min_val"]) + span["min_val"])


def spectra(x: FloatArray, days: FloatArray, wavelength: float) -> FloatArray:
    """Magnitudes of Bu2025 at 10 pc at source-frame days and one wavelength."""
    model = models.get("Bu2025")
    points = {parameter.name: x[:, i] for i, parameter in enumerate(model.parameters)}
    observed = days * (1 + x[:, 7:])
    lam = np.full(days.size, wavelength)
    return model.magnitudes(points, observed, [], lam, x[:, 7], np.full(len(x), TEN_PARSEC))


def over_band(x: FloatArray, days: FloatArray, band: str) -> FloatArray:
    """Magnitudes of Bu2025 over sncosmo's bandpass, photons counted."""
    import sncosmo

    bandpass = sncosmo.get_bandpass(band)
    lam = np.linspace(bandpass.minwave(), bandpass.maxwave(), 41)
    weight = bandpass(lam) / lam
    flux = np.sum(
        [w * 10 ** (-0.4 * spectra(x, days, at)) for at, w in zip(lam, weight, strict=True)], axis=0
    )
    return np.asarray(-2.5 * np.log10(flux / weight.sum()))


def from_nine(x: FloatArray, days: FloatArray, band: str) -> FloatArray:
    """Magnitudes of Bu2025 in a band, by way of Bu2019lm's nine."""
    grid = Bu2019lm().grid()
    shares = grid.shares(np.full((1, 1), bands.wavelength(band)))[:, 0, 0]
    return np.sum(
        [
            share * spectra(x, days, at)
            for at, share in zip(grid.wavelengths, shares, strict=True)
            if share
        ],
        axis=0,
    )


def row(what: str, band: str, difference: FloatArray) -> list[str]:
    """Median, rms and the limits that hold 68 and 95 % of the differences."""
    rms = np.sqrt(np.mean(difference**2))
    limits = np.quantile(np.abs(difference), [0.68, 0.95])
    numbers = (np.median(difference), rms, *limits)
    return [what, band, *(f"{number:.3f}" for number in numbers)]


def roughness(rng: np.random.Generator) -> list[list[str]]:
    """Scatter of Bu2019lm's magnitudes about the mean of their neighbours in time, per point."""
    grid = Bu2019lm().grid()
    low = np.array([-3.0, -2.0, 15.0, 0.0])
    high = np.array([-1.69897, -0.8860567, 75.0, np.pi / 2])
    x = low + (high - low) * rng.random((2000, 4))
    points = {one.name: x[:, i] for i, one in enumerate(Bu2019lm.parameters)}
    inputs = grid.inputs(points)
    days = grid.days[1:-1]
    rows = []
    for number, band in enumerate(grid.bands):
        curves = grid.curves(number, inputs)
        about = (curves[:, 1:-1] - (curves[:, :-2] + curves[:, 2:]) / 2) / np.sqrt(1.5)
        parts = [(1.5, 3.0), (3.0, 6.0), (6.0, 10.0), (10.0, 20.0)]
        found = [np.sqrt(np.mean(about[:, (days >= a) & (days < b)] ** 2)) for a, b in parts]
        rows.append([band, *(f"{one:.3f}" for one in found)])
    return rows


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", type=Path, help="folder of the per-band networks of Bu2025")
    folder = parser.parse_args().networks
    metadata = read(folder, "Bu2025_metadata.pkl")
    ends = metadata["X_scaler"].state["scaler"].state
    low, high, days = ends["min_val"].astype(float), ends["max_val"], metadata["times"]
    rng = np.random.default_rng(3)
    x = low + (high - low) * rng.random((POINTS, 8))
    x[:, 6], x[:, 7] = np.arccos(rng.random(POINTS)), 0.02 * rng.random(POINTS)
    rows = []
    for band in dict.fromkeys(ZTF + DERIVED):
        at_one = spectra(x, days, bands.wavelength(band))
        counted = (at_one < FAINTEST) & (days < LATEST)
        if band in ZTF:
            theirs, whole = per_band(folder, band, x), over_band(x, days, band)
            rows.append(row("per-band networks - spectra", band, (theirs - at_one)[counted]))
            rows.append(
                row("over the bandpass - at one wavelength", band, (whole - at_one)[counted])
            )
        derived = (from_nine(x, days, band) - at_one)[counted & (days > 1)]
        rows.append(row("from nine bands - direct", band, derived))
    print(markdown(["difference, mag", "band", "median", "rms", "68 %", "95 %"], rows))
    header = ["Bu2019lm, mag rms", "1.5-3 d", "3-6 d", "6-10 d", "10-20 d"]
    print("\n" + markdown(header, roughness(rng)))


if __name__ == "__main__":
    main()
