"""What comes into a night that nobody looks at any more is looked at all the same."""

import pytest
from toy_campaign import ToyCampaign, write_candidate

from nmma_fitter.candidates.sources.arrivals import announce, arrived, looked_at
from nmma_fitter.config import load_config
from nmma_fitter.make_jobs import Order, Poller

A, B = "2459778-2459785", "2459779-2459786"


@pytest.fixture
def poller(tmp_path) -> Poller:
    (tmp_path / "my.toml").write_text("[scheduler]\nslots = 1\n")
    config = load_config(tmp_path / "my.toml")
    for night, name in ((A, "a"), (B, "b")):
        write_candidate(tmp_path / "candidates" / night, name, seconds=0.1)
    campaign = ToyCampaign(tmp_path / "outdir", tmp_path / "starts")
    return Poller(config, Order(follow=True), campaign=campaign)


def wanted(poller: Poller, night: str) -> set[str]:
    path = poller.config.paths.state
    from nmma_fitter.engine.rebuild import open_ledger

    with open_ledger(path, poller.config.paths.outdir) as ledger:
        return {need.object for need in ledger.needs(night)}


def test_a_file_pulled_into_an_older_night_is_fitted(poller):
    poller.tick()
    state = poller.config.paths.state
    write_candidate(poller.config.paths.candidates / A, "late", seconds=0.1)
    poller.tick()
    assert "late" not in wanted(poller, A)
    announce(state, A)
    poller.tick()
    assert "late" in wanted(poller, A) and arrived(state) == []


def test_nights_that_came_at_once_are_all_fitted(poller):
    state = poller.config.paths.state
    state.mkdir()
    announce(state, A)
    announce(state, B)
    poller.tick()
    assert wanted(poller, A) == {"a"} and wanted(poller, B) == {"b"}


def test_what_comes_while_a_night_is_looked_at_is_looked_at_next_time(tmp_path):
    announce(tmp_path, A)
    assert arrived(tmp_path) == [A]
    announce(tmp_path, A)
    looked_at(tmp_path, A)
    assert arrived(tmp_path) == [A]


def test_a_tick_that_is_killed_before_it_is_through_leaves_the_mark(tmp_path):
    announce(tmp_path, A)
    assert arrived(tmp_path) == arrived(tmp_path) == [A]
    looked_at(tmp_path, A)
    assert arrived(tmp_path) == []
