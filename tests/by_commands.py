"""An installation in a folder, worked by its commands as a person or cron gives them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
HEADER = "jd,mag,mag_unc,filter,limmag\n"
ROWS = ("2459780.7,19.0,0.1,g,20.5", "2459781.7,19.5,0.1,r,20.5", "2459782.7,20.1,0.1,g,20.5")
CONFIG = """
[tick]
interval = 0.3
unattended_interval = 0.3
grace = 5
[scheduler]
slots = 2
[fits]
models = ["Piro2021"]
[fits.settings]
nlive = 50
n_effective = 100
"""


@dataclass(frozen=True)
class Said:
    """A command's exit status, and what it printed."""

    status: int
    text: str


@dataclass(frozen=True)
class Site:
    """An installation, and where its candidates may come from."""

    root: Path

    def set_up(self, more: str = "") -> Site:
        """Write the configuration."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "my.toml").write_text(CONFIG + more)
        return self

    def light_curve(self, night: str, name: str, *, rows: int = 1, at: str = "candidates") -> Path:
        """A candidate; with one row it is skipped, with all three it is fitted."""
        folder = self.root / at / night
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"lc_{name}_forced1_stacked0.csv"
        path.write_text(HEADER + "\n".join(ROWS[:rows]) + "\n")
        return path

    def command(self, name: str, *arguments: str) -> list[str]:
        """A command's line, with this configuration."""
        return [str(BIN / name), *arguments, "--config", str(self.root / "my.toml")]

    def run(self, name: str, *arguments: str) -> Said:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(name, *arguments), capture_output=True, text=True, timeout=280, check=False
        )
        return Said(done.returncode, done.stdout + done.stderr)

    def status(self) -> str:
        """What `nmma-fitter status` prints."""
        return self.run("nmma-fitter", "status").text

    def nights(self) -> set[str]:
        """Nights that were looked at."""
        snapshot = json.loads((self.root / "state" / "snapshot.json").read_text())
        return {night["night"] for night in snapshot["nights"]}

    def runs(self) -> int:
        """How many runs of fits ever began in the results' folder."""
        return len(list(self.root.glob("outdir/*/*/*/attempts/*/started")))
