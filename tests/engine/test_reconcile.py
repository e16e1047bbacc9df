"""The rules of the design, written down again, over every cell of the table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from nmma_fitter.engine.reconcile import Action, decide, table
from nmma_fitter.engine.sentinel import SentinelState as S
from nmma_fitter.engine.unit import State
from nmma_fitter.schedulers.base import JobState as J

CELLS = list(product(State, J, S))
LIVE_JOB = (J.PENDING, J.RUNNING)
ended_badly = (State.FAILED, State.SKIPPED)


@pytest.mark.parametrize(("state", "job", "sentinel"), CELLS)
def test_every_cell_has_an_answer_that_keeps_the_rules(state, job, sentinel):
    decision = decide(state, job, sentinel)
    if sentinel is S.VALID:
        assert decision.state is State.DONE and decision.action is Action.FINISH
        return
    assert decision.action is not Action.FINISH, "only a valid sentinel ends a unit well"
    assert decision.state is not State.DONE or state is State.DONE
    if job is J.UNKNOWN:
        assert (decision.state, decision.action, decision.cancel) == (state, Action.KEEP, False)
    if decision.action is Action.SUBMIT:
        assert state is State.PENDING
        assert job in (J.ABSENT, J.ENDED_WELL, J.ENDED_BADLY), "nothing of it may be alive"
    if sentinel is S.STALE:
        assert decision == decide(state, job, S.NONE), "a stale sentinel counts as none"
    if state in ended_badly:
        assert (decision.state, decision.action) == (state, Action.KEEP)
    elif job in LIVE_JOB:
        assert decision.action is Action.KEEP and not decision.cancel
        assert decision.state is (State.SUBMITTED if job is J.PENDING else State.RUNNING)
    if decision.set_aside:
        assert sentinel is S.INVALID


@pytest.mark.parametrize("state", [State.SUBMITTED, State.RUNNING])
def test_absent_from_the_queue_is_waited_for_before_it_is_lost(state):
    decision = decide(state, J.ABSENT, S.NONE)
    assert (decision.action, decision.reason) == (Action.WAIT, "lost")


def test_a_submit_without_an_id_is_waited_for_and_not_charged():
    decision = decide(State.SUBMITTING, J.ABSENT, S.NONE)
    assert (decision.state, decision.action, decision.reason) == (
        State.SUBMITTING,
        Action.WAIT,
        None,
    )


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED, State.RUNNING])
def test_ended_well_without_a_sentinel_is_no_output_after_a_wait(state):
    decision = decide(state, J.ENDED_WELL, S.NONE)
    assert (decision.action, decision.reason) == (Action.WAIT, "no_output")


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED, State.RUNNING])
def test_ended_badly_ends_the_attempt_at_once(state):
    assert decide(state, J.ENDED_BADLY, S.NONE).action is Action.END


@pytest.mark.parametrize("state", [s for s in State if not s.ended])
def test_a_held_job_never_started_and_is_cancelled(state):
    decision = decide(state, J.HELD, S.NONE)
    assert (decision.action, decision.reason, decision.cancel) == (
        Action.END,
        "never_started",
        True,
    )


def test_an_invalid_sentinel_is_set_aside_and_ends_the_attempt():
    decision = decide(State.RUNNING, J.ENDED_WELL, S.INVALID)
    assert (decision.action, decision.reason, decision.set_aside) == (
        Action.END,
        "invalid_output",
        True,
    )


@pytest.mark.parametrize("job", LIVE_JOB)
def test_a_job_of_a_unit_that_has_failed_is_cancelled(job):
    assert decide(State.FAILED, job, S.NONE).cancel


def test_a_result_that_is_gone_is_fitted_again():
    assert decide(State.DONE, J.ABSENT, S.NONE).action is Action.REOPEN


def test_the_documented_table_is_the_one_that_decides():
    text = (Path(__file__).parents[2] / "docs" / "reconcile.md").read_text()
    assert text.endswith(table())
    assert table().count("\n") == len(CELLS) + 2
