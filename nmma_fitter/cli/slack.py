"""``nmma-fitter slack``: parse, call, exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from nmma_fitter.cli.common import OPTIONS

slack_app = typer.Typer(**OPTIONS, no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]


@slack_app.callback()
def slack() -> None:
    """Check the Slack set-up and preview messages."""


@slack_app.command("check")
def check_command(config: Config = None) -> None:
    """Check token, scopes and channels; nothing is posted.

    Exit status: 0 when all is in order, else 1.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.delivery.slack.check import check

    whole = True
    for good, line in check(load_config(config).slack):
        print(f"{'ok     ' if good else 'MISSING'} {line}")
        whole = whole and good
    raise typer.Exit(0 if whole else 1)


@slack_app.command("preview")
def preview_command(
    night: Annotated[str, typer.Argument(help="A night's name, or how it begins.")],
    config: Config = None,
    name: Annotated[str | None, typer.Option("--object", help="Only this object.")] = None,
) -> None:
    """Print what would be posted about a night, as JSON."""
    from nmma_fitter.config import load_config
    from nmma_fitter.delivery.slack.preview import parcels, preview

    settings = load_config(config)
    paths = settings.paths
    found = parcels(paths.state, paths.outdir, night, name)
    print(json.dumps([preview(one, settings.slack) for one in found], indent=1))
