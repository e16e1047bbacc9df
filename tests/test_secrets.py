"""A secret in every setting that can hold one is nowhere in what is pushed, posted or shown."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "delivery"))

from slack_server import CHANNEL, TOKEN, SlackServer
from smtp_server import SmtpServer

BIN = Path(sys.executable).parent
NIGHT = "2459778-2459785"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
ENVIRONMENT = {"API_KEY": "s3cret-key", "DB_URL": "postgres://me:s3cret-db@db/x", "PLAIN": "s3cr3t"}
CONFIG = """
[tick]
interval = 0.3
[scheduler]
environment = {environment}
[scheduler.slurm]
extra = {{ wckey = "s3cret-extra" }}
[scheduler.htcondor.extra]
"+Pass" = '"s3cret-condor"'
[sources.fritz]
kind = "skyportal"
url = "https://127.0.0.1:1"
group_ids = [1]
tries = 1
[destinations.web]
kind = "folder"
path = "there"
[slack]
channels = ["{channel}"]
base_url = "{slack}"
token_file = "{token_file}"
[email]
recipients = ["you@example.org"]
sender = "me@example.org"
host = "127.0.0.1"
port = {smtp}
security = "none"
[webhook]
url = "http://127.0.0.1:{hook}/s3cret-path?key=s3cret-query"
signed = true
[fits]
models = ["Me2017", "Piro2021"]
together = ["Me2017", "Piro2021"]
[fits.settings]
n_effective = 100
"""
VARIABLES = {
    "SKYPORTAL_TOKEN": "s3cret-skyportal",
    "NMMA_FITTER_SMTP_PASSWORD": "s3cret-smtp",
    "NMMA_FITTER_WEBHOOK_SECRET": "s3cret-hmac",
    "ANYTHING_ELSE": "s3cret-submitter",
}
SECRETS = [*ENVIRONMENT.values(), *VARIABLES.values(), TOKEN, "s3cret"]


class Hook:
    """A webhook's other end; it keeps what it is posted."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()


@dataclass
class Night:
    """A night that was fitted, pushed, posted and shown."""

    root: Path
    slack: SlackServer
    mail: SmtpServer
    hook: Hook
    said: list[str] = field(default_factory=list)

    def call(self, *command: str | Path) -> str:
        """Run a command of ours; what it said."""
        proxies = {name for name in os.environ if name.lower().endswith("_proxy")}
        kept = {k: v for k, v in os.environ.items() if k not in proxies}
        words = [BIN / str(command[0]), *command[1:]]
        done = subprocess.run(
            words, env={**kept, **VARIABLES}, cwd=self.root, text=True, timeout=180,
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said.append(done.stdout)
        return done.stdout

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file below these folders."""
        found = (path for one in folders for path in (self.root / one).rglob("*"))
        return {str(path): path.read_bytes() for path in found if path.is_file()}


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    root = tmp_path_factory.mktemp("secrets")
    found = Night(root, SlackServer().start(), SmtpServer(), Hook())
    token_file = root / "token"
    token_file.write_text(TOKEN)
    token_file.chmod(0o600)
    text = CONFIG.format(
        environment="{" + ", ".join(f'{k} = "{v}"' for k, v in ENVIRONMENT.items()) + "}",
        channel=CHANNEL, slack=found.slack.url, token_file=token_file,
        smtp=found.mail.port, hook=found.hook.http.server_port,
    )  # fmt: skip
    (root / "my.toml").write_text(text)
    (root / "there").mkdir()
    folder = root / "candidates" / NIGHT
    folder.mkdir(parents=True)
    rows = "".join(f"{i},{row}\n" for i, row in enumerate(ROWS))
    (folder / "lc_ZTF1_forced1_stacked0.csv").write_text(HEADER + rows)
    (folder / "lc_ZTF2_forced1_stacked0.csv").write_text(HEADER + rows[:25])
    for command in (
        ("make-jobs", "--config", "my.toml", "--dry-run"),
        ("make-jobs", "--config", "my.toml", "--data-dir", folder),
        ("make-jobs", "--config", "my.toml", "--once"),
        ("nmma-fitter", "status", "--config", "my.toml"),
        ("nmma-fitter", "status", "--config", "my.toml", "--json"),
        ("nmma-fitter", "slack", "check", "--config", "my.toml"),
    ):
        found.call(*command)
    yield found
    found.slack.stop()
    found.mail.stop()
    found.hook.http.shutdown()


def held(content: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.encode() in content]


def test_nothing_pushed_holds_one(night):
    there = night.files("there")
    assert any(name.endswith("Me2017.fin") for name in there), night.said
    assert {name: held(content) for name, content in there.items() if held(content)} == {}


def test_nothing_posted_holds_one(night):
    store = night.slack.store
    said = [repr(store.messages), repr([file.title for file in store.files.values()])]
    mails = [mail.as_string() for _, mail in night.mail.mails]
    posted = [*map(str.encode, [*said, *mails]), *night.hook.got]
    assert store.parents(CHANNEL) and mails and night.hook.got, night.said
    assert [held(one) for one in posted if held(one)] == []


def test_nothing_said_or_shown_holds_one(night):
    assert [held(said.encode()) for said in night.said if held(said.encode())] == []
    shown = night.files("outdir") | night.files("state")
    scripts = {name for name in shown if Path(name).suffix == ".sh"}
    private = {*scripts, *(n for n in shown if Path(n).name in ("unit.json", "ledger.sqlite"))}
    open_to_all = {name: held(shown[name]) for name in shown.keys() - private}
    assert {name: found for name, found in open_to_all.items() if found} == {}
    assert any(Path(name).name == "snapshot.json" for name in open_to_all)


def test_scripts_that_hold_them_are_their_owners_alone(night):
    scripts = [p for p in (night.root / "outdir").rglob("*.sh") if held(p.read_bytes())]
    assert {path.name for path in scripts} == {"shared-1.sh", "job-1.sh"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in scripts} == {0}


@pytest.mark.parametrize(
    "text",
    [
        'webhook = "https://hooks.example.org/s3cret"',
        '[webhook]\nurl = "https://me:s3cret@example.org"',
        '[webhook]\nurl = "ftp://example.org/s3cret"',
        '[webhook]\nsigned = "s3cret"',
        "[scheduler.environment]\nAPI_KEY = 53cret",
        '[scheduler.environment]\nAPI_KEY = ["s3cret"]',
        '[scheduler]\nenvironment = "s3cret"',
        '[email]\nhost = "me:s3cret@mail.example.org"',
        '[slack]\npage_url = "https://me:s3cret@example.org"',
        '[slack]\nbase_url = "http://me:s3cret@example.org"',
        '[slack]\nbase_url = "http://example.org?token=s3cret"',
        '[slack]\ntoken = "s3cret"',
        '[slack]\nlinks = { x = "https://me:s3cret@example.org/{object}" }',
        f'[slack]\ntoken_file = "{TOKEN}"',
        '[email]\npage_url = "https://me:s3cret@example.org"',
        '[sources.x]\nkind = "skyportal"\ngroup_ids = [1]\nurl = "https://me:s3cret@example.org"',
        '[sources.x]\nkind = "skyportal"\ngroup_ids = [1]\nurl = "https://example.org"\n'
        'token_variable = "s3cret-0000"',
    ],
)
def test_a_setting_that_is_refused_is_not_shown_where_it_may_be_secret(text, tmp_path):
    (tmp_path / "my.toml").write_text(text)
    command = [BIN / "nmma-fitter", "status", "--config", tmp_path / "my.toml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "my.toml" in done.stderr
    assert "3cret" not in done.stderr and TOKEN not in done.stderr
