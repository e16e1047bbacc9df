"""``make-jobs``: parse, call, exit status."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter.cli.common import (
    EX_INTERRUPTED,
    EX_SOME_FAILED,
    OPTIONS,
    Version,
)
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.log_lines import configure_log
from nmma_fitter.plain import counted

jobs_app = typer.Typer(**OPTIONS)


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
    render_dag: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the night as a DAG for HTCondor's DAGMan."),
    ] = None,
    collect_only: Annotated[
        bool, typer.Option("--collect-only", help="Rank what has ended; submit nothing.")
    ] = False,
    version: Version = False,
) -> None:
    """Fit a night's candidates with each model, wait for them, and rank the models.

    Exit status: 0 when everything ended and nothing failed, or with --once, --linger and
    --keep-going when the last tick went well, another one polls, or pollers are stopped; 1 when
    something failed, by a named reason, or would be refused; 2 for bad input; 3 when every fit was
    skipped, so that nothing was fitted; 75 when another make-jobs is past its time budget.
    """
    from nmma_fitter.config import check_paths, load_config
    from nmma_fitter.poller.asked_outdir import check_outdir
    from nmma_fitter.poller.preflight import check_lock, check_order, is_alone, may_begin
    from nmma_fitter.poller.tick import Order, Rhythm

    seconds = _duration("--linger", linger)
    if keep_going and (once or dry_run):
        raise BadInput("--keep-going never ends by itself: leave --once and --dry-run out")
    configure_log()
    settings = load_config(config)
    if outdir is not None:
        paths = settings.paths.model_copy(update={"outdir": outdir.resolve()})
        settings = settings.model_copy(update={"paths": paths})
        check_paths(paths, "--outdir")
        check_outdir(paths, data_dir.resolve().name if data_dir else None)
    unattended = keep_going or seconds is not None
    follow = data_dir is None and (once or unattended)
    chosen = tuple(candidate or ())
    order = Order(data_dir, chosen, _models(models or ()), force, timeout, follow=follow)
    check_order(settings, order)
    if dry_run:
        from nmma_fitter.poller.rehearsal import rehearse
        from nmma_fitter.progress import print_plan

        plan = rehearse(settings, order)
        print_plan(plan)
        raise typer.Exit(EX_SOME_FAILED if plan.refused else 0)
    if render_dag is not None:
        raise typer.Exit(_render_dag(settings, order, render_dag, config))
    if (once or unattended) and not may_begin(settings.paths.state):
        raise typer.Exit(0)
    if unattended:
        if not is_alone(settings.paths.state):
            raise typer.Exit(0)
        raise typer.Exit(_unattended(settings, order, seconds))
    check_lock(settings)
    from nmma_fitter.make_jobs import Poller, repeat
    from nmma_fitter.progress import Display, all_skipped, print_end
    from nmma_fitter.terminal import Showing

    rhythm = Rhythm("make-jobs --once", settings.tick.period) if once else Rhythm()
    poller = Poller(settings, order, rhythm=rhythm)
    if collect_only:
        from nmma_fitter.poller.dag import Collecting

        poller, once = Collecting(settings, order), True
    try:
        with Display() as display:
            report = repeat(poller, display.show, once=once)
    except KeyboardInterrupt:
        print("\ninterrupted: the jobs go on, and the same command adopts them")
        raise typer.Exit(EX_INTERRUPTED) from None
    folder = poller.night_folder
    Showing("its results are in the folder").safely(lambda: print_end(report, folder))
    if once and not collect_only:
        raise typer.Exit(0)
    if any(need.state.value == "failed" for need in report.needs):
        raise typer.Exit(EX_SOME_FAILED)
    raise typer.Exit(Unavailable.exit_status if all_skipped(report.needs) else 0)


def _render_dag(settings: Any, order: Any, folder: Path, config: Path | None) -> int:
    from nmma_fitter.candidates.nights import newest_night
    from nmma_fitter.poller.dag import collect_command, render_dag

    night = (order.night_dir or newest_night(settings.paths.candidates, time.time())).resolve()
    collect = collect_command(order, night, settings.paths.outdir, config)
    dag = render_dag(settings, order, folder, collect)
    print(f"{counted(dag.nodes, 'unit')}; submit with: condor_submit_dag {dag.path}")
    return 0


def _unattended(settings: Any, order: Any, seconds: float | None) -> int:
    from nmma_fitter.poller.unattended import keep_going, linger
    from nmma_fitter.progress import Display

    with Display(changes_only=True) as display:
        if seconds is None:
            return keep_going(settings, order, display.show)
        return linger(settings, order, display.show, seconds)


def _duration(option: str, text: str | None) -> float | None:
    from nmma_fitter.durations import parse_duration

    return None if text is None else parse_duration(option, text)


def _models(wanted: Sequence[str]) -> tuple[str, ...]:
    from nmma_fitter.models import names

    return names() if "all" in wanted else tuple(dict.fromkeys(wanted))
