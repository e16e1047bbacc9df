"""Candidates through a real sshd and a read-only rrsync key."""

import hashlib
import os

import pytest

from nmma_fitter.candidates.formats import read_and_merge

pytestmark = pytest.mark.ssh
NIGHT = "2459778-2459785"
HEADER = "jd,mag,mag_unc,filter,limmag\n"
ROWS = [f"{2459780.5 + n:.4f},{19.1 + n / 10:.2f},0.1,g,20.5\n" for n in range(4)]
GOOD = HEADER + "".join(ROWS)
SETTLE = 20.0


@pytest.fixture
def site(site, sshd):
    """The installation, whose source is the server's folder."""
    site.sources = {"survey": sshd.settings("ro", settle_seconds=SETTLE)}
    site.there = sshd.pull
    return site


def test_candidates_come_with_their_times(site):
    os.utime(site.write("lc_A.csv", GOOD), (1_600_000_000, 1_600_000_000))
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}
    assert (site.candidates / NIGHT / "lc_A.csv").stat().st_mtime == 1_600_000_000


def test_names_with_tricks_in_them_do_not_reach_the_disk(site):
    for name in ("a\nb.csv", "a\\b.csv", "-rf.csv", ".lc.csv", "$(touch x).txt"):
        site.write(name, GOOD)
    notes = site.pull()
    assert len(notes) == 3 and all(note.isprintable() for note in notes)
    assert list(site.candidates.rglob("*.csv*")) == []


def test_what_a_manifest_vouches_for_is_not_waited_for(site):
    site.write("lc_A.csv", GOOD)
    site.write("manifest.sha256", f"{hashlib.sha256(GOOD.encode()).hexdigest()}  lc_A.csv\n")
    site.pull()
    assert site.waits == [] and site.came() == {"lc_A.csv": GOOD}


def test_a_source_that_rewrites_and_deletes_loses_nothing(site):
    path = site.write("lc_A.csv", GOOD)
    site.pull()
    path.write_text(GOOD[:-4])
    [note] = site.pull()
    assert "line's end" in note
    path.unlink()
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}


def test_a_changed_host_key_is_said_once(site, sshd):
    site.sources["survey"]["known_hosts"] = sshd.knowing("other-host")
    [note] = site.pull()
    assert "host key is not the one in known_hosts" in note and site.pull() == []


def test_a_server_that_is_down_is_said_once_and_then_used(site, sshd):
    site.write("lc_A.csv", GOOD)
    sshd.stop()
    [note] = site.pull()
    assert "refused" in note
    sshd.start()
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}


@pytest.mark.parametrize(
    "first", [GOOD[:-9], HEADER + ROWS[0] + ROWS[1]], ids=["mid-row", "row boundary"]
)
def test_a_writer_that_pauses_is_never_read_half(site, first):
    path = site.write("lc_A.csv", first)
    site.meanwhile = lambda: path.write_text(GOOD)  # while it is waited for the file to settle
    assert site.pull() == [] and sum(site.waits) == SETTLE and site.came() == {}
    site.meanwhile = lambda: None
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}
    assert read_and_merge(site.candidates / NIGHT / "lc_A.csv")[0].mag.size == len(ROWS)


def test_a_writer_that_pauses_for_longer_than_it_takes_to_settle_is_read_half(site):
    """The control: the settling time is what keeps half a file out."""
    first = HEADER + ROWS[0] + ROWS[1]
    path = site.write("lc_A.csv", first)
    site.pull()
    path.write_text(GOOD)
    assert site.came() == {"lc_A.csv": first}
    site.pull()
    assert site.came() == {"lc_A.csv": GOOD}
