"""Candidates from a SkyPortal's groups, through a local server that is strict about its calls."""

import sys
import threading
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).parent))

from skyportal_server import TOKEN, SkyportalServer, point, status, text

from nmma_fitter.candidates.formats import read_lightcurve
from nmma_fitter.candidates.sources.settings import SkyportalSource
from nmma_fitter.candidates.sources.skyportal import SkyportalSourceOf

NIGHT = "2460256-2460263"  # of the site's clock
TWO = [point(0.0), point(1.0), point(2.0, None)]


@pytest.fixture
def server():
    server = SkyportalServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site(site, server, monkeypatch):
    """The installation, whose source is the server, and whose environment holds the token."""
    monkeypatch.setenv("SKYPORTAL_TOKEN", TOKEN)
    site.sources = {
        "fritz": {
            "kind": "skyportal",
            "url": server.url,
            "group_ids": [3],
            "every": 0,
            "request_seconds": 60,
            "tries": 2,
        }
    }
    return site


def took(site, name="ZTF26aaaaaaa"):
    return read_lightcurve(site.candidates / NIGHT / f"{name}.csv")


def test_an_object_becomes_a_candidate(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    assert site.pull() == []
    lightcurve = took(site)
    assert lightcurve.name == "ZTF26aaaaaaa" and lightcurve.mjd.tolist() == [59000, 59001, 59002]


def test_a_null_magnitude_is_a_limit(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    assert took(site).detected.tolist() == [True, True, False]


def test_an_answer_is_whole_so_nothing_is_waited_for(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    assert site.waits == []


def test_the_day_names_the_night(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    site.time += 86400
    site.pull()
    nights = sorted(path.name for path in site.candidates.glob("2*"))
    assert nights == [NIGHT, "2460257-2460264"]


def test_unchanged_photometry_leaves_the_candidate_as_it_is(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    before = (site.candidates / NIGHT / "ZTF26aaaaaaa.csv").stat().st_ino
    server.objects = {"ZTF26aaaaaaa": TWO[::-1]}
    site.pull()
    assert (site.candidates / NIGHT / "ZTF26aaaaaaa.csv").stat().st_ino == before


def test_new_photometry_replaces_the_candidate(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    server.objects = {"ZTF26aaaaaaa": [*TWO, point(3.0)]}
    site.pull()
    assert took(site).mjd.size == 4


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_every_page_is_read(site, server, count):
    server.objects = {f"ZTF26{n:07d}": [] for n in range(count)}
    settings = SkyportalSource(**site.sources["fritz"])
    SkyportalSourceOf(settings, {"SKYPORTAL_TOKEN": TOKEN}, time.time).look()
    asked = [call for call in server.calls if call.endswith("individual")]
    assert len(set(asked)) == len(asked) == count


def test_more_objects_than_allowed_are_said(site, server):
    site.sources["fritz"]["most_objects"] = 100
    server.objects = {f"ZTF26{n:07d}": [] for n in range(250)}
    [note] = site.pull()
    assert "raise most_objects" in note


def test_objects_of_other_groups_are_not_pulled(site, server):
    server.objects, server.group = {"ZTF26aaaaaaa": TWO}, 4
    site.pull()
    assert not (site.candidates / NIGHT).exists()


def test_an_object_without_photometry_is_no_candidate(site, server):
    server.objects = {"ZTF26aaaaaaa": []}
    assert site.pull() == [] and not (site.candidates / NIGHT).exists()


def test_forced_photometry_is_told_by_its_origin(site, server):
    twice = [point(0.0, 19.0, origin="alert"), point(0.0, 18.0, origin="alert_fp"), point(1.0)]
    server.objects = {"ZTF26aaaaaaa": twice}
    site.pull()
    assert took(site).mag.tolist() == [18.0, 19.0]  # of one exposure the forced is kept


def test_a_call_is_made_again_after_a_fault(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    server.faults = {1: status(502), 3: status(500)}
    assert site.pull() == [] and took(site).mjd.size == 3


def test_a_limit_of_the_rate_is_respected(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    server.faults = {1: status(429, Retry_After="1")}
    began = time.monotonic()
    assert site.pull() == [] and took(site).mjd.size == 3
    assert time.monotonic() - began >= 1


def test_a_long_wait_is_left_to_a_later_pull(site, server):
    server.faults = {1: status(429, Retry_After="600")}
    [note] = site.pull()
    assert "429" in note
    site.pull()
    assert len(server.calls) == 1
    site.time += 600
    site.pull()
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(503), "status 503"),
        (status(302, Location="http://127.0.0.1:9/"), "redirect"),
        (text("<html>"), "no JSON"),
        (text("[1]"), "no object"),
        (text('{"status": "success", "data": {"sources": 7}}'), "no list of sources"),
        (text('{"status": "success", "data": {"sources": [{"id": 7}]}}'), "without an id"),
        (text('{"status": "success", "data": NaN}'), "no JSON"),
        (text("[" * 100_000), "no JSON"),
        (
            text('{"status": "error", "message": "no\\u001b way"}'),
            "refused with status 200 (no way)",
        ),
    ],
)
def test_an_answer_that_is_none_is_said_in_words(site, server, fault, words):
    server.faults = {1: fault, 2: fault}
    [note] = site.pull()
    assert words in note and note.startswith("source fritz: ") and note.isprintable()


def test_a_server_that_hangs_is_given_up(site, server):
    site.sources["fritz"]["request_seconds"] = 1
    server.faults = {1: server.hang, 2: server.hang}
    [note] = site.pull()
    assert "did not answer" in note


def test_an_answer_without_an_end_is_given_up(site, server):
    site.sources["fritz"]["request_seconds"] = 1
    server.faults = {1: server.trickle, 2: server.trickle}
    [note] = site.pull()
    assert "did not end in time" in note


def test_a_server_that_is_down_is_said_once(site, server):
    site.sources["fritz"]["url"] = "http://127.0.0.1:1"
    [note] = site.pull()
    assert "did not answer" in note
    site.time += 3600
    assert site.pull() == []


def test_a_refused_token_is_said_and_never_shown(site, server, monkeypatch):
    monkeypatch.setenv("SKYPORTAL_TOKEN", "secret-of-mine")
    [note] = site.pull()
    assert "SKYPORTAL_TOKEN is not accepted" in note and "secret-of-mine" not in note
    assert len(server.calls) == 1


def test_a_missing_token_is_said(site, monkeypatch):
    monkeypatch.delenv("SKYPORTAL_TOKEN")
    [note] = site.pull()
    assert "no token in the environment variable SKYPORTAL_TOKEN" in note


def test_the_token_is_nowhere_on_disk(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO}
    site.pull()
    files = [path for path in site.state.parent.rglob("*") if path.is_file()]
    assert files and not any(TOKEN.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".hidden", "a/b", "-rf", "a b", "", "ü", "a\n"]
)
def test_a_hostile_name_reaches_neither_url_nor_disk(site, server, name):
    server.objects = {name: TWO, "ZTF26aaaaaaa": TWO}
    notes = site.pull()
    assert any("left out" in note for note in notes) and all(n.isprintable() for n in notes)
    assert sum("photometry" in call for call in server.calls) == 1
    assert [path.name for path in site.candidates.rglob("*.csv")] == ["ZTF26aaaaaaa.csv"]


@pytest.mark.parametrize(
    "row",
    [
        point(0.0, "19"),
        point(0.0, filter="g\n1,2"),
        point(0.0, mjd=True),
        "row",
        point(0.0, filter=["g"]),
    ],
)
def test_values_of_another_kind_are_nonsense(site, server, row):
    server.objects = {"ZTF26aaaaaaa": [row]}
    [note] = site.pull()
    assert "photometry" in note and not (site.candidates / NIGHT).exists()


def test_an_object_that_may_not_be_read_stops_no_other(site, server):
    server.objects = {"ZTF26aaaaaaa": TWO, "ZTF26bbbbbbb": TWO}
    server.faults = {2: status(403)}
    server.faults = {2: lambda handler: handler._answer(403, {"status": "error", "message": "no"})}
    [note] = site.pull()
    assert "object ZTF26aaaaaaa" in note and "refused with status 403" in note
    assert took(site, "ZTF26bbbbbbb").mjd.size == 3


def test_photometry_that_cannot_be_read_is_kept_aside(site, server):
    server.objects = {"ZTF26aaaaaaa": [point(0.0, filter="unheard-of")]}
    [note] = site.pull()
    assert "kept aside" in note and site.pull() == []


@pytest.mark.parametrize(
    "url",
    ["http://fritz.science", "https://me:pw@fritz.science", "fritz.science", "https://x?token=1"],
)
def test_a_url_that_would_show_the_token_is_refused(url):
    with pytest.raises(ValidationError):
        SkyportalSource(kind="skyportal", url=url, group_ids=[1])
