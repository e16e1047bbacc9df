"""``nmma-fitter models``: parse, call, exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nmma_fitter.cli.common import OPTIONS


class _ListByDefault(TyperGroup):
    """``models``, ``models NAME`` and ``models --long`` list; a verb's name comes before."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


models_app = typer.Typer(
    **OPTIONS, cls=_ListByDefault, help="What can be fitted: list, show, check, fetch, convert."
)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Such as Bu2025.")]
Models = Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="By default all.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="Whose priors and model options count.")
]


@models_app.command("list")
def list_command(
    names: Models = None,
    config: Config = None,
    long: Annotated[bool, typer.Option("--long", help="With parameters, units, ranges.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """List the models; with names or --long, their parameters.

    ``nmma-fitter models`` alone is the same.
    """
    from dataclasses import asdict

    from nmma_fitter.catalogue.cards import cards
    from nmma_fitter.catalogue.listing import page, table, terminal_width
    from nmma_fitter.config import load_config

    found = cards(names or [], load_config(config).fits)
    if as_json:
        print(json.dumps([asdict(card) for card in found], indent=1))
    elif long or names:
        print("\n\n".join(page(card, terminal_width()) for card in found))
    else:
        print(table(found, terminal_width()))
        print("\nnmma-fitter models NAME: its parameters; show NAME: its light curves; check: all")


@models_app.command("show")
def show_command(
    model: Model,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="By default <model>.png, here.")
    ] = None,
    bands: Annotated[str, typer.Option(help="Separated by commas.")] = "ztfg,ztfr,ztfi",
    days: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="FIRST LAST", help="By default those the model is meant for, to 30."),
    ] = None,
    draws: Annotated[int | None, typer.Option(min=10, help="By default 2000; 200 if slow.")] = None,
    distance: Annotated[float, typer.Option(metavar="MPC", help="Of all draws.")] = 100.0,
    priors: Annotated[Path | None, typer.Option(help="Instead of the model's own.")] = None,
    config: Config = None,
) -> None:
    """Plot the light curves that a model's prior allows.

    Median, 68 and 95 % bands, and single draws.
    """
    from nmma_fitter.catalogue.show import show
    from nmma_fitter.config import load_config

    wanted = [band.strip() for band in bands.split(",") if band.strip()]
    print(
        show(
            model,
            load_config(config).fits,
            out or Path(f"{model}.png"),
            bands=wanted,
            distance=distance,
            days=days,
            draws=draws,
            priors=priors,
        )
    )


@models_app.command("check")
def check_command(
    names: Models = None,
    long: Annotated[bool, typer.Option("--long", help="Each comparison, not the worst.")] = False,
) -> None:
    """Compare models with stored magnitudes of other codes.

    A line a model: its largest difference, what is allowed, and by which code. Exit status: 1 when
    one differs, else 0, also where a model is unavailable.
    """
    from nmma_fitter import models as known
    from nmma_fitter.catalogue.check import check, lines

    found = [one for name in names or known.names() for one in check(name)]
    print("\n".join(lines(found, every=long)))
    raise typer.Exit(int(any(one.state == "differs" for one in found)))


@models_app.command("fetch")
def fetch_command(
    model: Model,
    engine: Annotated[
        str, typer.Option(metavar="fast|nmma", help="Whose data of the model.")
    ] = "fast",
    bands: Annotated[
        str, typer.Option(help="Of NMMA's surrogate, separated by commas.")
    ] = "ztfg,ztfr,ztfi",
    config: Config = None,
) -> None:
    """Download and check the data of a model.

    The folder is NMMA_FITTER_DATA_DIR, by default ~/.local/share/nmma_fitter, and for NMMA's
    surrogates ``nmma`` there, or [fits.nmma] surrogates. Exit status: 3 when they could not be had,
    with how to bring them here by hand.
    """
    from nmma_fitter.nmma_engine.catalogue import KINDS

    known = _names()
    if engine == "nmma" or (model not in known and model in KINDS):
        _fetch_of_nmma(model, bands, config)
        return
    from nmma_fitter.models.surrogate_fetch import fetch

    print(f"{model}: {fetch(model, _digest_of(model))}")


def _names() -> tuple[str, ...]:
    from nmma_fitter import models as known

    return known.names()


def _fetch_of_nmma(model: str, bands: str, config: Path | None) -> None:
    from nmma_fitter.bands import canonical
    from nmma_fitter.config import load_config
    from nmma_fitter.nmma_engine.fetch import fetch_surrogate
    from nmma_fitter.nmma_engine.place import models_folder

    folder = models_folder(load_config(config).fits.nmma.surrogates)
    wanted = [canonical(band.strip()) for band in bands.split(",") if band.strip()]
    for path in fetch_surrogate(model, wanted, folder):
        print(f"{model}: {path}")


@models_app.command("convert")
def convert_command(
    model: Model,
    source: Annotated[
        Path, typer.Argument(metavar="FROM", help="Folder of the published pickles, or the wheel.")
    ],
) -> None:
    """Convert a published surrogate into the data folder.

    Nothing in its pickles can run.
    """
    from nmma_fitter.models.surrogate_fetch import convert_from

    known = _digest_of(model)
    print(f"{model}: {convert_from(model, source, known)} (sha256 of its arrays {known})")


def _digest_of(model: str) -> str:
    from nmma_fitter import models as known

    known.get(model)
    return str(getattr(known.MODELS[model], "weights", ""))
