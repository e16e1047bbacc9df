"""Calls of the three commands as a person gives them: their status, and what the screen shows."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter import cli

BIN = Path(sys.executable).parent
NIGHT = "2459778-2459785"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")
STATUSES = {0, 1, 2, 3, 4, 75, 130}  # those the commands' helps speak of
ENTRIES = {
    "nmma-fit": cli.nmma_fit_main,
    "make-jobs": cli.make_jobs_main,
    "nmma-fitter": cli.nmma_fitter_main,
}


@dataclass(frozen=True)
class Said:
    """How a call ended."""

    status: int
    out: str
    err: str

    @property
    def both(self) -> str:
        """All that was shown."""
        return self.out + self.err


def light_curve(path: Path, rows: tuple[str, ...] = ROWS) -> Path:
    """Write a survey's light curve."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(rows)))
    return path


def call(root: Path, command: str, *arguments: str) -> Said:
    """Call a command in a folder, as a process of its own."""
    done = subprocess.run(
        [str(BIN / command), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=root,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def call_here(root: Path, command: str, *arguments: str) -> Said:
    """The same within this process, for very many calls; what is raised passes through."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before, sys.argv = sys.argv, [command, *arguments]
    status = 0
    try:
        with (
            contextlib.chdir(root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            ENTRIES[command]()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        sys.argv = before
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))
    return Said(status, *texts)
