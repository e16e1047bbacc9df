"""No accounting, and ticks further apart than MinJobAge: the runs' own records must tell."""

from pathlib import Path

import forgotten
import pytest
from installation import Installation
from toy_campaign import doubles

pytestmark = pytest.mark.slurm


def story(root: Path) -> Installation:
    return forgotten.play(root, accounting=False)


def test_a_result_is_found_by_its_sentinel(told):
    assert told.states("good") == ["done"] and len(told.starts("good")) == 1


def test_a_failure_is_found_by_its_exit_record(told):
    assert told.states("bad") == ["failed(nonzero_exit)"]


def test_a_run_that_nobody_knows_was_cancelled_is_resumed(told):
    assert told.states("cancelled") == ["done"] and told.out("cancelled")["first"] > 0


def test_a_time_out_is_inferred_and_the_run_resumed(told):
    [note] = [note for note in told.notes if "out of time toy" in note]
    assert "timeout, trying again (inferred" in note
    assert told.states("out of time") == ["done"] and told.out("out of time")["first"] > 0


def test_a_run_without_a_last_word_is_lost_and_tried_again(told):
    assert any("killed toy: lost, trying again" in note for note in told.notes)
    assert told.states("killed") == ["done"]


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []
