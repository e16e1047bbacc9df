"""KilonovaNet's networks of the kilonova grids (Lukošiūtė et al. 2022, MNRAS 516, 1137)."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.models.torch_file import read_tensors

FloatArray = NDArray[np.float64]

LIGHT = 2.99792458e18  # Å/s
SPHERE = 4 * np.pi * (10 * 3.0856775814913674e18) ** 2  # cm², of 10 pc


def kilonovanet(
    wheel: Path, name: str, points: FloatArray, days: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Spectra of a KilonovaNet network in double precision, its latent variables 0.

    Parameters
    ----------
    wheel : Path
        redback_surrogates, which holds the networks.
    name : str
        ``kasen-bns`` or ``bulla-bns``.
    points : array, shape (points, parameters)
        As the network takes them, before they are scaled.
    days : array, shape (days,)

    Returns
    -------
    wavelengths, spectra : arrays, shapes (wavelengths,) and (points, days, wavelengths)
        Ångström, and erg/s/cm²/Å at 10 pc.
    """
    with zipfile.ZipFile(wheel) as archive:
        folder = "redback_surrogates/surrogate_data/"
        (weights,) = [one for one in archive.namelist() if one.startswith(f"{folder}{name}")]
        tensors = read_tensors(archive.read(weights), name)
        metadata = json.loads(archive.read(f"{folder}metadata_{name.replace('-', '_')}.json"))
    if metadata["wavelengths_style"] == "kasen":
        wavelengths = 10 ** (2.175198139181011 + np.linspace(0, 1, 1629) * 2.8224838828121763)
    else:
        wavelengths = np.linspace(100.0, 99900.0, 500)
    ends = np.array([metadata["x_transforms"][str(i)] for i in range(metadata["input_size"])])
    inputs = np.concatenate(
        [np.repeat(points, len(days), axis=0), np.tile(days, len(points))[:, None]], axis=1
    )
    scaled = (inputs - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
    hidden = np.concatenate([np.zeros((len(scaled), metadata["latent_units"])), scaled], axis=1)
    for layer in (0, 2, 4):
        weight, bias = (tensors[f"decoder.layers.{layer}.{one}"] for one in ("weight", "bias"))
        hidden = hidden @ weight.T.astype(float) + bias
        hidden = np.tanh(hidden) if layer < 4 else 1 / (1 + np.exp(-hidden))
    floor, low, high = metadata["y_transforms"]
    spectra = (10 ** (hidden * (high - low) + low) - floor) / SPHERE
    return wavelengths, spectra.reshape(len(points), len(days), -1)
