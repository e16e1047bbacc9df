"""Folders that look like nights and cannot be do not hide the nights that are."""

from __future__ import annotations

import pytest
from by_commands import Site

A, B = "2459778-2459785", "2459779-2459786"
FUTURE, REVERSED = "2640001-2640008", "2459990-2459785"
LEFT_OUT = "not a night by now, so left out: "


@pytest.fixture
def site(tmp_path) -> Site:
    site = Site(tmp_path).set_up()
    for night in (A, FUTURE, REVERSED):
        site.light_curve(night, "ZTF1")
    return site


def test_the_newest_night_is_one_that_can_be_and_what_is_left_out_is_said_once(site):
    first, second = site.run("make-jobs", "--once"), site.run("make-jobs", "--once")
    assert site.nights() == {A}
    assert f"{LEFT_OUT}{REVERSED}, {FUTURE}" in first.text and LEFT_OUT not in second.text
    assert LEFT_OUT in site.status()
    site.light_curve(B, "ZTF2")
    site.run("make-jobs", "--once")
    assert site.nights() == {A, B}


def test_by_hand_it_is_the_same_and_any_folder_can_still_be_named(site):
    by_hand = site.run("make-jobs")
    assert site.nights() == {A} and LEFT_OUT in by_hand.text
    for night in (FUTURE, "old data"):
        folder = site.light_curve(night, "ZTF1").parent
        named = site.run("make-jobs", "--data-dir", str(folder))
        assert named.status == 3 and "nothing was fitted" in named.text
    assert site.nights() == {A, FUTURE, "old data"}
    site.light_curve(B, "ZTF2")
    site.run("make-jobs", "--once")
    assert B in site.nights()


def test_catching_up_takes_no_night_that_cannot_be_and_says_so(site):
    said = site.run("nmma-fitter", "catch-up", "2459000", "2999999")
    assert said.status == 0 and site.nights() == {A}
    said = site.run("nmma-fitter", "catch-up", FUTURE, FUTURE)
    assert said.status == 2 and LEFT_OUT in said.text and len(said.text.splitlines()) == 1


def test_only_folders_that_cannot_be_are_named_and_one_line(tmp_path):
    site = Site(tmp_path).set_up()
    site.light_curve(FUTURE, "ZTF1")
    said = site.run("make-jobs")
    assert said.status == 2 and LEFT_OUT in said.text and len(said.text.splitlines()) == 1


def test_three_bogus_nights_at_a_source_do_not_hide_the_others(tmp_path):
    source = '[sources.survey]\nkind = "folder"\npath = "there"\nsettle_seconds = 0\nevery = 0\n'
    site = Site(tmp_path).set_up(source)
    for night in (A, FUTURE, "2640002-2640009", "2640003-2640010"):
        site.light_curve(night, "ZTF1", at="there")
    first, second = site.run("make-jobs", "--once"), site.run("make-jobs", "--once")
    assert site.nights() == {A}
    assert f"source survey: {LEFT_OUT}{FUTURE}" in first.text and LEFT_OUT not in second.text
    assert f"source survey: {LEFT_OUT}" in site.status()
