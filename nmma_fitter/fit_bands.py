"""Which bands enter a fit: those that were chosen, and that some model of the fit can predict."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from nmma_fitter.candidates.lightcurve import LightCurve, select
from nmma_fitter.errors import BadInput, Unavailable, UnsupportedData
from nmma_fitter.fit_request import FitRequest, available_model
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.nmma_engine import place


def chosen_rows(lightcurve: LightCurve, settings: FitSettings) -> tuple[LightCurve, str]:
    """Rows in the bands that the settings choose, and what to say of the others.

    Raises
    ------
    BadInput
        When none is left.
    """
    there = sorted(set(lightcurve.band.tolist()))
    only = set(settings.only_bands or there) - set(settings.without_bands)
    unwanted = [band for band in there if band not in only]
    if len(unwanted) == len(there):
        raise BadInput(
            f"{lightcurve.name}: its bands are {', '.join(there)}, and none is chosen; change "
            "--bands and --not-bands (only_bands, without_bands)"
        )
    return without(lightcurve, unwanted), _left_out(lightcurve, unwanted, "in bands not chosen")


def without(lightcurve: LightCurve, bands: Collection[str]) -> LightCurve:
    """The light curve without some bands."""
    if not bands:
        return lightcurve
    return select(lightcurve, ~np.isin(lightcurve.band, sorted(bands)))


def _left_out(lightcurve: LightCurve, bands: Sequence[str], why: str) -> str:
    if not bands:
        return ""
    counts = [f"{band} ({int((lightcurve.band == band).sum())})" for band in bands]
    return f"left out rows {why}: {', '.join(counts)}"


def predictable(requests: Sequence[FitRequest]) -> tuple[list[FitRequest], str]:
    """The fits of one object without rows that no model of theirs can predict, and what to say.

    The rows go for all models alike, so that what is compared stays the same data. Where rows in a
    band can be predicted by some, the others are refused later, with that as the reason.
    """
    there = sorted({str(band) for one in requests for band in one.lightcurve.band})
    lost = [band for band in there if not any(_predicts(one, band) for one in requests)]
    if not lost or len(lost) == len(there):
        return list(requests), ""
    note = _left_out(requests[0].lightcurve, lost, "in bands that no model here can predict")
    found = [
        replace(one, lightcurve=without(one.lightcurve, lost), notes=(*one.notes, note))
        for one in requests
    ]
    return found, note


def _predicts(request: FitRequest, band: str) -> bool:
    """Whether a model predicts a band, or cannot be asked since its data are not here."""
    try:
        if request.by_nmma:
            place.check_fit(request.model, (band,), request.nmma)
        else:
            available_model(request.model, request.settings.model_options).check_bands([band])
    except UnsupportedData:
        return False
    except Unavailable:
        return False
    return True
