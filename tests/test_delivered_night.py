"""A night that comes from a real sshd and goes back to it, to a thread, and to pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "delivery"))

from slack_server import CHANNEL, TOKEN, SlackServer
from ssh_server import SshServer, missing_commands, private_sshd

from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE

pytestmark = pytest.mark.ssh
NIGHT = "2459778-2459785"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
CONFIG = """
[tick]
interval = 0.3
[sources.survey]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{pull}"
known_hosts = "{known}"
every = 0
settle_seconds = 1
[destinations.archive]
kind = "rsync"
host = "127.0.0.1"
port = {port}
key = "{push}"
known_hosts = "{known}"
[slack]
channels = ["{channel}"]
base_url = "{url}"
[fits]
models = ["Piro2021"]
[fits.settings]
nlive = 50
n_effective = 100
"""


@dataclass
class Night:
    """What was left, and said."""

    root: Path
    server: SshServer
    slack: SlackServer
    status: int = 0
    said: str = ""

    def call(self) -> None:
        """Run make-jobs until the night has ended."""
        command = [Path(sys.executable).with_name("make-jobs"), "--config", self.root / "my.toml"]
        environment = {**os.environ, VARIABLE: TOKEN}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        self.status, self.said = done.returncode, done.stdout + done.stderr

    def inodes(self) -> dict[Path, int]:
        """Every file at the destination; one that is sent again is another file."""
        return {path: path.stat().st_ino for path in self.server.push.rglob("*.*")}


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Iterator[Night]:
    if missing := missing_commands():
        pytest.skip(f"needs {missing[0]}; run as root: NMMA_FITTER_TEST_INSTALL=1 make test")
    root = tmp_path_factory.mktemp("delivered")
    with private_sshd(root / "sshd") as server:
        slack = SlackServer().start()
        text = CONFIG.format(
            port=server.port, pull=server.key("ro"), push=server.key("wo"),
            known=server.known_hosts, channel=CHANNEL, url=slack.url,
        )  # fmt: skip
        (root / "my.toml").write_text(text)
        folder = server.pull / NIGHT
        folder.mkdir()
        rows = "".join(f"{i},{row}\n" for i, row in enumerate(ROWS))
        (folder / "lc_ZTF1_forced1_stacked0.csv").write_text(HEADER + rows)
        (folder / "lc_ZTF2_forced1_stacked0.csv").write_bytes(b"PK\x03\x04 a spreadsheet\n")
        found = Night(root, server, slack)
        found.call()
        yield found
        slack.stop()


def test_the_whole_candidate_was_fitted_and_the_other_set_aside_and_said(night):
    assert night.status == 0, night.said
    assert "source survey: " in night.said and "lc_ZTF2" in night.said
    assert [path.name for path in (night.root / "outdir" / NIGHT).glob("ZTF*")] == ["ZTF1"]


def test_everything_public_is_at_the_destination_and_the_night_is_closed_there(night):
    outdir, there = night.root / "outdir", night.server.push
    names = [f"{NIGHT}/{NIGHT}.fin", f"{NIGHT}/ZTF1/Piro2021/Piro2021.fin", "index.html"]
    names += [f"{NIGHT}/ZTF1/{name}" for name in ("index.html", "ranking.json")]
    for name in names:
        assert (there / name).read_bytes() == (outdir / name).read_bytes()
    assert not [*there.rglob("attempts")] and not [*there.rglob("slack.json")]


def test_the_thread_has_the_ranking_and_the_pictures_and_the_channel_a_digest(night):
    parent, digest = night.slack.store.parents(CHANNEL)
    assert "Piro2021" in parent.text and parent.edits > 0 and NIGHT in digest.text
    names = [
        name
        for reply in night.slack.store.replies(CHANNEL, parent.ts)
        for name in night.slack.store.names(reply)
    ]
    assert [name.split("-")[2] for name in sorted(names)] == ["corner", "lightcurves"]


def test_no_token_is_anywhere_on_disk(night):
    for path in (night.root / "outdir").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    for path in (night.root / "state").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_the_same_night_again_pushes_and_posts_nothing(night):
    inodes, calls = night.inodes(), len(night.slack.calls)
    night.call()
    assert night.status == 0 and night.inodes() == inodes and len(night.slack.calls) == calls


@pytest.mark.browser
def test_the_pushed_page_opens_in_a_browser(night):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium; run as root: NMMA_FITTER_TEST_INSTALL=1 make test")
    page = (night.server.push / NIGHT / "ZTF1" / "index.html").as_uri()
    command = [browser, "--headless", "--no-sandbox", "--dump-dom", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert "<h1>ZTF1</h1>" in done.stdout and 'class="main-svg"' in done.stdout


def test_the_ledger_lost_nothing_is_posted_or_pushed_twice(night):
    messages, files = len(night.slack.store.messages), len(night.slack.store.files)
    inodes = night.inodes()
    (night.root / "state" / "ledger.sqlite").unlink()
    night.call()
    assert night.status == 0, night.said
    assert len(night.slack.store.messages) == messages
    assert len(night.slack.store.files) == files and night.inodes() == inodes
    fin = json.loads((night.root / "outdir" / NIGHT / f"{NIGHT}.fin").read_text())
    assert fin["revision"] == 1
