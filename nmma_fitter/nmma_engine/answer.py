"""From NMMA's answer to the result that every fit leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import GARBLED, NotConverged
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.nmma_engine.process import NmmaFailed
from nmma_fitter.nmma_engine.task import NMMA_NAMES

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

FloatArray = NDArray[np.float64]
FEWEST = 100  # samples, below which a posterior says nothing


def sampled_by_nmma(
    result: Path,
    answer: Mapping[str, Any],
    priors: PriorDict,
    settings: SamplerSettings,
    bands: NDArray[np.str_],
    extinction: FloatArray,
    *,
    seconds: float,
    resumed: bool,
) -> SamplerResult:
    """What NMMA found.

    Parameters
    ----------
    result : Path
        NMMA's ``fit_result.json``.
    answer : mapping
        Of `inside/run_nmma.py`.
    priors : PriorDict
    settings : SamplerSettings
        With the seed and the live points.
    bands : array of str, shape (rows,)
        Of the window's rows.
    extinction : array, shape (rows,)
        By the Milky Way in mag, from which NMMA's data were freed.
    seconds : float
        Of the run, for a result that does not say.
    resumed : bool

    Raises
    ------
    NmmaFailed
        The files are not what NMMA writes.
    NotConverged
        The posterior has too few samples.
    """
    try:
        stored = json.loads(result.read_text(encoding="utf-8"))
        posterior = {n: np.array(v, dtype=float) for n, v in stored["posterior"]["content"].items()}
        log_l = posterior["log_likelihood"]
        samples = {name: _column(posterior, name, len(log_l)) for name in priors}
        log_z, log_z_err = float(stored["log_evidence"]), float(stored["log_evidence_err"])
        # NMMA counts no calls before a resume; bilby does.
        evaluations = max(int(answer["calls"]), _number(stored, "num_likelihood_evaluations"))
        magnitudes = by_row(answer["magnitudes"]["rows"], bands) + extinction
        seconds = max(seconds, _number(stored, "sampling_time"))
    except (OSError, *GARBLED) as error:
        raise NmmaFailed(f"{result}: not a result of NMMA ({error!r})") from None
    if len(log_l) < FEWEST or not math.isfinite(log_z):
        raise NotConverged(
            f"NMMA: {len(log_l)} posterior samples, ln Z {log_z}; more live points may help"
        )
    keys = tuple(name for name in priors if not _fixed(priors[name]))
    best = int(np.argmax(log_l))
    return SamplerResult(
        keys=keys,
        cube=np.column_stack([np.asarray(priors[key].cdf(samples[key])) for key in keys]),
        samples=samples,
        log_l=log_l,
        best={name: float(values[best]) for name, values in samples.items()},
        best_log_l=float(log_l[best]),
        log_z=log_z,
        log_z_err=log_z_err,
        ess=float(len(log_l)),
        information=float(np.mean(log_l)) - log_z,
        evaluations=evaluations,
        evaluations_before_resume=0,
        n_invalid=0,
        seconds=seconds,
        resumed=resumed,
        converged=True,
        reason=f"{stored.get('sampler', 'its sampler')} ended by its own criterion",
        settings=settings,
        resumes=int(resumed),
        method=f"{stored.get('sampler', '')} in NMMA {answer['versions']['nmma']}".strip(),
        magnitudes=magnitudes[1:],
        best_magnitudes=magnitudes[0],
    )


def _column(posterior: Mapping[str, FloatArray], name: str, size: int) -> FloatArray:
    """A parameter of ours; a fixed one may be missing with NMMA, or be a single value."""
    found = posterior[NMMA_NAMES.get(name, name)]
    return np.broadcast_to(found, (size,)).copy()


def _fixed(prior: Any) -> bool:
    return bool(getattr(prior, "is_fixed", False))


def _number(stored: Mapping[str, Any], name: str) -> int:
    value = stored.get(name)
    if isinstance(value, Mapping):  # a time span, as bilby stores it
        value = value.get("__total_seconds__")
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def by_row(found: Sequence[Mapping[str, Sequence[float | None]]], bands: Any) -> FloatArray:
    """Magnitudes by band as rows of the light curve, shape (points, rows); no light is +inf."""
    rows = np.full((len(found), len(bands)), np.inf)
    for number, point in enumerate(found):
        for band, values in point.items():
            rows[number, bands == band] = [np.inf if v is None else v for v in values]
    return rows
