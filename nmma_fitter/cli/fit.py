"""``nmma-fit``: parse, call, exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter.cli.common import OPTIONS, Version
from nmma_fitter.errors import BadInput
from nmma_fitter.log_lines import configure_log

fit_app = typer.Typer(**OPTIONS)


@fit_app.command()
def nmma_fit(
    lightcurve: Annotated[
        Path | None,
        typer.Argument(
            metavar="LIGHTCURVE",
            help="Light curve: survey CSV, SkyPortal or alert export, NMMA .dat.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Models to fit (several, or 'all'); see nmma-fitter models. "
            "Those of --config when none is given.",
        ),
    ] = None,
    object_name: Annotated[
        str | None, typer.Option("--object", help="The object's name instead of the file's.")
    ] = None,
    outdir: Annotated[Path, typer.Option(help="Results go to OUTDIR/<object>/<model>/.")] = Path(
        "outdir"
    ),
    config: Annotated[
        Path | None, typer.Option(help="Configuration file; only [fits] is used.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A named set of settings.")] = None,
    priors: Annotated[Path | None, typer.Option(help="Prior file (one model only).")] = None,
    trigger_time: Annotated[
        str | None, typer.Option(metavar="MJD|first-detection|day-before", help="Day zero.")
    ] = None,
    tmin: Annotated[float | None, typer.Option(help="First day since the trigger.")] = None,
    tmax: Annotated[float | None, typer.Option(help="Last day since the trigger.")] = None,
    sys_error: Annotated[
        str | None,
        typer.Option(metavar="MAG[,BAND=MAG...]", help="Systematic error added in quadrature."),
    ] = None,
    detection_limit: Annotated[
        str | None,
        typer.Option(
            metavar="MAG[,BAND=MAG...]",
            help="Truncate detections here: only where non-detections were not recorded.",
        ),
    ] = None,
    redshift: Annotated[
        str | None, typer.Option(metavar="Z[±ERR]", help="Measured redshift (also Z+-ERR).")
    ] = None,
    distance: Annotated[
        str | None, typer.Option(metavar="MPC[±ERR]", help="Measured luminosity distance.")
    ] = None,
    galactic_ebv: Annotated[
        float | None, typer.Option(help="Milky Way reddening E(B-V), mag.")
    ] = None,
    bands: Annotated[
        str | None, typer.Option(metavar="BAND,...", help="Only rows in these bands enter.")
    ] = None,
    not_bands: Annotated[
        str | None,
        typer.Option("--not-bands", metavar="BAND,...", help="Rows in these are left out."),
    ] = None,
    letters_of: Annotated[
        str | None,
        typer.Option(metavar="SURVEY", help="Survey of bare g, r, i where no column says [ztf]."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="fast|nmma", help="Who fits: this package, or NMMA itself."),
    ] = None,
    nmma_environment: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Virtual or conda environment that has NMMA."),
    ] = None,
    jet: Annotated[
        str | None, typer.Option(metavar="gaussian|tophat", help="Jet of TrPi2018.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampler.")] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="importance|nested",
            help="How to sample; importance turns to nested sampling where it fails.",
        ),
    ] = None,
    nlive: Annotated[int | None, typer.Option(help="Live points of nested sampling.")] = None,
    cores: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes of one fit.")
    ] = None,
    significance: Annotated[
        float | None, typer.Option(help="Signal over noise of a detection [3].")
    ] = None,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Count every row, repeated ones too.")
    ] = False,
    one_frame: Annotated[
        bool, typer.Option("--one-frame", help="Draw all bands in one frame, offset.")
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Truth of a simulation (JSON), for the corner plot."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fit again what this folder holds already.")
    ] = False,
    version: Version = False,
) -> None:
    """Fit one light curve, now, and rank the models.

    Exit status: 0 when a model was fitted and none failed; 1 when one failed; 2 for an input or
    option that cannot be used; 3 when every model was skipped, as unavailable or for the data; 75
    when it was told to stop (Ctrl-C) and the same command goes on; 130 when Ctrl-C was pressed
    again, or before the first fit.
    """
    from nmma_fitter.fit_order import FitOrder, check_order

    if not model and config is None:
        raise BadInput("no model: add --model NAME (see nmma-fitter models)")
    if lightcurve is None:
        raise BadInput(_no_lightcurve(model or []))
    configure_log()
    over: dict[str, Any] = {
        "engine": engine,
        "trigger": trigger(trigger_time),
        "tmin": tmin,
        "tmax": tmax,
        "galactic_ebv": galactic_ebv,
        "bands": letters_of,
        "only_bands": _bands("--bands", bands),
        "without_bands": _bands("--not-bands", not_bands),
        "seed": seed,
        "sampler": sampler,
        "nlive": nlive,
        "significance": significance,
        "keep_duplicates": keep_duplicates or None,
        "redshift": _measured("--redshift", redshift),
        "distance": _measured("--distance", distance),
    }
    over |= per_band("--sys-error", sys_error, "sys_error", "sys_error_bands")
    over |= _detection_limit(detection_limit)
    given = {key: value for key, value in over.items() if value is not None}
    order = FitOrder(
        *(lightcurve, tuple(model or ()), outdir, given, object_name, config, preset, priors, jet),
        *(cores, nmma_environment, one_frame, truth),
    )
    check_order(order)  # a slip is answered before the imports that take seconds
    from nmma_fitter.by_hand import fit_by_hand

    raise typer.Exit(fit_by_hand(order, force=force))


def _bands(option: str, text: str | None) -> list[str] | None:
    """Canonical names of bands separated by commas."""
    from nmma_fitter.bands import SURVEYS, canonical

    if text is None:
        return None
    if text in SURVEYS:
        raise BadInput(f"{option} {text}: give bands; whose bare letters are says --letters-of")
    try:
        return [canonical(name.strip()) for name in text.split(",")]
    except BadInput as error:
        raise BadInput(f"{option}: {error}") from None


def _no_lightcurve(words: list[str]) -> str:
    """What to say where there are only models: one of them may be a file's misspelt name."""
    from nmma_fitter.models import names

    if unknown := [word for word in words if word not in names() and word != "all"]:
        return f"{unknown[-1]!r} is neither a file nor a model; check the light curve's name"
    return "no light curve: give its file, as in nmma-fit FILE --model NAME"


def trigger(text: str | None) -> str | float | None:
    """Day zero as the settings hold it."""
    if text is None or text in ("first-detection", "day-before"):
        return text
    try:
        return float(text)
    except ValueError:
        raise BadInput(
            f"--trigger-time {text!r}: give an MJD, first-detection or day-before"
        ) from None


def _measured(option: str, text: str | None) -> dict[str, float] | None:
    """A value, or value ± error, written with ± or +-."""
    if text is None:
        return None
    value, _, error = text.replace("+/-", "±").replace("+-", "±").partition("±")
    try:
        return {"value": float(value), "error": float(error or 0)}
    except ValueError:
        raise BadInput(f"{option} {text!r}: write a number, or number±error") from None


def _bands_and_default(option: str, text: str) -> tuple[float | None, dict[str, float]]:
    from nmma_fitter.bands import canonical

    default: float | None = None
    each: dict[str, float] = {}
    for part in text.split(","):
        band, equals, number = part.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise BadInput(f"{option} {text!r}: write MAG or MAG,BAND=MAG,...") from None
        if equals:
            each[canonical(band.strip())] = value
        else:
            default = value
    return default, each


def per_band(option: str, text: str | None, one: str, many: str) -> dict[str, Any]:
    """Settings from ``MAG,BAND=MAG,...``: the default under `one`, the bands' under `many`."""
    if text is None:
        return {}
    default, each = _bands_and_default(option, text)
    return {one: default, many: each or None}


def _detection_limit(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    default, each = _bands_and_default("--detection-limit", text)
    if default is not None and each:
        raise BadInput("--detection-limit: give one magnitude, or one for each band")
    return {"truncate": True, "detection_limit": each or default}
