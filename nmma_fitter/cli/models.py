"""``nmma-fitter models``: parse, call, exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nmma_fitter.cli.common import OPTIONS

models_app = typer.Typer(**OPTIONS)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Such as Bu2025.")]


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List what can be fitted: name, kind, paper, parameters, and whether its data are here."""
    if context.invoked_subcommand is None:
        from nmma_fitter.progress import print_models

        print_models()


@models_app.command("fetch")
def fetch_command(model: Model) -> None:
    """Get the data of a model where the network allows, checked, into the data folder.

    The folder is NMMA_FITTER_DATA_DIR, by default ~/.local/share/nmma_fitter. Exit status: 3 when
    they could not be had, with how to bring them here by hand.
    """
    from nmma_fitter.models.surrogate_fetch import fetch

    print(f"{model}: {fetch(model, _digest_of(model))}")


@models_app.command("convert")
def convert_command(
    model: Model,
    source: Annotated[
        Path, typer.Argument(metavar="FROM", help="Folder of the published pickles, or the wheel.")
    ],
) -> None:
    """Convert a published surrogate into the data folder; nothing in its pickles can run."""
    from nmma_fitter.models.surrogate_fetch import convert_from

    known = _digest_of(model)
    print(f"{model}: {convert_from(model, source, known)} (sha256 of its arrays {known})")


def _digest_of(model: str) -> str:
    from nmma_fitter import models as known

    known.get(model)
    return str(getattr(known.MODELS[model], "weights", ""))
