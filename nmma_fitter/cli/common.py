"""What the three commands share: options, errors in one line, lists of values."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nmma_fitter.errors import NmmaFitterError
from nmma_fitter.terminal import drop_what_nobody_reads, guard_streams

EX_SOME_FAILED = 1
EX_INTERRUPTED = 130

OPTIONS: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def run(app: typer.Typer, name: str, many: set[str]) -> None:
    """Run a command; errors of ours and Ctrl-C end in one line and a status, not a traceback."""
    guard_streams()
    try:
        _run(app, name, many)
    finally:
        _flush()


def _run(app: typer.Typer, name: str, many: set[str]) -> None:
    try:
        app(args=spread(sys.argv[1:], many), prog_name=name)
    except NmmaFitterError as error:
        stream = sys.stdout if error.exit_status == 0 else sys.stderr
        print(f"{name}: {error}", file=stream)
        sys.exit(error.exit_status)
    except SystemExit as left:
        if isinstance(getattr(left.__context__, "__cause__", None), KeyboardInterrupt):
            print(f"\n{name}: interrupted", file=sys.stderr)  # typer makes a status of it
        raise
    except BrokenPipeError as error:
        drop_what_nobody_reads(error)
        sys.exit(EX_SOME_FAILED)
    except (OSError, sqlite3.Error) as error:
        what = _in_words(error)
        print(f"{name}: {what}; fix that and run the same command again", file=sys.stderr)
        sys.exit(EX_SOME_FAILED)


def _flush() -> None:
    """Write what is left; what nobody can take is not worth another exit status."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _in_words(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror.lower()}"
    return str(error)


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
        from nmma_fitter.version import version_text

        print(version_text())
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_version, is_eager=True, help="Print the version and the commit."
    ),
]
