"""From a file's arrival at the survey's machine to its first picture in the thread.

``python benchmarks/arrival.py`` brings up a real sshd, from which candidates are pulled and to
which results are pushed by restricted keys, and a stand-in for Slack; starts ``make-jobs
--keep-going`` with the scheduler ``local``; lets light curves of the samples arrive, one after the
other; and prints for each how long every stage took. The page that was pushed is opened in
Chromium. The exit status is 1 when a picture took longer than a minute besides the time of its fit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("", "clusters", "delivery")]

from slack_server import CHANNEL, TOKEN, SlackServer  # noqa: E402
from ssh_server import SshServer, private_sshd  # noqa: E402

from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE  # noqa: E402

NIGHT = "2460000-2460007"
SAMPLES = ROOT / "config" / "demo" / "candidates" / NIGHT
ALLOWED = 60.0
HEAD = """\
| light curve | pulled | job started | first fit | first picture | fit pushed | besides the fit |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |"""
LIMIT = 600.0
CONFIG = """
[tick]
unattended_interval = {interval}
[sources.survey]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{pull}"
known_hosts = "{known_hosts}"
[destinations.archive]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{push}"
known_hosts = "{known_hosts}"
[slack]
channels = ["{channel}"]
base_url = "{url}"
[fits]
models = {models}
"""


@dataclass(frozen=True)
class Stages:
    """Seconds since the file arrived, but for `fit`, the first fit's own time."""

    pulled: float
    started: float
    fit: float
    picture: float
    pushed: float

    @property
    def besides(self) -> float:
        """From arrival to the first picture, without the time of its fit."""
        return self.picture - self.fit


def main() -> int:
    """Measure, print, and look at the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["Piro2021", "Me2017"])
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between two ticks")
    parser.add_argument("--manifest", action="store_true", help="the survey vouches for its files")
    parser.add_argument("--count", type=int, default=3, help="how many light curves")
    parser.add_argument("--screenshot", type=Path, help="of the last object's page")
    given = parser.parse_args()
    samples = sorted(SAMPLES.iterdir())[: given.count]
    rows: list[Stages] = []
    with tempfile.TemporaryDirectory() as folder, private_sshd(Path(folder) / "sshd") as server:
        slack = SlackServer().start()
        site = Path(folder) / "site"
        with poller(site, server, slack, given):
            print(HEAD, flush=True)
            for sample in samples:
                rows.append(measure(sample, site, server, slack, given.manifest))
                print_row(sample.stem.split("_")[1], rows[-1])
        slack.stop()
        print_row(
            "median", Stages(*(median(getattr(r, f.name) for r in rows) for f in fields(Stages)))
        )
        page = server.push / NIGHT / samples[-1].stem.split("_")[1] / "index.html"
        said = look(page, given.screenshot)
    print(said)
    return int(any(row.besides > ALLOWED for row in rows))


@contextmanager
def poller(
    site: Path, server: SshServer, slack: SlackServer, given: argparse.Namespace
) -> Iterator[None]:
    """A poller that has made its first tick."""
    site.mkdir()
    config = site / "my.toml"
    config.write_text(
        CONFIG.format(
            interval=given.interval, port=server.port, pull=server.key("ro"),
            push=server.key("wo"), known_hosts=server.known_hosts, channel=CHANNEL, url=slack.url,
            models=json.dumps(given.models),
        )
    )  # fmt: skip
    command = [Path(sys.executable).with_name("make-jobs"), "--config", config, "--keep-going"]
    (server.pull / NIGHT).mkdir()
    log = (site / "said").open("w")
    process = subprocess.Popen(command, env={**os.environ, VARIABLE: TOKEN}, stdout=log, stderr=log)
    try:
        wait_for((site / "state" / "snapshot.json").exists)
        yield
    finally:
        process.terminate()
        process.wait(60)


def measure(
    sample: Path, site: Path, server: SshServer, slack: SlackServer, manifest: bool
) -> Stages:
    """Let one light curve arrive, and note when each stage is reached."""
    name = sample.stem.split("_")[1]
    began = time.time()
    shutil.copyfile(sample, server.pull / NIGHT / sample.name)
    if manifest:
        vouch(server.pull / NIGHT)
    pulled = wait_for((site / "candidates" / NIGHT / sample.name).exists)
    object_folder = site / "outdir" / NIGHT / name
    started = wait_for(lambda: [*object_folder.glob("*/attempts/*/started")])
    picture = wait_for(lambda: shown(slack, name))
    pushed = wait_for(lambda: [*(server.push / NIGHT / name).glob("*/*.fin")])
    first = min(
        (json.loads(path.read_text()) for path in object_folder.glob("*/*.fin")),
        key=lambda fin: fin["ended"],
    )
    fit = float(first["ended"] - first["started"])
    return Stages(pulled - began, started - began, fit, picture - began, pushed - began)


def vouch(night: Path) -> None:
    """Write the survey's manifest, as ``sha256sum`` does."""
    names = sorted(path.name for path in night.glob("*.csv"))
    done = subprocess.run(["sha256sum", *names], cwd=night, capture_output=True, check=True)
    draft = night / ".manifest"
    draft.write_bytes(done.stdout)
    draft.replace(night / "manifest.sha256")


def shown(slack: SlackServer, name: str) -> bool:
    """Whether a picture of an object is in its thread."""
    replies = [message for message in slack.store.messages if message.thread_ts and message.files]
    return any(one.startswith(name) for message in replies for one in slack.store.names(message))


def wait_for(ask: Callable[[], Any]) -> float:
    """When it was first so."""
    end = time.monotonic() + LIMIT
    while not ask():
        if time.monotonic() > end:
            raise TimeoutError("a stage was not reached in ten minutes")
        time.sleep(0.02)
    return time.time()


def print_row(name: str, row: Stages) -> None:
    """One line of the table."""
    cells = [row.pulled, row.started, row.fit, row.picture, row.pushed, row.besides]
    print(f"| {name} | " + " | ".join(f"{cell:.1f} s" for cell in cells) + " |", flush=True)


def look(page: Path, screenshot: Path | None) -> str:
    """Open a pushed page in Chromium; returns what it shows."""
    from playwright.sync_api import sync_playwright

    browser = shutil.which("chromium")
    if browser is None:
        return "no chromium here: the page was not looked at"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1100, "height": 900})
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.goto(page.as_uri())
        heading = tab.inner_text("h1")
        if screenshot is not None:
            tab.screenshot(path=screenshot)
        chromium.close()
    return f"the page of {heading!r}, as pushed, opens in Chromium with {len(said)} errors {said}"


if __name__ == "__main__":
    sys.exit(main())
