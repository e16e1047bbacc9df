"""With slurmdbd: what the queue has forgotten, sacct tells."""

from pathlib import Path

import forgotten
import pytest
from installation import Installation
from toy_campaign import doubles

pytestmark = pytest.mark.slurm


def story(root: Path) -> Installation:
    return forgotten.play(root, accounting=True)


def test_a_result_is_found(told):
    assert told.states("good") == ["done"] and len(told.starts("good")) == 1


def test_a_failure_is_told_with_its_status(told):
    assert told.states("bad") == ["failed(nonzero_exit)"]
    assert told.needs["bad"]["detail"] == "FAILED: exit status 3"


def test_a_cancelled_job_is_told_with_the_name_of_who_did_it(told):
    assert told.states("cancelled") == ["failed(cancelled)"]
    assert "CANCELLED by root" in told.needs["cancelled"]["detail"]


def test_a_run_that_was_killed_is_told_with_its_signal_and_tried_again(told):
    assert any(
        "killed toy: nonzero_exit, trying again (FAILED: signal SIGKILL)" in note
        for note in told.notes
    )
    assert told.states("killed") == ["done"]


def test_a_time_out_is_told_and_the_run_resumed(told):
    assert any("out of time toy: timeout, trying again (TIMEOUT" in note for note in told.notes)
    assert told.states("out of time") == ["done"] and told.out("out of time")["first"] > 0


def test_what_sacct_knows_is_known_at_the_first_tick(told):
    ended = {need["object"]: need["state"] for need in told.first["needs"]}
    assert (ended["cancelled"], ended["bad"]) == ("failed", "pending")


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []
