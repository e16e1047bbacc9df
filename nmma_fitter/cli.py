"""The commands: parse, call, exit status. What they do lives in the modules they call.

The verbs of ``nmma-fitter`` are in `cli_tools`.

Imports are late, since ``--help`` must answer at once.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter import __version__
from nmma_fitter.errors import BadInput, NmmaFitterError

EX_SOME_FAILED = 1
EX_INTERRUPTED = 130

OPTIONS: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
fit_app = typer.Typer(**OPTIONS)
jobs_app = typer.Typer(**OPTIONS)


def nmma_fit_main() -> None:
    """Entry point of ``nmma-fit``."""
    _run(fit_app, "nmma-fit", {"--model"})


def make_jobs_main() -> None:
    """Entry point of ``make-jobs``."""
    _run(jobs_app, "make-jobs", {"--models", "--candidate"})


def nmma_fitter_main() -> None:
    """Entry point of ``nmma-fitter``."""
    from nmma_fitter.cli_tools import tools_app

    _run(tools_app, "nmma-fitter", {"--object", "--model"})


def _run(app: typer.Typer, name: str, many: set[str]) -> None:
    """Run a command; errors of ours and Ctrl-C end in one line and a status, not a traceback."""
    try:
        app(args=spread(sys.argv[1:], many), prog_name=name)
    except NmmaFitterError as error:
        stream = sys.stdout if error.exit_status == 0 else sys.stderr
        print(f"{name}: {error}", file=stream)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted", file=sys.stderr)
        sys.exit(EX_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EX_SOME_FAILED)
    except (OSError, sqlite3.Error) as error:
        print(f"{name}: {error}; mend that and run the same command again", file=sys.stderr)
        sys.exit(EX_SOME_FAILED)


def spread(arguments: Sequence[str], many: set[str]) -> list[str]:
    """Turn ``--model A B`` into ``--model A --model B``.

    A value that is the name of an existing file ends the list: it is the light curve.
    """
    out: list[str] = []
    option: str | None = None
    first = False
    for argument in arguments:
        if argument.startswith("-"):
            option, first = (argument, True) if argument in many else (None, False)
            out.append(argument)
        elif option is not None and not first and not Path(argument).is_file():
            out += [option, argument]
        else:
            out.append(argument)
            option = option if first else None
            first = False
    return out


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
]


@fit_app.command()
def nmma_fit(
    lightcurve: Annotated[
        Path, typer.Argument(help="Light curve: survey CSV, SkyPortal or alert export, NMMA .dat.")
    ],
    model: Annotated[
        list[str],
        typer.Option("--model", help="Models to fit (several, or 'all'); see nmma-fitter models."),
    ],
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
        str | None, typer.Option(help="Survey of bare g, r, i in a .dat file [ztf].")
    ] = None,
    jet: Annotated[
        str | None, typer.Option(metavar="gaussian|tophat", help="Jet of TrPi2018.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampler.")] = None,
    nlive: Annotated[int | None, typer.Option(help="Live points of the sampler.")] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Processes of one fit.")] = None,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Count every row, repeated ones too.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Fit again what this folder holds already.")
    ] = False,
    version: Version = False,
) -> None:
    """Fit one light curve, now, and rank the models."""
    from nmma_fitter.by_hand import FitOrder, fit_by_hand

    configure_log()
    over: dict[str, Any] = {
        "trigger": _trigger(trigger_time),
        "tmin": tmin,
        "tmax": tmax,
        "galactic_ebv": galactic_ebv,
        "bands": bands,
        "seed": seed,
        "nlive": nlive,
        "keep_duplicates": keep_duplicates or None,
        "redshift": _measured("--redshift", redshift),
        "distance": _measured("--distance", distance),
    }
    over |= _per_band("--sys-error", sys_error, "sys_error", "sys_error_bands")
    over |= _detection_limit(detection_limit)
    given = {key: value for key, value in over.items() if value is not None}
    order = FitOrder(
        lightcurve, tuple(model), outdir, given, object_name, config, preset, priors, jet, cores
    )
    raise typer.Exit(fit_by_hand(order, force=force))


@jobs_app.command()
def make_jobs(
    config: Annotated[
        Path | None, typer.Option(help="Configuration file over the shipped defaults.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Night folder of candidates [the newest].")
    ] = None,
    candidate: Annotated[
        list[str] | None, typer.Option("--candidate", help="Only these objects (several).")
    ] = None,
    models: Annotated[
        list[str] | None, typer.Option("--models", help="Only these models (several).")
    ] = None,
    outdir: Annotated[Path | None, typer.Option(help="Results, instead of [paths] outdir.")] = None,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds until what is unfinished is ended.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fit again what has ended.")] = False,
    once: Annotated[bool, typer.Option("--once", help="One tick, then leave.")] = False,
    linger: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --once: tick for so long (90s, 25m, 2h)."),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Tick for good, taking new nights as they come.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    version: Version = False,
) -> None:
    """Fit a night's candidates with each model, wait for them, and rank the models.

    Exit status: 0 when everything ended and nothing failed, or with --once, --linger and
    --keep-going when the last tick went well; 1 when something failed, by a named reason, or
    would be refused; 2 for bad input; 75 when another make-jobs is past its time budget.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.make_jobs import Order, Poller, Rhythm, repeat
    from nmma_fitter.progress import Display, print_end, print_plan
    from nmma_fitter.unattended import check_candidates

    seconds = _duration("--linger", linger)
    if keep_going and (once or dry_run):
        raise BadInput("--keep-going never ends by itself: leave --once and --dry-run out")
    configure_log()
    settings = load_config(config)
    if outdir is not None:
        paths = settings.paths.model_copy(update={"outdir": outdir.resolve()})
        settings = settings.model_copy(update={"paths": paths})
    follow = data_dir is None and (once or keep_going or seconds is not None)
    chosen = tuple(candidate or ())
    order = Order(data_dir, chosen, _models(models or ()), force, timeout, follow=follow)
    if dry_run:
        from nmma_fitter.rehearsal import rehearse

        plan = rehearse(settings, order)
        print_plan(plan)
        raise typer.Exit(EX_SOME_FAILED if plan.refused else 0)
    if keep_going or seconds is not None:
        raise typer.Exit(_unattended(settings, order, seconds))
    if follow:
        check_candidates(settings)
    rhythm = Rhythm("make-jobs --once", settings.tick.period) if once else Rhythm()
    poller = Poller(settings, order, rhythm=rhythm)
    try:
        with Display() as display:
            report = repeat(poller, display.show, once=once)
    except KeyboardInterrupt:
        print("\ninterrupted: the jobs go on, and the same command adopts them")
        raise typer.Exit(EX_INTERRUPTED) from None
    failed = print_end(report, poller.night_folder)
    raise typer.Exit(EX_SOME_FAILED if failed and not once else 0)


def _unattended(settings: Any, order: Any, seconds: float | None) -> int:
    from nmma_fitter.progress import Display
    from nmma_fitter.unattended import keep_going, linger

    with Display(changes_only=True) as display:
        if seconds is None:
            return keep_going(settings, order, display.show)
        return linger(settings, order, display.show, seconds)


def _duration(option: str, text: str | None) -> float | None:
    from nmma_fitter.durations import parse_duration

    return None if text is None else parse_duration(option, text)


def configure_log() -> None:
    """Log plain lines on standard output."""
    from nmma_fitter import nmma_fit

    nmma_fit.configure_log(logging.INFO)


def _models(wanted: Sequence[str]) -> tuple[str, ...]:
    from nmma_fitter.models import names

    return names() if "all" in wanted else tuple(dict.fromkeys(wanted))


def _trigger(text: str | None) -> str | float | None:
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
        found = {"value": float(value), "error": float(error or 0)}
    except ValueError:
        raise BadInput(f"{option} {text!r}: write a number, or number±error") from None
    if found["value"] <= 0 or found["error"] < 0:
        raise BadInput(f"{option} {text!r}: must be positive, with an error of 0 or more")
    return found


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


def _per_band(option: str, text: str | None, one: str, many: str) -> dict[str, Any]:
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
