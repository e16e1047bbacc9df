"""Results on disk: bilby's JSON and NMMA's posterior table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmma_fitter.inference.checkpoint import replace_synced
from nmma_fitter.inference.priors import log_prior
from nmma_fitter.inference.sampled import SamplerResult
from nmma_fitter.inference.summary import SECTION, Comparability, Quality

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict
    from bilby.core.result import Result

FORMAT = 1
# What bilby itself stores of a result and reads back.
STORED = (
    *("label", "outdir", "sampler", "log_evidence", "log_evidence_err", "log_noise_evidence"),
    *("log_bayes_factor", "posterior", "injection_parameters", "meta_data"),
    *("search_parameter_keys", "fixed_parameter_keys", "constraint_parameter_keys"),
    *("sampling_time", "sampler_kwargs", "use_ratio", "information_gain"),
    *("num_likelihood_evaluations", "parameter_labels", "parameter_labels_with_unit", "version"),
)


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
    notes : sequence of str
        What was left out of the file, converted or taken for granted when it was read.
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
    notes: Sequence[str] = ()


def build_result(sampled: SamplerResult, priors: PriorDict, record: FitRecord) -> Result:
    """Make the bilby result of a fit; its label is the model and it holds no path."""
    import pandas as pd
    from bilby.core.result import Result

    posterior = pd.DataFrame(sampled.samples)
    posterior["log_likelihood"] = sampled.log_l
    posterior["log_prior"] = log_prior(priors, sampled.samples)
    return Result(
        label=record.model,
        outdir=".",
        sampler=sampled.method,
        search_parameter_keys=list(sampled.keys),
        fixed_parameter_keys=[key for key in priors if key not in sampled.keys],
        constraint_parameter_keys=[],
        priors=priors,
        sampler_kwargs=asdict(sampled.settings),
        meta_data={SECTION: _meta_data(sampled, record)},
        posterior=posterior,
        log_evidence=sampled.log_z,
        log_evidence_err=sampled.log_z_err,
        log_noise_evidence=math.nan,
        information_gain=sampled.information,
        sampling_time=sampled.seconds,
        num_likelihood_evaluations=sampled.evaluations,
        use_ratio=False,
    )


def _meta_data(sampled: SamplerResult, record: FitRecord) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **asdict(record),
        "seed": sampled.settings.seed,
        "converged": sampled.converged,
        "reason": sampled.reason,
        "effective_sample_size": sampled.ess,
        "tail_shape": sampled.tail_shape if math.isfinite(sampled.tail_shape) else None,
        "seconds": sampled.seconds,  # bilby encodes its own as a timedelta
        "evaluations_before_resume": sampled.evaluations_before_resume,
        "resumed": sampled.resumed,
        "resumes": sampled.resumes,
        "n_invalid": sampled.n_invalid,
        "run_away": list(sampled.run_away),
        "best_fit": sampled.best | {"log_likelihood": sampled.best_log_l},
    }


def save_result(
    sampled: SamplerResult, priors: PriorDict, record: FitRecord, folder: Path
) -> tuple[Path, Path]:
    """Write ``<model>_result.json`` and ``posterior_samples.dat`` into a folder.

    Each appears whole or not at all; an OSError of a full disk passes through.

    Returns
    -------
    result, posterior : Path
    """
    result = build_result(sampled, priors, record)
    table = result.posterior.to_csv(index=False, sep=" ")
    return (
        write_text(folder / f"{record.model}_result.json", _as_json(result)),
        write_text(folder / "posterior_samples.dat", table),
    )


def _as_json(result: Result) -> str:
    """Text as `Result.save_to_file` writes it, which itself swallows the errors of a full disk."""
    stored = {name: getattr(result, name) for name in STORED}
    stored["outdir"] = "."  # bilby makes it a path of this machine
    stored["priors"] = result.priors._get_json_dict()
    return json.dumps(stored, indent=2, default=_encoded)


def _encoded(value: object) -> Any:
    """What bilby's encoder makes of a value, which asks astropy first: half a second."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return {"__dataframe__": True, "content": value.to_dict(orient="list")}
    if isinstance(value, timedelta):
        return {"__timedelta__": True, "__total_seconds__": value.total_seconds()}
    from bilby.core.utils import BilbyJsonEncoder

    return BilbyJsonEncoder().default(value)


def write_text(path: Path, text: str) -> Path:
    """Write a file that is whole whenever it is there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    replace_synced(partial, path)
    return path
