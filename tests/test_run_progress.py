"""How far a run is, in words, in heartbeats of all versions, and how long it will still take."""

import math

import pytest

from nmma_fitter.run_progress import Progress, TimeLeft, read_heartbeat, to_heartbeat


@pytest.mark.parametrize(
    ("now", "left", "said"),
    [
        (Progress(0, None, "exploring"), None, "exploring"),
        (Progress(41, 100, "sampling"), 72.4, "41 %, 72 s left, sampling"),
        (Progress(996, 1000, "sampling"), None, "99 %, sampling"),
        (Progress(1200, 1000, "sampling"), None, "100 %, sampling"),
        (Progress(math.nan, 1000, "sampling"), None, "sampling"),
        (Progress(1, 0, "sampling"), None, "sampling"),
    ],
)
def test_a_share_is_said_where_it_is_known_and_is_whole_only_at_the_end(now, left, said):
    assert now.in_words(left) == said


def lefts(*seen: tuple[float, Progress]) -> list[float | None]:
    times = iter([at for at, _ in seen])
    estimate = TimeLeft(lambda: next(times))
    return [estimate(now) for _, now in seen]


def done(share: float | None) -> Progress:
    return Progress(share or 0.0, None if share is None else 1.0, "")


def test_the_time_left_is_that_of_the_pace_so_far():
    assert lefts((0, done(0.2)), (4, done(0.4)), (8, done(0.6)))[1:] == pytest.approx([12, 8])


def test_nothing_is_said_before_there_is_a_pace_nor_at_the_end():
    assert lefts((0, done(0.2)), (1, done(0.9)), (90, done(0.21)), (99, done(1.0))) == [None] * 4


def test_a_share_that_falls_back_or_is_not_known_begins_anew():
    seen = (0, done(0.1)), (10, done(0.9)), (11, done(0.5)), (21, done(0.6))
    assert lefts(*seen)[2:] == pytest.approx([None, 40])
    assert lefts((0, done(0.1)), (10, done(None)), (20, done(0.5)), (30, done(0.6)))[1:3] == [
        None,
        None,
    ]


def test_a_heartbeat_carries_it_there_and_back():
    now = Progress(41.0, 100.0, "sampling", 900)
    assert read_heartbeat({"count": 1, **to_heartbeat(now, 72.41)}) == (now, 72.4)


@pytest.mark.parametrize(
    ("beat", "said"),
    [
        ({"evaluations": 9, "phase": "sampling", "log_z": -4.05}, "9 evaluations, sampling, ln Z"),
        ({"evaluations": 9}, "9 evaluations, at work"),
        ({"evaluations": "many", "text": 3, "phase": None}, "0 evaluations, at work"),
        ({"text": "sampling", "done": "much", "total": [], "left": {}}, "sampling"),
    ],
)
def test_what_old_jobs_and_other_programs_write_is_read(beat, said):
    found = read_heartbeat({"count": 1, **beat})
    assert found is not None and found[0].in_words(found[1]).startswith(said)


def test_none_has_come_before_the_first():
    assert read_heartbeat({"run": "1-7-0", "seen": 3}) is None
