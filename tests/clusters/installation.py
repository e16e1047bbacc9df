"""An installation of the poller on a private cluster, with the toy campaign."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from htcondor_pool import Pool
from slurm_cluster import SlurmCluster
from toy_campaign import Start, read_starts, write_candidate
from toy_poller import NIGHT
from waiting import PATIENCE, wait_until

POLLER = Path(__file__).parents[1] / "toy_poller.py"
CONFIG = """
[tick]
interval = 0.5
grace = 4
submit_grace = 30
timeout = 36000
[scheduler]
name = "slurm"
[scheduler.slurm]
command_seconds = 5
warning_seconds = 55
"""


class Installation:
    """One poller with its candidates and what came of them.

    Its poller is a process of its own, told only by its environment which cluster is meant.
    """

    def __init__(self, root: Path, cluster: SlurmCluster | Pool, config: str = CONFIG) -> None:
        self.root = root
        self.cluster = cluster
        self.outdir = root / "outdir" / NIGHT
        self._night = root / "candidates" / NIGHT
        self._night.mkdir(parents=True)
        (root / "my.toml").write_text(config)
        self._poller: subprocess.Popen[bytes] | None = None

    # The poller

    def start(self) -> None:
        """Tick from now on."""
        self._poller = self._call()

    def tick(self, seconds: float = 60) -> dict[str, Any]:
        """Tick once, and say what came of it."""
        self._wait(self._call("--once"), seconds)
        return self.reports[-1]

    def finish(self, seconds: float = 120) -> None:
        """Wait until everything asked for has ended, and the poller with it."""
        assert self._poller is not None
        (self.root / "enough").touch()
        self._wait(self._poller, seconds)

    def stop(self) -> None:
        """End the poller as it is."""
        if self._poller is not None and self._poller.poll() is None:
            self._poller.kill()
            self._poller.wait()

    def _call(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(POLLER), str(self.root), *options]
        environment = {**os.environ, **self.cluster.environment}
        with (self.root / "poller.out").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def _wait(self, poller: subprocess.Popen[bytes], seconds: float) -> None:
        try:
            status = poller.wait(seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            poller.kill()
            poller.wait()
            raise AssertionError(f"not finished: {self.needs}\n{self.said}") from None
        assert status == 0, self.said

    @property
    def said(self) -> str:
        """The end of what the poller printed."""
        return (self.root / "poller.out").read_text()[-3000:]

    # What goes in, and what came of it

    def want(self, name: str, **settings: Any) -> None:
        """Ask for one toy."""
        write_candidate(self._night, name, **settings)

    @property
    def reports(self) -> list[dict[str, Any]]:
        """What each tick said."""
        path = self.root / "reports"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def needs(self) -> dict[str, dict[str, Any]]:
        """How each object stands after the last tick."""
        reports = self.reports
        return {need["object"]: need for need in reports[-1]["needs"]} if reports else {}

    @property
    def notes(self) -> list[str]:
        """Everything that ticks told a person."""
        return [note for report in self.reports for note in report["notes"]]

    def states(self, *names: str) -> list[str]:
        """How these stand: the state, and the reason in brackets."""
        needs = [self.needs.get(name, {"state": "unknown", "reason": None}) for name in names]
        return [f"{n['state']}({n['reason']})" if n["reason"] else n["state"] for n in needs]

    def starts(self, name: str) -> list[Start]:
        """Runs of an object's unit that began."""
        unit = json.loads((self.work(name) / "unit.json").read_text())
        return [one for one in read_starts(self.root / "starts") if one.digest == unit["digest"]]

    def all_starts(self) -> list[Start]:
        """Runs of all units that began."""
        return read_starts(self.root / "starts")

    def work(self, name: str) -> Path:
        """An object's work folder."""
        from nmma_fitter.engine.files import folder_name

        return self.outdir / folder_name(name) / "toy"

    def out(self, name: str) -> dict[str, Any]:
        """An object's published output."""
        return json.loads((self.work(name) / "out.json").read_text())

    def until(self, ask: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for something, and say where the poller stood if it does not come."""
        try:
            wait_until(ask, seconds, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}; {self.needs}\n{self.said}") from None

    def until_run(self, name: str, runs: int = 1, seconds: float = 60) -> Start:
        """Wait until so many runs of an object's unit have begun; the last of them."""

        def begun() -> bool:
            return (self.work(name) / "unit.json").exists() and len(self.starts(name)) >= runs

        self.until(begun, seconds, f"run {runs} of {name}")
        return self.starts(name)[-1]

    def pause(self, seconds: float) -> None:
        """Let time pass, where passing time is what is tested."""
        time.sleep(seconds)
