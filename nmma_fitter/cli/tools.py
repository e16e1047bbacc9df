"""The verbs of ``nmma-fitter``: parse, call, exit status."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter.cli.bands import bands_command
from nmma_fitter.cli.common import EX_INTERRUPTED, OPTIONS, Version
from nmma_fitter.cli.engines import check_nmma_command, compare_engines
from nmma_fitter.cli.models import models_app
from nmma_fitter.cli.photometry import formats, show
from nmma_fitter.cli.slack import slack_app
from nmma_fitter.cli.stats import stats
from nmma_fitter.log_lines import configure_log
from nmma_fitter.plain import counted

tools_app = typer.Typer(**OPTIONS, no_args_is_help=True)
tools_app.add_typer(models_app, name="models")
tools_app.add_typer(slack_app, name="slack")
tools_app.command("formats")(formats)
tools_app.command("show")(show)
tools_app.command("stats")(stats)
tools_app.command("compare-engines")(compare_engines)
tools_app.command("check-nmma")(check_nmma_command)
tools_app.command("bands")(bands_command)

Config = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
Objects = Annotated[
    list[str] | None, typer.Option("--object", help="Only these objects (several).")
]
Models = Annotated[list[str] | None, typer.Option("--model", help="Only these models (several).")]
Night = Annotated[str | None, typer.Argument(help="A night's name, or how it begins.")]


@tools_app.callback()
def tools(version: Version = False) -> None:
    """Inspect and control nmma_fitter."""


@tools_app.command("status")
def status(
    config: Config = None,
    night: Annotated[
        str | None, typer.Option(help="Only this night: its name, or how it begins.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Show how each fit stands, as of the last tick.

    A primary_job that waits in Slurm's queue is found there, with its reason. Exit status: 0; 3
    when ticks are expected and the last one is older than two periods, or a primary_job waits for
    the first; 2 when there is nothing to show.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.poller.status import show_status
    from nmma_fitter.poller.waiting import waiting_primary

    settings = load_config(config)
    in_queue = partial(waiting_primary, settings, config)
    state, now = settings.paths.state, time.time()
    raise typer.Exit(show_status(state, night, as_json=as_json, now=now, in_queue=in_queue))


@tools_app.command("stop")
def stop(config: Config = None) -> None:
    """Stop primary_job, --keep-going and the ticks of cron."""
    from nmma_fitter.config import load_config
    from nmma_fitter.poller.steering import stop_polling

    print(stop_polling(load_config(config)))


@tools_app.command("start")
def start(config: Config = None) -> None:
    """Undo `stop`: let pollers run again."""
    from nmma_fitter.config import load_config
    from nmma_fitter.poller.steering import allow_polling

    print(allow_polling(load_config(config)))


@tools_app.command("retry")
def retry_command(
    night: Night = None,
    config: Config = None,
    objects: Objects = None,
    models: Models = None,
    reason: Annotated[
        str | None, typer.Option(help="Only what ended for this reason, such as timeout.")
    ] = None,
) -> None:
    """Retry failed fits, and fits of suspended models.

    The next tick submits them. Exit status: 0 when there was something to try again, else 1.
    """
    from nmma_fitter.poller.orders import retry

    settings, campaign, scheduler, chosen = _in_hand(config, night, objects, models, reason)
    raise typer.Exit(0 if retry(settings, campaign, scheduler, chosen, _say) else 1)


@tools_app.command("cancel")
def cancel_command(
    night: Night = None,
    config: Config = None,
    objects: Objects = None,
    models: Models = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End unfinished fits and their jobs.

    They fail as cancelled; `retry` fits them again.
    """
    from nmma_fitter.poller.orders import cancel, to_cancel

    settings, campaign, scheduler, chosen = _in_hand(config, night, objects, models, None)
    if not yes:
        labels = to_cancel(settings, chosen, _say)
        print("\n".join(labels) or "nothing is unfinished")
        if labels and not typer.confirm(f"cancel {counted(len(labels), 'fit')}?"):
            print("nothing was cancelled")
            raise typer.Exit(1)
    raise typer.Exit(0 if cancel(settings, campaign, scheduler, chosen, _say) else 1)


@tools_app.command("catch-up")
def catch_up_command(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First night, or how it begins.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last night, or how it begins.")],
    config: Config = None,
    models: Models = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stay until all have ended, or leave the rest.")
    ] = True,
) -> None:
    """Fit nights that were missed, in their order.

    What was fitted before stays as it is.

    Exit status: 1 when something failed, 130 when interrupted, else 0.
    """
    from nmma_fitter.candidates.nights import nights_between
    from nmma_fitter.config import load_config

    configure_log()
    settings = load_config(config)
    nights = nights_between(settings.paths.candidates, first, last, time.time())
    from nmma_fitter.poller.catch_up import catch_up
    from nmma_fitter.poller.signals import Signals
    from nmma_fitter.progress import Display, print_counts

    chosen = tuple(models or ())
    with Signals() as signals, Display() as display:
        reports = catch_up(settings, nights, display.show, signals, models=chosen, wait=wait)
    status = print_counts(reports)
    if signals.received is not None:
        print("interrupted: the jobs go on, and the next tick adopts them")
        raise typer.Exit(EX_INTERRUPTED)
    raise typer.Exit(status)


@tools_app.command("adopt")
def adopt_command(config: Config = None) -> None:
    """Claim the configured folders for this installation.

    For a folder that was emptied or whose state was lost; look first that it is mounted.
    """
    from nmma_fitter.config import load_config
    from nmma_fitter.engine.lock import TickLock
    from nmma_fitter.engine.marker import CANDIDATES, RESULTS, adopt

    settings = load_config(config)
    paths, budget = settings.paths, settings.tick.longest
    paths.state.mkdir(parents=True, exist_ok=True)
    with TickLock(paths.state, budget).held(budget, _say):
        folders = [(paths.outdir, RESULTS), (paths.candidates, CANDIDATES)]
        for folder, kind in folders if settings.sources else folders[:1]:
            folder.mkdir(parents=True, exist_ok=True)
            adopt(paths.state, folder, kind)
            print(f"{folder}: is this installation's from now on")


@tools_app.command("install-jobs")
def install_jobs_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them.")],
    scheduler: Annotated[
        str | None,
        typer.Option(help="slurm, htcondor or local, instead of the one that answers here."),
    ] = None,
    partition: Annotated[str, typer.Option(help="Of Slurm, instead of its default.")] = "",
    account: Annotated[str, typer.Option(help="Of Slurm.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what was changed.")] = False,
) -> None:
    """Write my.toml and what starts the poller.

    That is primary_job, crontab or scrontab.

    They fit the batch system that answers here, and this installation's paths are filled in.
    """
    from nmma_fitter.errors import BadInput
    from nmma_fitter.poller.install import OF_SCHEDULER, install_jobs
    from nmma_fitter.poller.site import find_site

    if scheduler is not None and scheduler not in OF_SCHEDULER:
        raise BadInput(f"--scheduler {scheduler!r}: there are: {', '.join(OF_SCHEDULER)}")
    site = find_site(scheduler or "", partition)
    if site.scheduler != "slurm" and (partition or account):
        raise BadInput("--partition and --account are for Slurm; add --scheduler slurm")
    for line in install_jobs(folder, site, account=account, force=force):
        print(line)


@tools_app.command("primary")
def primary(
    script: Annotated[Path, typer.Option(help="The batch script; jobs/primary_job gives it.")],
    config: Config = None,
    interval: Annotated[
        str | None, typer.Option(metavar="TIME", help="Between two ticks, such as 60s.")
    ] = None,
    leave_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Hand over after this time already.")
    ] = None,
) -> None:
    """Poll inside a job, then hand over (jobs/primary_job)."""
    from nmma_fitter.config import load_config
    from nmma_fitter.durations import parse_duration
    from nmma_fitter.make_jobs import Order
    from nmma_fitter.poller.primary import PrimaryOrder, run_primary
    from nmma_fitter.progress import Display

    configure_log()
    asked = PrimaryOrder(
        order=Order(follow=True),
        interval=parse_duration("--interval", interval) if interval else None,
        leave_after=parse_duration("--leave-after", leave_after) if leave_after else None,
        arguments=_passed_on(config, interval, leave_after),
        script=script,
    )
    settings = load_config(config)
    raise typer.Exit(run_primary(settings, asked, Display(changes_only=True).show, os.environ))


@tools_app.command("reconcile-table")
def reconcile_table() -> None:
    """Print what a tick does in every case."""
    from nmma_fitter.engine.reconcile import table

    print(table(), end="")


def _passed_on(config: Path | None, interval: str | None, leave: str | None) -> tuple[str, ...]:
    """Arguments of the batch script, made anew so that they do not grow from job to job."""
    given = {
        "--config": str(config.resolve()) if config else None,
        "--interval": interval,
        "--leave-after": leave,
    }
    return tuple(word for name, value in given.items() if value for word in (name, value))


def _in_hand(
    config: Path | None,
    night: str | None,
    objects: list[str] | None,
    models: list[str] | None,
    reason: str | None,
) -> Any:
    from nmma_fitter.config import load_config
    from nmma_fitter.poller.orders import Selection, check_place

    chosen = Selection(night, tuple(objects or ()), tuple(models or ()), reason)
    settings = load_config(config)
    check_place(settings)
    from nmma_fitter.fits_campaign import FitsCampaign
    from nmma_fitter.make_jobs import make_scheduler

    return settings, FitsCampaign(settings, ()), make_scheduler(settings), chosen


def _say(text: str) -> None:
    print(text)
    sys.stdout.flush()
