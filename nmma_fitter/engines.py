"""One fit by both engines, side by side: posteriors, evidence and time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.by_hand import fit_by_hand, requests_by_hand
from nmma_fitter.engine.files import folder_name, write_json
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_order import FitOrder
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import result_path
from nmma_fitter.inference.summary import read_summary
from nmma_fitter.labels import model_named

FloatArray = NDArray[np.float64]
ENGINES = ("fast", "nmma")
TITLES = {"fast": "fast engine", "nmma": "NMMA"}
# Where the two may be said to agree: of ln Z in combined errors and outright, of a median in sigma.
ERRORS, LOG_Z, SIGMAS = 3.0, 0.5, 0.3


@dataclass(frozen=True, eq=False)
class Found:
    """What an engine found: `samples` by parameter, shape (S,) each."""

    log_z: float
    log_z_err: float
    seconds: float
    evaluations: int
    samples: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Row:
    """A parameter by both: medians, half the central 68 %, and how far the medians are apart."""

    parameter: str
    fast: float
    fast_sigma: float
    nmma: float
    nmma_sigma: float
    sigmas: float


def compare(order: FitOrder, *, force: bool = False) -> int:
    """Fit by both engines, print and draw the comparison; returns the exit status.

    What is there already with these settings is not fitted again. 0 when the two agree, 1 when
    they do not; a fit that failed ends it with its own status.
    """
    found: dict[str, Found] = {}
    orders = {engine: by_engine(order, engine) for engine in ENGINES}
    for own in orders.values():  # what NMMA lacks is said before anything is fitted
        request_of(own).check(fewest=1)
    for engine, own in orders.items():
        request = request_of(own)
        status = fit_by_hand(own, force=force)
        if status:
            return status
        folder = own.outdir / folder_name(request.object) / request.model
        found[engine] = read(result_path(folder, request.model))
    rows = rows_of(found["fast"], found["nmma"])
    agree = agreement(found["fast"], found["nmma"], rows)
    folder = order.outdir / folder_name(request.object)
    _write(folder, request.object, request.model, found, rows)
    print(table(found, rows, agree))
    print(f"plot: {folder / 'engines.png'}")
    return 0 if not agree else 1


def by_engine(order: FitOrder, engine: str) -> FitOrder:
    """The order to one engine, with a folder of its own."""
    return replace(order, outdir=order.outdir / engine, over=order.over | {"engine": engine})


def request_of(order: FitOrder) -> FitRequest:
    """The one fit that was asked for, not yet checked."""
    requests = requests_by_hand(order)
    if len(requests) != 1:
        raise BadInput("compare-engines takes one model at a time")
    return requests[0]


def read(path: Path) -> Found:
    """Read a result that `nmma-fit` left."""
    summary = read_summary(path)
    samples, _ = read_samples(path)
    return Found(summary.log_z, summary.log_z_err, summary.seconds, summary.evaluations, samples)


def read_samples(path: Path) -> tuple[dict[str, FloatArray], FloatArray]:
    """Posterior samples of a result by parameter, shape (S,) each, and their log likelihood."""
    content = json.loads(path.read_text(encoding="utf-8"))["posterior"]["content"]
    columns = {name: np.asarray(values, dtype=float) for name, values in content.items()}
    log_l = columns.pop("log_likelihood")
    del columns["log_prior"]
    return columns, log_l


def rows_of(fast: Found, nmma: Found) -> list[Row]:
    """The sampled parameters, in the order of the fast engine's result."""
    rows = []
    for name in fast.samples:
        ours, theirs = fast.samples[name], nmma.samples.get(name)
        if theirs is None or not np.ptp(ours) > 0:
            continue
        (middle, sigma), (other, other_sigma) = _middle(ours), _middle(theirs)
        apart = abs(middle - other) / math.sqrt((sigma**2 + other_sigma**2) / 2)
        rows.append(Row(name, middle, sigma, other, other_sigma, apart))
    return rows


def _middle(samples: FloatArray) -> tuple[float, float]:
    low, middle, high = np.quantile(samples, (0.16, 0.5, 0.84))
    return float(middle), float(high - low) / 2


def agreement(fast: Found, nmma: Found, rows: Sequence[Row]) -> list[str]:
    """What they do not agree in, a line each; empty when they do."""
    apart = abs(fast.log_z - nmma.log_z)
    errors = apart / math.hypot(fast.log_z_err, nmma.log_z_err)
    lines = [
        f"{row.parameter}: medians {row.sigmas:.2f} sigma apart, more than {SIGMAS:g}"
        for row in rows
        if row.sigmas > SIGMAS
    ]
    if apart > LOG_Z or errors > ERRORS:
        lines.insert(
            0,
            f"ln Z: {apart:.2f} apart, {errors:.1f} combined errors (allowed: {LOG_Z:g}, and "
            f"{ERRORS:g} errors)",
        )
    return lines


def table(found: Mapping[str, Found], rows: Sequence[Row], differences: Sequence[str]) -> str:
    """The comparison as plain text."""
    fast, nmma = (found[engine] for engine in ENGINES)
    lines = [f"{'':22}{'fast':>20}{'NMMA':>20}{'apart':>12}"]
    lines += [
        f"{'ln Z':22}{fast.log_z:11.3f} ± {fast.log_z_err:6.3f}{nmma.log_z:11.3f} ± "
        f"{nmma.log_z_err:6.3f}{abs(fast.log_z - nmma.log_z):12.3f}"
    ]
    for row in rows:
        lines.append(
            f"{row.parameter:22}{row.fast:11.4g} ± {row.fast_sigma:6.2g}{row.nmma:11.4g} ± "
            f"{row.nmma_sigma:6.2g}{row.sigmas:9.2f} σ"
        )
    ratio = nmma.seconds / fast.seconds if fast.seconds > 0 else math.nan
    lines.append(f"{'evaluations':22}{fast.evaluations:20d}{nmma.evaluations:20d}")
    lines.append(
        f"{'seconds of sampling':22}{fast.seconds:20.1f}{nmma.seconds:20.1f}{ratio:11.0f}×"
    )
    return "\n".join([*lines, *(differences or ["they agree"])])


def _write(
    folder: Path, name: str, model: str, found: Mapping[str, Found], rows: Sequence[Row]
) -> None:
    from nmma_fitter.delivery.plots.engines import plot_engines
    from nmma_fitter.models.base import COMMON
    from nmma_fitter.nmma_engine.catalogue import described

    folder.mkdir(parents=True, exist_ok=True)
    plain: dict[str, Any] = {
        engine: {k: v for k, v in vars(one).items() if k != "samples"}
        for engine, one in found.items()
    }
    write_json(
        folder / "engines.json",
        {"object": name, "model": model, **plain, "parameters": [asdict(row) for row in rows]},
    )
    plot_engines(
        folder / "engines.png",
        title=f"{name}: {model_named(model)}",
        labels={
            engine: f"{TITLES[engine]}: ln Z = {one.log_z:.2f} ± {one.log_z_err:.2f}, "
            f"{one.seconds:.0f} s"
            for engine, one in found.items()
        },
        samples={
            row.parameter: {engine: found[engine].samples[row.parameter] for engine in ENGINES}
            for row in rows
        },
        axes={one.name: one.latex for one in (*described(model).parameters, *COMMON)},
    )
