"""Magnitudes by other codes that ship with the package, one file a model.

``validation/references.py`` makes them. Each file is JSON: ``model``, ``command`` and ``cases``; a
case holds what `Case` says, parameters by name, ``null`` for a magnitude that is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter import bands as band_table
from nmma_fitter.errors import GARBLED, BadInput
from nmma_fitter.models import Model

FloatArray = NDArray[np.float64]

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, eq=False)
class Case:
    """Magnitudes of one code at some points, and how the model here is to be evaluated for them.

    Attributes
    ----------
    by : str
        Which code made them, and how.
    options : mapping
        The model's, as `nmma_fitter.models.get` takes them.
    tolerance : float
        Largest difference, mag, that is no difference.
    redshift, distance : float
        Of all points; the distance in Mpc.
    parameters : mapping of name to array, shape (points,)
    bands : tuple of str, length observations
    wavelengths : array, shape (observations,)
        Ångström, observer's frame.
    days : array, shape (observations,)
        Since the explosion, observer's frame.
    magnitudes : array, shape (points, observations)
        Without dust; nan where none is compared.
    """

    by: str
    options: Mapping[str, Any]
    tolerance: float
    redshift: float
    distance: float
    parameters: Mapping[str, FloatArray]
    bands: tuple[str, ...]
    wavelengths: FloatArray
    days: FloatArray
    magnitudes: FloatArray

    def evaluated(self, model: Model) -> FloatArray:
        """What a model says of the same points and observations, shape (points, observations)."""
        points = len(self.magnitudes)
        with np.errstate(all="ignore"):
            return model.magnitudes(
                self.parameters,
                np.broadcast_to(self.days, self.magnitudes.shape),
                self.bands,
                self.wavelengths,
                np.full(points, self.redshift),
                np.full(points, self.distance),
            )


def read_cases(model: str, folder: Path = FOLDER) -> list[Case]:
    """The references of a model; none where it has no file.

    Raises
    ------
    BadInput
        The file is not what `validation/references.py` writes.
    """
    path = folder / f"{model}.json"
    if not path.is_file():
        return []
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return [_case(one) for one in stored["cases"]]
    except (BadInput, ValueError, *GARBLED) as error:
        raise BadInput(
            f"{path} holds no reference magnitudes ({type(error).__name__}: {error}); "
            "install again, or make it again by validation/references.py"
        ) from None


def _case(stored: Mapping[str, Any]) -> Case:
    bands = tuple(str(band) for band in stored["bands"])
    wavelengths = stored.get("wavelengths") or [band_table.wavelength(band) for band in bands]
    parameters = {k: np.array(v, dtype=float) for k, v in stored["parameters"].items()}
    magnitudes = np.array(stored["magnitudes"], dtype=float)
    shape = (len(next(iter(parameters.values()))), len(bands))
    if magnitudes.shape != shape or not np.isfinite(magnitudes).any():
        raise ValueError(f"magnitudes of shape {magnitudes.shape}, not {shape}, or none at all")
    if not len(stored["days"]) == len(wavelengths) == len(bands):
        raise ValueError("not as many days and wavelengths as bands")
    return Case(
        by=str(stored["by"]),
        options=dict(stored["options"]),
        tolerance=float(stored["tolerance"]),
        redshift=float(stored["redshift"]),
        distance=float(stored["distance"]),
        parameters=parameters,
        bands=bands,
        wavelengths=np.array(wavelengths, dtype=float),
        days=np.array(stored["days"], dtype=float),
        magnitudes=magnitudes,
    )
