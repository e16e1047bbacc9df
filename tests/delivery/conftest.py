import os
import sys
from pathlib import Path

import pytest

# Shared by this folder's test modules, which are not a package.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("bench", "slack_server", "slack_store")


@pytest.fixture
def no_proxy(monkeypatch):
    """Loopback is asked directly, whatever this machine's proxies."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server(no_proxy):
    """The stand-in for Slack."""
    from slack_server import SlackServer

    server = SlackServer().start()
    yield server
    server.stop()


@pytest.fixture
def make(server, tmp_path):
    """Make an installation that tells one channel, with these settings of Slack."""
    from bench import Bench
    from slack_server import CHANNEL, TOKEN

    from nmma_fitter.delivery.slack.courier import couriers
    from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE
    from nmma_fitter.delivery.slack.settings import SlackSettings

    def made(**settings):
        chosen = SlackSettings(channels=(CHANNEL,), base_url=server.url, **settings)
        root = tmp_path / "site"
        return Bench(root, lambda: couriers(chosen, root / "outdir", {VARIABLE: TOKEN}))

    return made


@pytest.fixture
def bench(make):
    """An installation that tells one channel."""
    return make()
