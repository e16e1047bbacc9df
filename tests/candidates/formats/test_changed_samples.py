"""Samples changed at random are read or refused on one line, and never raise anything else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput

from .samples import samples

SAMPLES = {name: data for name, data in samples().items() if name != "parquet"}
WORDS = b"nan inf -999 1e400 null [] {} [[1]] true 59800.25 # < @".split()
PIECES = st.sampled_from(
    [*WORDS, b"", b'"', b",", b"\n", b"\t", b"9" * 50, b"\xff", b"\0", b"\xe2\x80\xae"]
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


@pytest.mark.parametrize("sample", SAMPLES)
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=CHANGES)
def test_a_changed_file_is_read_or_refused(sample, changes, tmp_path):
    data = SAMPLES[sample]
    for place, length, piece in changes:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + length :]
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    try:
        assert parse(path).rows
    except BadInput as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 2500
