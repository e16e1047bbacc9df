"""How far a run is, in words, in heartbeats of all versions, and how long it will still take."""

import math

import pytest

from nmma_fitter.durations import roughly
from nmma_fitter.run_progress import Progress, TimeLeft, read_heartbeat, to_heartbeat


@pytest.mark.parametrize(
    ("now", "left", "said"),
    [
        (Progress(0, None, "exploring"), None, "exploring"),
        (Progress(41, 100, "sampling"), 72.4, "41 %, about 75 s left, sampling"),
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


def test_the_time_left_is_that_of_the_pace_so_far_and_counts_down():
    seen = (0, done(0.2)), (20, done(0.4)), (40, done(0.6)), (50, done(0.6))
    assert lefts(*seen)[1:] == pytest.approx([60, 40, 30])


def test_nothing_is_said_before_there_is_a_pace_nor_at_the_end():
    assert lefts((0, done(0.2)), (9, done(0.9)), (90, done(0.21)), (99, done(1.0))) == [None] * 4
    assert lefts((0, done(0.2)), (60, done(0.29)), (70, done(0.31))) == [
        None,
        None,
        pytest.approx(439, abs=1),
    ]


def test_rounds_of_a_sampler_do_not_make_it_swing():
    """Effective samples as they came: a jump with each round, and none of it in between."""
    rounds = {0.04: 3, 0.17: 3, 0.28: 3, 0.33: 2, 0.45: 3, 0.52: 2, 0.6: 3}
    shares = [share for share, looks in rounds.items() for _ in range(looks)]
    said = lefts(*((4.0 * n, done(share)) for n, share in enumerate(shares)))
    ends = [4.0 * n + left for n, left in enumerate(said) if left is not None]
    assert len(ends) > 12 and len({round(end) for end in ends}) <= 3


def test_a_pace_that_is_quite_another_corrects_it():
    seen = (0, done(0.0)), (20, done(0.4)), (40, done(0.45)), (80, done(0.5))
    assert lefts(*seen)[1:] == pytest.approx([30, 40 * 0.55 / 0.45, 80])


def test_what_takes_longer_than_estimated_has_no_time_left_to_say():
    assert lefts((0, done(0.0)), (20, done(0.8)), (24, done(0.8)), (26, done(0.8)))[2:] == [1, None]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "under 15 s"),
        (38, "about 45 s"),
        (100, "about 2 min"),
        (560, "about 9 min"),
        (2000, "about 35 min"),
        (9000, "about 2 h 30 min"),
        (90000, "about 25 h"),
    ],
)
def test_an_estimate_is_said_no_finer_than_it_is_known(seconds, said):
    assert roughly(seconds) == said


def test_a_share_that_falls_back_or_is_not_known_begins_anew():
    seen = (0, done(0.1)), (10, done(0.9)), (11, done(0.5)), (21, done(0.7))
    assert lefts(*seen)[2:] == pytest.approx([None, 15])
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
