"""The toy behaves as the tests that build on it believe, on the real local scheduler."""

import json
import os
import signal

import pytest
from toy_campaign import Start, ToyCampaign, doubles, read_starts, write_candidate
from waiting import tick_to_the_end, wait_until

from nmma_fitter.config import load_config
from nmma_fitter.make_jobs import Order, Poller

NIGHT = "2459778-2459785"


@pytest.fixture
def campaign(tmp_path) -> ToyCampaign:
    return ToyCampaign(tmp_path / "outdir", tmp_path / "starts")


@pytest.fixture
def poller(tmp_path, campaign) -> Poller:
    config = tmp_path / "my.toml"
    config.write_text("[tick]\ngrace = 2\n[scheduler]\nslots = 2\n")
    night = tmp_path / "candidates" / NIGHT
    night.mkdir(parents=True)
    return Poller(load_config(config), Order(night_dir=night), campaign=campaign)


def test_a_toy_is_done_and_its_start_is_noted_once(poller, campaign):
    write_candidate(poller.choice.folder, "a", seconds=0.2)
    [need] = tick_to_the_end(poller).needs
    [start] = read_starts(campaign.starts)
    assert (need.state, start.digest, start.attempt) == ("done", need.digest, 1)


def test_a_toy_told_to_fail_fails_for_its_reason(poller):
    write_candidate(poller.choice.folder, "a", seconds=0.1, final="bad_input")
    [need] = tick_to_the_end(poller).needs
    assert (need.state, need.reason) == ("failed", "bad_input")


def test_a_warned_toy_leaves_a_checkpoint_from_which_the_next_run_goes_on(poller, campaign):
    go_on = campaign.starts.with_name("go")
    write_candidate(poller.choice.folder, "a", seconds=3.0, until=str(go_on))
    wait_until(lambda: poller.tick() and read_starts(campaign.starts))
    folder = campaign.outdir / NIGHT / "a" / "toy"
    wait_until(lambda: list(folder.glob("attempts/*/heartbeat")))
    os.kill(read_starts(campaign.starts)[0].pid, signal.SIGUSR1)
    go_on.touch()
    tick_to_the_end(poller)
    out = json.loads((folder / "out.json").read_text())
    assert out["first"] > 0 and out["first"] + out["paid"] == 30


def test_two_jobs_for_one_attempt_are_a_double():
    one = Start("d", 0, 1, "17", 0, "n1", 5, 1.0)
    other = Start("d", 0, 1, "18", 0, "n2", 6, 1.0)
    assert doubles([one, other]) == [("d", 0, 1)]


def test_a_restart_by_the_batch_system_is_no_double():
    one = Start("d", 0, 1, "17", 0, "n1", 5, 1.0)
    again = Start("d", 0, 1, "17", 1, "n2", 6, 2.0)
    assert doubles([one, again]) == []
