"""nugent-hyper against sncosmo itself, and against the formula of NMMA 0.2.3, both without dust.

NMMA 0.2.3 (``nmma/em/utils.py``, ``sn_lc``) takes the AB magnitude of sncosmo's flux at one
wavelength, -2.5 log10(3.34e4 λ² f_λ) + 8.9. Its scale, a peak in Vega's V, is left out: the two
may differ by a constant. NMMA 1.0.1 ignores magnitude and distance; `nmma.py` compares with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from nmma_cases import Epochs, FloatArray, Record, flat, plain, points_of

SNCOSMO, FORMULA = "sncosmo", "NMMA 0.2.3's formula"
DRAWS = 1000


def comparison(against: str, epochs: list[Epochs]) -> Record:
    """Magnitudes of draws of the prior at real epochs and bands, ours and theirs."""
    import sncosmo

    from nmma_fitter import models
    from nmma_fitter.models.observed import Prediction

    theirs = {SNCOSMO: _by_sncosmo, FORMULA: _by_formula}[against]
    photometry = "bandpass" if against == SNCOSMO else "monochromatic"
    template = sncosmo.Model(source="nugent-hyper")
    model = models.get("nugent-hyper", photometry=photometry)
    found: dict[str, list[list[float | None]]] = {"ours": [], "theirs": []}
    for point in points_of("nugent-hyper", DRAWS, epochs):
        own = {**point["parameters"], "Ebv": 0.0}
        days, bands = np.array(point["days"]), point["bands"]
        predict = Prediction(model, days, bands)
        magnitudes = predict({name: np.array([value]) for name, value in own.items()})[0]
        with np.errstate(all="ignore"):
            others = theirs(template, own, days - own["timeshift"], bands)
        if against == FORMULA:
            magnitudes = magnitudes - own["supernova_mag_boost"] - _modulus(own)
        found["ours"].append(plain(magnitudes))
        found["theirs"].append(plain(np.where(days > own["timeshift"], others, np.inf)))
    columns = {name: flat(rows) for name, rows in found.items()}
    return {"model": "nugent-hyper", "against": against, "draws": DRAWS, **columns}


def _modulus(own: Record) -> float:
    return 5 * float(np.log10(own["luminosity_distance"])) + 25


def _redshift(own: Record) -> float:
    from astropy import units
    from astropy.cosmology import Planck18, z_at_value

    distance = own["luminosity_distance"] * units.Mpc
    return float(z_at_value(Planck18.luminosity_distance, distance))


def _by_sncosmo(template: Any, own: Record, since: FloatArray, bands: list[str]) -> FloatArray:
    peak = -19.0 + own["supernova_mag_boost"] + _modulus(own)
    template.set(z=_redshift(own), t0=0.0)
    template.set_source_peakmag(peak, "sdssu", "ab")
    return np.asarray(template.bandmag(bands, "ab", since))


def _by_formula(template: Any, own: Record, since: FloatArray, bands: list[str]) -> FloatArray:
    from nmma_fitter.bands import wavelength

    template.set(z=_redshift(own), t0=0.0, amplitude=1.0)
    flux = [
        template.flux(day, [wavelength(band)])[0] for day, band in zip(since, bands, strict=True)
    ]
    angstrom = np.array([wavelength(band) for band in bands])
    return np.asarray(-2.5 * np.log10(3.34e4 * angstrom**2 * np.array(flux)) + 8.9)
