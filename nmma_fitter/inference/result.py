"""Results on disk: bilby's JSON, NMMA's posterior table, and a summary cheap to read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import BadInput
from nmma_fitter.inference.checkpoint import replace_synced
from nmma_fitter.inference.distributions import Priors, as_bilby_json
from nmma_fitter.inference.likelihood import Comparability
from nmma_fitter.inference.priors import log_prior
from nmma_fitter.inference.quality import Quality
from nmma_fitter.inference.sampled import SamplerResult

FloatArray = NDArray[np.float64]

SECTION = "nmma_fitter"  # of the result's meta_data
FORMAT = 1
PRIOR_DICT = {
    "__prior_dict__": True,
    "__module__": "bilby.core.prior.dict",
    "__name__": "PriorDict",
}


@dataclass(frozen=True)
class FitRecord:
    """What a result says of its fit, besides the sampling; plain JSON values in the mappings.

    Attributes
    ----------
    object_name, model, kind : str
    data_digest : str
    comparability : mapping
        Of `Likelihood.comparability`.
    quality : Quality
    settings : mapping
        The resolved settings of the fit.
    versions : mapping of name to version
        Packages, and the model's physics.
    merged : sequence of mappings
        Rows that were merged into others, and from which.
    """

    object_name: str
    model: str
    kind: str
    data_digest: str
    comparability: Comparability
    quality: Quality
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    merged: Sequence[Mapping[str, Any]] = ()


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


def _stored(
    sampled: SamplerResult, priors: Priors, record: FitRecord, posterior: Mapping[str, FloatArray]
) -> dict[str, Any]:
    """What bilby itself stores of a result and reads back; its label is the model.

    Put together here since bilby takes most of a second to import, and astropy's units to encode.
    """
    labels = [priors[key].latex_label for key in sampled.keys]
    units = [priors[key].unit for key in sampled.keys]
    return {
        "label": record.model,
        "outdir": ".",
        "sampler": sampled.method,
        "log_evidence": sampled.log_z,
        "log_evidence_err": sampled.log_z_err,
        "log_noise_evidence": math.nan,
        "log_bayes_factor": math.nan,
        "posterior": {
            "__dataframe__": True,
            "content": {key: values.tolist() for key, values in posterior.items()},
        },
        "injection_parameters": None,
        "meta_data": {SECTION: _meta_data(sampled, record)},
        "search_parameter_keys": list(sampled.keys),
        "fixed_parameter_keys": [key for key in priors if key not in sampled.keys],
        "constraint_parameter_keys": [],
        "sampling_time": {"__timedelta__": True, "__total_seconds__": round(sampled.seconds, 6)},
        "sampler_kwargs": asdict(sampled.settings),
        "use_ratio": False,
        "information_gain": sampled.information,
        "num_likelihood_evaluations": sampled.evaluations,
        "parameter_labels": labels,
        "parameter_labels_with_unit": [
            label if unit is None else f"{label} [{unit}]"
            for label, unit in zip(labels, units, strict=True)
        ],
        "version": f"bilby={version('bilby')}",
        "priors": {key: as_bilby_json(prior) for key, prior in priors.items()} | PRIOR_DICT,
    }


def _meta_data(sampled: SamplerResult, record: FitRecord) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **asdict(record),
        "seed": sampled.settings.seed,
        "converged": sampled.converged,
        "reason": sampled.reason,
        "effective_sample_size": sampled.ess,
        "tail_shape": sampled.tail_shape if math.isfinite(sampled.tail_shape) else None,
        "seconds": sampled.seconds,  # bilby's own is rounded to microseconds
        "evaluations_before_resume": sampled.evaluations_before_resume,
        "resumed": sampled.resumed,
        "resumes": sampled.resumes,
        "n_invalid": sampled.n_invalid,
        "best_fit": sampled.best | {"log_likelihood": sampled.best_log_l},
    }


def save_result(
    sampled: SamplerResult, priors: Priors, record: FitRecord, folder: Path
) -> tuple[Path, Path]:
    """Write ``<model>_result.json`` and ``posterior_samples.dat`` into a folder.

    Each appears whole or not at all; an OSError of a full disk passes through.

    Returns
    -------
    result, posterior : Path
    """
    posterior = {
        **sampled.samples,
        "log_likelihood": sampled.log_l,
        "log_prior": log_prior(priors, sampled.samples),
    }
    stored = _stored(sampled, priors, record, posterior)
    return (
        write_text(folder / f"{record.model}_result.json", json.dumps(stored, indent=2)),
        write_text(folder / "posterior_samples.dat", _table(posterior)),
    )


def _table(posterior: Mapping[str, FloatArray]) -> str:
    """A line of names, and one of numbers for each sample."""
    rows = zip(*(values.tolist() for values in posterior.values()), strict=True)
    lines = [" ".join(posterior), *(" ".join(map(repr, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def write_text(path: Path, text: str) -> Path:
    """Write a file that is whole whenever it is there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    replace_synced(partial, path)
    return path


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
    )
