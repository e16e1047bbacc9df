"""``nmma-fitter install-jobs DIR``: jobs, crontab and configuration, ready to edit.

The paths of this installation are filled in. A file that was changed since it was written here is
kept, unless it is to be replaced.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import sys
from pathlib import Path

from nmma_fitter.engine.files import read_json, write_atomic, write_json
from nmma_fitter.errors import BadInput
from nmma_fitter.poller.site import Site
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


# Which of them start the poller where.
OF_SCHEDULER = {
    "slurm": ("primary_job", "scrontab", "crontab", "my.toml"),
    "htcondor": ("primary_job.sub", "crontab", "my.toml"),
    "local": ("crontab", "my.toml"),
}
NEXT = {
    "slurm": "sbatch {folder}/primary_job",
    "htcondor": "condor_submit {folder}/primary_job.sub",
    "local": "crontab -e, and add the lines of {folder}/crontab; "
    "or make-jobs --config {folder}/my.toml --keep-going",
}
PRIMARY_SECONDS = 12 * 3600
SLOT_SECONDS, LAST_TICK_MINUTES = 29 * 60, 4  # of scrontab; a slot ends with a tick


def install_jobs(folder: Path, site: Site, *, account: str = "", force: bool = False) -> list[str]:
    """Write the files that fit a site into a folder; returns one line for each, and what is next.

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
    for name in OF_SCHEDULER[site.scheduler]:
        parts = FILES[name]
        text = fill_in(shipped(*parts).read_text(encoding="utf-8"), commands, folder)
        text = commented(text) if name.endswith(".toml") else text
        text = fit_to(text, site, account)
        said = _write(folder / name, text, written.get(name), force=force)
        if not said.startswith("kept"):
            written[name] = _digest(text.encode())
        lines.append(f"{folder / name}: {said}")
    write_json(folder / MANIFEST, {"sha256": written})
    return [*site.found, *lines, f"next: {NEXT[site.scheduler].format(folder=folder)}"]


def fit_to(text: str, site: Site, account: str) -> str:
    """Put a site's scheduler, partition and time limits into a shipped file."""
    seconds = int(min(PRIMARY_SECONDS, site.longest or PRIMARY_SECONDS))
    limit = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    lines = {r"^#SBATCH --time=.*$": f"#SBATCH --time={limit}", **_slot(site)}
    if site.scheduler != "local":
        lines[r'^# name = "local"'] = f'name = "{site.scheduler}"'
    if site.scheduler == "slurm":
        for option, value in (("partition", site.partition), ("account", account)):
            if value:
                lines[rf"^##SBATCH --{option}=.*$"] = f"#SBATCH --{option}={value}"
                lines[rf'^# {option} = ""'] = f"{option} = {json.dumps(value)}"
    for pattern, line in lines.items():
        text = re.sub(pattern, line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


def _slot(site: Site) -> dict[str, str]:
    """What of scrontab's slot does not fit the partition: its time limit, and the lingering."""
    if site.longest is None or site.longest >= SLOT_SECONDS:
        return {}
    minutes, seconds = divmod(int(site.longest), 60)
    stays = max(minutes - LAST_TICK_MINUTES, minutes // 2)
    return {
        r"^#SCRON --time=.*$": f"#SCRON --time=00:{minutes:02}:{seconds:02}",
        r"--linger \w+$": f"--linger {stays}m",
    }


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
