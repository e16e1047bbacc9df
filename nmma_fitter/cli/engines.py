"""``nmma-fitter compare-engines``: parse, call, exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter.cli.fit import per_band, trigger
from nmma_fitter.log_lines import configure_log


def compare_engines(
    lightcurve: Annotated[Path, typer.Argument(help="Light curve, as nmma-fit takes it.")],
    model: Annotated[str, typer.Option("--model", help="Model; see nmma-fitter models.")],
    object_name: Annotated[
        str | None, typer.Option("--object", help="The object's name instead of the file's.")
    ] = None,
    outdir: Annotated[
        Path, typer.Option(help="Results go to OUTDIR/fast, OUTDIR/nmma and OUTDIR/<object>.")
    ] = Path("compared"),
    config: Annotated[
        Path | None, typer.Option(help="Configuration file; only [fits] is used.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A named set of settings.")] = None,
    priors: Annotated[Path | None, typer.Option(help="Prior file.")] = None,
    trigger_time: Annotated[
        str | None, typer.Option(metavar="MJD|first-detection|day-before", help="Day zero.")
    ] = None,
    sys_error: Annotated[
        str | None,
        typer.Option(metavar="MAG[,BAND=MAG...]", help="Systematic error added in quadrature."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of both samplers.")] = None,
    nlive: Annotated[int | None, typer.Option(help="Live points of nested sampling.")] = None,
    nmma_environment: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Virtual or conda environment that has NMMA."),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(
            min=10,
            help="Do not fit by NMMA: ask its likelihood at so many points of the posterior.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fit again what is there.")] = False,
) -> None:
    """Fit one light curve by this package and by NMMA.

    Both are shown side by side.

    A fit of the afterglow takes NMMA days: there --points is the way.

    Exit status: 0 when ln Z and the medians agree, 1 when they do not; a fit that failed ends it
    with its own.
    """
    from nmma_fitter.fit_order import FitOrder, check_order

    configure_log()
    over: dict[str, Any] = {"trigger": trigger(trigger_time), "seed": seed, "nlive": nlive}
    over |= per_band("--sys-error", sys_error, "sys_error", "sys_error_bands")
    given = {key: value for key, value in over.items() if value is not None}
    order = FitOrder(
        *(lightcurve, (model,), outdir, given, object_name, config, preset, priors),
        nmma_environment=nmma_environment,
    )
    check_order(order)  # before the imports that take seconds
    if points is not None:
        from nmma_fitter.engine_points import compare_points

        raise typer.Exit(compare_points(order, points, force=force))
    from nmma_fitter.engines import compare

    raise typer.Exit(compare(order, force=force))


def check_nmma_command(
    config: Annotated[
        Path | None, typer.Option(help="Configuration file; only [fits.nmma] is used.")
    ] = None,
    nmma_environment: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Virtual or conda environment that has NMMA."),
    ] = None,
) -> None:
    """Report wavelengths and faults of the installed NMMA.

    Exit status: 3 when there is no NMMA that can be used.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.nmma_engine.check import check_nmma

    configure_log()
    named = nmma_environment or load_config(config).fits.nmma.environment
    print(check_nmma(named))
