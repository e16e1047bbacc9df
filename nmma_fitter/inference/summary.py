"""What a ranking needs of a result, read without what made it.

Rankings are read by every command, so nothing here imports numpy or scipy, which take a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.errors import BadInput

Comparability = dict[str, str | float | bool]

MODEL_ERROR = "model_error"  # the one entry of it that belongs to a model
SECTION = "nmma_fitter"  # of the result's meta_data


@dataclass(frozen=True)
class Quality:
    """How well the best fit and the posterior describe the data.

    Attributes
    ----------
    n_detections, n_limits : int
        Rows in the likelihood, repeated ones counted once.
    chi2_photometric, chi2_total : float or None
        Of the detections at the best fit, with photometric errors alone and with the systematic
        one; None where an error is 0 or there is no detection.
    rms : float or None
        Root mean square residual of the detections at the best fit, mag.
    limits_violated : int
        Upper limits that are fainter than the best fit, which should have been detected.
    p_value : float
        Posterior predictive p-value (see `predictive_p_value`).
    information : float
        Kullback-Leibler divergence from prior to posterior, nats.
    outside_validity : float or None
        Share of (posterior sample, row) pairs outside the model's validity; None if not given.
    """

    n_detections: int
    n_limits: int
    chi2_photometric: float | None
    chi2_total: float | None
    rms: float | None
    limits_violated: int
    p_value: float
    information: float
    outside_validity: float | None


@dataclass(frozen=True)
class Summary:
    """What a ranking needs of one result.

    Attributes
    ----------
    object_name, model, kind, data_digest, comparability, quality
        As in `FitRecord`.
    log_z, log_z_err : float
        ln evidence and its error.
    converged, reason
        As in `SamplerResult`.
    evaluations : int
    seconds : float
    engine : str
        Who fitted: ``fast`` or ``nmma``.
    """

    object_name: str
    model: str
    kind: str
    data_digest: str
    comparability: Comparability
    quality: Quality
    log_z: float
    log_z_err: float
    converged: bool
    reason: str
    evaluations: int
    seconds: float
    engine: str = "fast"


def read_summary(path: Path) -> Summary:
    """Read what a ranking needs from a result file, without importing bilby.

    Raises
    ------
    BadInput
        When the file is not a result of this package.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return _summary(stored, stored["meta_data"][SECTION])
    except OSError as error:
        raise BadInput(f"{path}: cannot read the result: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: not a result of nmma-fit ({error!r}); fit again") from error


def _summary(stored: Mapping[str, Any], ours: Mapping[str, Any]) -> Summary:
    return Summary(
        object_name=str(ours["object_name"]),
        model=str(ours["model"]),
        kind=str(ours["kind"]),
        data_digest=str(ours["data_digest"]),
        comparability=dict(ours["comparability"]),
        quality=Quality(**ours["quality"]),
        log_z=float(stored["log_evidence"]),
        log_z_err=float(stored["log_evidence_err"]),
        converged=bool(ours["converged"]),
        reason=str(ours["reason"]),
        evaluations=int(stored["num_likelihood_evaluations"]),
        seconds=float(ours["seconds"]),
        engine=str(ours["settings"].get("engine", "fast")),
    )
