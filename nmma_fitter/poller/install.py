"""``nmma-fitter install-jobs DIR``: jobs, crontab and configuration, ready to edit.

The paths of this installation are filled in. A file that was changed since it was written here is
kept, unless it is to be replaced.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
from pathlib import Path

from nmma_fitter.engine.files import read_json, write_atomic, write_json
from nmma_fitter.errors import BadInput
from nmma_fitter.shipped import shipped

MANIFEST = ".installed.json"
CONFIG_HEAD = """\
# What holds for this installation: take the `#` from what you change. What is commented out has
# the default shown, also that of a later version.

"""
PLAIN = re.compile(r"[A-Za-z0-9_./+@:,=-]+", re.ASCII)
FILES = {
    "primary_job": ("jobs", "primary_job"),
    "primary_job.sub": ("jobs", "primary_job.sub"),
    "crontab": ("crontab", "crontab"),
    "scrontab": ("crontab", "scrontab"),
    "my.toml": ("config", "default.toml"),
}


def install_jobs(folder: Path, *, force: bool = False) -> list[str]:
    """Write the files into a folder; returns one line for each.

    Raises
    ------
    BadInput
        The folder's or this installation's path holds what no crontab and no directive can.
    """
    folder = folder.expanduser().resolve()
    commands = Path(sys.executable).parent
    for path in (folder, commands):
        if not PLAIN.fullmatch(str(path)):
            raise BadInput(
                f"{str(path)!r}: crontab lines and #SBATCH directives need a path of plain "
                "characters; choose another folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    written = dict((read_json(folder / MANIFEST) or {}).get("sha256", {}))
    lines = []
    for name, parts in FILES.items():
        text = fill_in(shipped(*parts).read_text(encoding="utf-8"), commands, folder)
        text = commented(text) if name.endswith(".toml") else text
        said = _write(folder / name, text, written.get(name), force=force)
        if not said.startswith("kept"):
            written[name] = _digest(text.encode())
        lines.append(f"{folder / name}: {said}")
    write_json(folder / MANIFEST, {"sha256": written})
    return lines


def fill_in(text: str, commands: Path, folder: Path) -> str:
    """Put this installation's paths into a shipped file."""
    name = f"nmma-primary-{hashlib.sha256(str(folder).encode()).hexdigest()[:6]}"
    config = folder / "my.toml"
    lines = {
        r"^NMMA_FITTER=.*$": f"NMMA_FITTER={shlex.quote(str(commands))}",
        r"^CONFIG=.*$": f"CONFIG={shlex.quote(str(config))}",
        r"^#SBATCH --job-name=.*$": f"#SBATCH --job-name={name}",
        r"^#SBATCH --output=.*$": f"#SBATCH --output={folder / 'primary_job.log'}",
        r"/path/to/bin\b": str(commands),
        r"/path/to/my\.toml": str(config),
        r"/path/to/log": str(folder),
    }
    for pattern, line in lines.items():
        text = re.sub(pattern, line.replace("\\", r"\\"), text, flags=re.MULTILINE)
    return text


def commented(text: str) -> str:
    """A configuration with all but its paths commented out: later versions' defaults hold."""
    head, scheduler, rest = text.partition("[scheduler]")
    rest = re.sub(r"^(?=[a-z_]+ *=)", "# ", rest, flags=re.MULTILINE)
    return CONFIG_HEAD + head[head.index("[paths]") :] + scheduler + rest


def _write(path: Path, text: str, written: str | None, *, force: bool) -> str:
    """Write a file, unless a person has changed it."""
    there = path.read_bytes() if path.exists() else None
    if there == text.encode():
        return "is up to date"
    if there is not None and _digest(there) != written and not force:
        return "kept, since it was changed (--force replaces it)"
    write_atomic(path, text)
    return "written" if there is None else "replaced"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
