"""One model on an object's page: what its run left, as far as that can be read."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nmma_fitter.delivery.products import Finished, own_picture
from nmma_fitter.delivery.report.history import as_number
from nmma_fitter.delivery.report.pages import link, signed, span, utc
from nmma_fitter.delivery.report.parameters import ParameterRow, parameter_rows
from nmma_fitter.delivery.report.remedies import remedy
from nmma_fitter.delivery.statistics import task_name, task_title
from nmma_fitter.engine.files import Json, folder_name, parse_json, read_json
from nmma_fitter.errors import GARBLED, BadInput
from nmma_fitter.fits import result_path
from nmma_fitter.inference.summary import SECTION
from nmma_fitter.nmma_engine import catalogue
from nmma_fitter.plain import last_lines, shortened, without_tokens

LONGEST_DETAIL = 600
LOG_LINES = 15
LOG_BYTES = 3000
PICTURES = {
    "lightcurves.png": "{name}: light curve with the posterior of {model}: data, median, 90 % band "
    "and best fit in each passband, and below them the residuals in units of sigma",
    "corner.png": "{name}: corner plot of the posterior of {model}; its numbers are in the "
    "table of parameters",
}


@dataclass(frozen=True)
class Picture:
    """A PNG: where it is, what it shows, its size in pixels."""

    href: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Download:
    """A file to take away."""

    name: str
    href: str
    size: int


@dataclass(frozen=True)
class FitView:
    """One model, ready to be shown.

    Attributes
    ----------
    model, title, paper : str
        Its name, and as a reader is told of it.
    anchor : str
        Fragment of its section.
    state, reason, detail, todo : str
        ``done``, ``failed``, ``skipped`` or ``running``; why, and what to do.
    position : int or None
        Place in the ranking.
    problems : sequence of str
        Files of the run that are missing or cannot be read.
    parameters : sequence of ParameterRow
    pictures : sequence of Picture
    provenance : mapping of str to str
    downloads : sequence of Download
    log : sequence of str
        Its last lines, of a fit without a result.
    """

    model: str
    title: str
    paper: str
    anchor: str
    state: str
    reason: str
    detail: str
    todo: str
    position: int | None
    problems: Sequence[str] = ()
    parameters: Sequence[ParameterRow] = ()
    pictures: Sequence[Picture] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    downloads: Sequence[Download] = ()
    log: Sequence[str] = ()


def fit_view(
    fit: Finished, said: Json | None, position: int | None, folder: Path, name: str
) -> FitView:
    """Read what is there of one model.

    Parameters
    ----------
    fit : Finished
    said : dict or None
        What the ranking says of a model that it does not rank.
    position : int or None
        Its place in the ranking.
    folder : Path
        Of the page.
    name : str
        The object.
    """
    state, reason, detail = _standing(fit, said)
    view: dict[str, Any] = {
        "model": task_name(fit.model),
        "title": task_title(fit.model),
        "paper": _paper(fit.model),
        "anchor": folder_name(fit.model),
        "state": state,
        "reason": reason,
        "detail": shortened(detail, LONGEST_DETAIL),
        "todo": "" if state == "done" else remedy(state, reason),
        "position": position,
    }
    if fit.folder is None:
        work = fit.shown or folder / folder_name(fit.model)
        return FitView(**view, **_without_result(work, folder))
    try:
        return FitView(**view, **_with_result(fit, fit.folder, folder, name))
    except GARBLED as error:
        return FitView(**view, problems=[f"its files cannot be shown ({error!r})"])


def _paper(model: str) -> str:
    try:
        return catalogue.described(model).paper
    except BadInput:
        return ""


def _standing(fit: Finished, said: Json | None) -> tuple[str, str, str]:
    if said is not None:
        state, reason, detail = (str(said.get(key, "")) for key in ("state", "reason", "detail"))
        return state, reason, detail
    if fit.folder is not None:
        return "done", "", ""
    return (fit.state if fit.state in ("failed", "skipped") else "running"), fit.reason, fit.detail


def _with_result(fit: Finished, run: Path, folder: Path, name: str) -> dict[str, Any]:
    shown = fit.shown or run
    result, problems = _read(result_path(run, fit.model))
    config, more = _read(run / "config.json")
    problems += more
    pictures = []
    for file, alt in PICTURES.items():
        own = own_picture(folder, fit.model, file)
        at, to = (own, own) if own.is_file() else (run / file, shown / file)
        found = picture(at, to, folder, alt.format(name=name, model=fit.model))
        problems += [] if found else [f"{file} is missing or no PNG"]
        pictures += [found] if found else []
    try:
        parameters = parameter_rows(result, fit.model) if result else []
    except GARBLED as error:
        parameters = []
        problems.append(f"{fit.model}_result.json: no table of parameters ({error!r})")
    return {
        "problems": problems,
        "parameters": parameters,
        "pictures": pictures,
        "provenance": _provenance(result, config, read_json(run / "sentinel.json") or {}, name),
        "downloads": list(_downloads(fit.model, run, shown, folder)),
    }


def _without_result(work: Path, folder: Path) -> dict[str, Any]:
    log = newest_log(work)
    if log is None:
        return {}
    return {
        "log": without_tokens(last_lines(log, LOG_LINES, LOG_BYTES)).splitlines(),
        "downloads": [Download("log", link(log, folder), log.stat().st_size)],
    }


def newest_log(work: Path) -> Path | None:
    """Log of the newest run in a work folder, published or not."""
    logs = [path for path in (*work.glob("attempts/*/log"), work / "log") if path.is_file()]
    return max(logs, key=lambda path: path.stat().st_mtime, default=None)


def _read(path: Path) -> tuple[Json, list[str]]:
    """A JSON file of a run, or what is wrong with it."""
    try:
        value = parse_json(path.read_bytes())
    except OSError as error:
        return {}, [f"{path.name} cannot be read: {error.strerror}"]
    return (value, []) if value is not None else ({}, [f"{path.name} is cut short, or no JSON"])


def picture(path: Path, shown: Path, folder: Path, alt: str) -> Picture | None:
    """A PNG with its size; None when it is missing or something else."""
    try:
        with path.open("rb") as stream:
            head = stream.read(24)
        if not head.startswith(b"\x89PNG\r\n\x1a\n"):
            return None
        width, height = struct.unpack(">II", head[16:24])
    except (OSError, struct.error):
        return None
    return Picture(link(shown, folder), alt, width, height)


def _downloads(model: str, run: Path, shown: Path, folder: Path) -> Iterator[Download]:
    """What the run left and people may want; checkpoints and its own records are not."""
    names = (
        *("posterior_samples.dat", f"{model}_result.json", "config.json", "lightcurves.json"),
        *("lightcurves.png", "corner.png", "log"),
    )
    for name in names:
        # Published names are the run's own files; the settings are those that this run read.
        place = shown if name != "config.json" else run
        own = own_picture(folder, model, name)
        path = next((p for p in (own, place / name, run / name) if p.is_file()), None)
        if path is not None:
            yield Download(name, link(path, folder), path.stat().st_size)


def _provenance(result: Json, config: Json, sentinel: Json, name: str) -> dict[str, str]:
    """Where a result comes from; what cannot be known is left out."""
    ours = (result.get("meta_data") or {}).get(SECTION) or {}
    versions = {**_mapping(sentinel.get("versions")), **_mapping(ours.get("versions"))}
    settings = _mapping(config.get("settings"))
    evidence = as_number(result.get("log_evidence")), as_number(result.get("log_evidence_err"))
    rows = {
        "ln Z": signed(*evidence) if evidence[0] is not None else "",
        "Fitted as": None if config.get("object") == name else config.get("object"),
        "Data file": config.get("source"),
        "Data notes": _joined(config.get("notes")),
        "Data digest": ours.get("data_digest"),
        "Unit digest": sentinel.get("digest"),
        "Generation": sentinel.get("generation"),
        "Model physics": config.get("physics"),
        "Settings": ", ".join(f"{k} {v}" for k, v in settings.items() if v not in (None, {}, [])),
        "Sampler": f"{result.get('sampler', '')}, {ours.get('reason', '')}".strip(", "),
        "Seed": ours.get("seed", sentinel.get("seed")),
        "Evaluations": result.get("num_likelihood_evaluations"),
        "Sampling time": _span(ours.get("seconds")),
        "Run": _run_times(sentinel),
        "Job": sentinel.get("job_id"),
        "Host": sentinel.get("host"),
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "Prior file": config.get("priors_from"),
        "Priors": config.get("priors"),
    }
    return {name: str(value) for name, value in rows.items() if value not in (None, "")}


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _joined(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else ""


def _span(value: object) -> str:
    seconds = as_number(value)
    return "" if seconds is None else span(seconds)


def _run_times(sentinel: Json) -> str:
    began, ended = as_number(sentinel.get("started")), as_number(sentinel.get("ended"))
    return "" if began is None or ended is None else f"{utc(began)} to {utc(ended)}"
