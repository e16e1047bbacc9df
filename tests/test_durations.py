import pytest

from nmma_fitter.durations import in_words, parse_duration
from nmma_fitter.errors import BadInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("25m", 1500), ("2h", 7200), ("1d", 86400), ("45", 45), ("1.5 h", 5400)],
)
def test_a_time_is_read_as_people_write_it(text, seconds):
    assert parse_duration("--linger", text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5 weeks", "1h30m", "٣m"])
def test_what_is_no_time_is_refused_with_the_options_name(text):
    with pytest.raises(BadInput, match="--linger"):
        parse_duration("--linger", text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (12.4, "12 s"), (99, "99 s"), (180, "3 min"), (7800, "2 h 10 min"), (4e5, "4 d")],
)
def test_a_span_has_its_largest_units(seconds, words):
    assert in_words(seconds) == words
