"""A small storm: what `make chaos` does, in a minute."""

from __future__ import annotations

import random

import pytest
from slurm_cluster import private_slurm
from ssh_server import missing_commands

from chaos.beds import LOCAL, LOCAL_CROWD, quick_folder, slurm, why_no_slurm
from chaos.deliveries import Delivery
from chaos.disasters import cluster_disasters, on_this_machine
from chaos.ends import both_ends
from chaos.figures import Figures, table
from chaos.scenarios import Plan, Scenario

SEED = random.randrange(10**6)
LONG = 3000.0  # seconds: each ends by a count, and is to reach it on a machine however busy


def play(scenario: Scenario | Delivery) -> Figures:
    said: list[str] = []
    with quick_folder() as folder:
        row = scenario.play(folder, said.append)
    print("\n".join(said), f"seed {row.seed}", table([row]), sep="\n")
    return row


def test_a_poller_killed_at_every_boundary_loses_nothing_and_does_nothing_twice():
    plan = Plan(units=1, step=17, between=3, harmless=False, enough=20, limit=LONG)
    row = play(Scenario("boundaries", LOCAL, plan, SEED))
    assert row.as_expected and row.places >= 20


@pytest.mark.slow  # on Slurm the same is done below
def test_a_poller_killed_around_the_start_of_its_jobs_loses_nothing():
    row = play(Scenario("calls", LOCAL, Plan(moments=1), SEED))
    assert row.as_expected and sum(row.kills.values()) == 4


@pytest.mark.slow  # on Slurm the same is done below
def test_random_kills_lose_nothing():
    plan = Plan(kills=20, in_flight=10, seconds=(0.5, 3.0), apart=6, limit=LONG)
    row = play(Scenario("random", LOCAL_CROWD, plan, SEED, disasters=on_this_machine))
    assert row.as_expected and row.kills["random"] == 20


@pytest.mark.parametrize("control", ["adoption", pytest.param("sentinel", marks=pytest.mark.slow)])
def test_a_blind_poller_is_found_out(control):
    row = play(Scenario("calls", LOCAL, Plan(moments=1), SEED, control))
    assert row.doubled + row.lost > 0


@pytest.mark.slurm
def test_a_poller_on_slurm_is_killed_around_its_calls_and_at_random_with_its_nodes():
    if reason := why_no_slurm():
        pytest.skip(f"a private Slurm: {reason}; NMMA_FITTER_TEST_INSTALL=1 make test")
    with quick_folder() as root, private_slurm(root, cpus=16) as cluster:
        calm, rough = slurm(cluster, submit_grace=6.0), slurm(cluster, submit_grace=15.0)
        calls = play(Scenario("calls", calm, Plan(units=2, moments=1), SEED))
        plan = Plan(kills=20, in_flight=10, seconds=(1.0, 4.0), apart=8, limit=LONG)
        storm = play(Scenario("random", rough, plan, SEED, None, cluster_disasters(cluster)))
    assert calls.as_expected and sum(calls.kills.values()) == 8
    assert storm.as_expected and storm.kills["random"] == 20


@pytest.fixture(scope="module")
def ends():
    if missing := missing_commands():
        pytest.skip(f"a private sshd: no {missing[0]}; NMMA_FITTER_TEST_INSTALL=1 make test")
    with quick_folder() as root, both_ends(root, SEED) as both:
        yield both


@pytest.mark.ssh
def test_a_poller_killed_between_both_ends_delivers_everything_whole_and_once(ends):
    plan = Plan(step=240, seek=False, between=100, limit=LONG)
    row = play(Delivery("boundaries", ends, plan, SEED))
    assert row.as_expected and sum(row.kills.values()) >= 2


@pytest.mark.ssh
@pytest.mark.parametrize("control", [None, pytest.param("intents", marks=pytest.mark.slow)])
def test_cut_connections_and_lost_answers_lose_nothing_unless_intents_are_forgotten(ends, control):
    row = play(Delivery("faults", ends, Plan(kills=12, limit=LONG), SEED, control))
    assert row.as_expected and sum(row.disasters.values()) > 6
