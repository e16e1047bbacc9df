"""A small part of ``make chaos`` on a real pool: killed around the calls, and at random."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from htcondor_pool import private_pool

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the package chaos

from chaos.beds import htcondor
from chaos.disasters import pool_disasters
from chaos.figures import Figures, table
from chaos.scenarios import Plan, Scenario

pytestmark = pytest.mark.htcondor
SEED = random.randrange(10**6)


def story(root: Path) -> dict[str, Figures]:
    with private_pool(root / "pool", cpus=16) as pool:
        calm, rough = htcondor(pool, submit_grace=6.0), htcondor(pool, submit_grace=25.0)
        storm = Plan(kills=12, in_flight=8, seconds=(1.0, 4.0), apart=5, limit=3000)
        scenarios = {
            "calls": Scenario("calls", calm, Plan(units=2, moments=1), SEED),
            "random": Scenario("random", rough, storm, SEED, None, pool_disasters(pool)),
        }
        return {name: one.play(root / name, print) for name, one in scenarios.items()}


def test_a_poller_killed_around_its_calls_loses_nothing_and_does_nothing_twice(told):
    row = told["calls"]
    assert row.as_expected and sum(row.kills.values()) == 8, table([row])


def test_random_kills_with_nodes_and_schedd_that_die_lose_nothing(told):
    row = told["random"]
    assert row.as_expected and row.kills["random"] == 12, table([row])
    assert row.disasters
