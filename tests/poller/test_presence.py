import subprocess
import sys

import pytest

from nmma_fitter.config import load_config
from nmma_fitter.errors import LockHeld
from nmma_fitter.poller.presence import Presence, stop_path, stop_request
from nmma_fitter.poller.steering import allow_polling, stop_polling

LIVES = """
import sys
from pathlib import Path
from nmma_fitter.poller.presence import Presence
with Presence(Path(sys.argv[1])).held(kind="primary_job", job="17"):
    print("lives", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "my.toml").write_text("")
    (tmp_path / "state").mkdir()
    return load_config(tmp_path / "my.toml")


@pytest.fixture
def other(config):
    process = subprocess.Popen(
        [sys.executable, "-c", LIVES, str(config.paths.state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "lives\n"
    yield process
    process.kill()
    process.communicate()


def test_of_two_pollers_the_second_is_told_of_the_first(config, other):
    told = pytest.raises(LockHeld, match=f"primary_job 17 .pid {other.pid} on")
    with told, Presence(config.paths.state).held(kind="make-jobs --keep-going"):
        pass


def test_a_killed_poller_makes_room(config, other):
    other.kill()
    other.wait()
    with Presence(config.paths.state).held(kind="make-jobs --keep-going"):
        pass
    assert Presence(config.paths.state).holder() is None


def test_stop_says_who_leaves_and_when(config, other):
    said = stop_polling(config)
    assert "primary_job 17" in said and "within 60 s" in said
    assert stop_path(config.paths.state).exists()


def test_stop_says_when_nothing_runs_and_keeps_crons_ticks_from_beginning(config):
    assert "no unattended poller is running" in stop_polling(config)
    assert stop_request(config.paths.state) is not None


def test_start_takes_a_stop_back(config):
    stop_polling(config)
    assert "may begin" in allow_polling(config)
    assert stop_request(config.paths.state) is None
    assert "nobody had asked" in allow_polling(config)


def test_a_stop_that_cannot_be_read_still_stops(config):
    stop_path(config.paths.state).write_text("")
    assert stop_request(config.paths.state) == {}
