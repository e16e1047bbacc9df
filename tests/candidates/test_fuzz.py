"""Damaged files end in a light curve or in one line, for every reader; many more: ``make fuzz``."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the package fuzz

from fuzz.reading import Outcomes, try_to_read
from fuzz.samples import FILES, PLACES, input_of

from nmma_fitter.candidates.formats import FORMATS, header_table
from nmma_fitter.candidates.formats.base import Content, Photometry


def test_every_format_has_a_sample():
    assert {one.name for one in FORMATS} == set(PLACES)


@pytest.mark.parametrize("reader", FORMATS, ids=lambda one: one.name)
@given(seed=st.integers(0, 10**9))
def test_a_damaged_file_is_read_or_refused(reader, seed):
    outcomes = Outcomes()
    try_to_read(reader, input_of(reader.name, seed), seed, outcomes)
    assert not outcomes.faults


def breaks(content: Content, bands: str) -> Photometry:
    raise IndexError("list index out of range")


def takes_long(content: Content, bands: str) -> Photometry:
    end = time.process_time() + 2.1
    while time.process_time() < end:
        pass
    return Photometry(None, ())


def grows(content: Content, bands: str) -> Photometry:
    return Photometry(None, (), notes=("\0" * 400_000_000,)[:0])


@pytest.mark.parametrize(
    ("read", "fault"), [(breaks, "error"), (takes_long, "slow"), (grows, "grown")]
)
def test_a_reader_at_fault_is_found(read, fault):
    outcomes = Outcomes()
    reader = replace(header_table.FORMAT, read=read)
    try_to_read(reader, FILES[PLACES["table"][0]], 1, outcomes)
    assert outcomes.counts[fault] == 1 and fault in outcomes.faults[0]
