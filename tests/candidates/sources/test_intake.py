"""What is taken in of what a source offers, through the folder source."""

import hashlib
import json
import time

import pytest

from nmma_fitter.candidates.nights import candidate_files, nights_in

NIGHT = "2459778-2459785"
HEADER = "jd,mag,mag_unc,filter,limmag\n"
ROW = "2459780.5,19.1,0.1,g,20.5\n"
GOOD = HEADER + ROW + ROW.replace("80.5", "81.5")
BETTER = GOOD + ROW.replace("80.5", "82.5")
BAD = HEADER + "2459780.5,nineteen,0.1,g,20.5\n"


def test_a_whole_file_becomes_a_candidate(site):
    site.write("lc_A.csv", GOOD)
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}


def test_it_is_looked_at_twice_the_settling_time_apart(site):
    site.sources["survey"]["settle_seconds"] = 12.5
    site.write("lc_A.csv", GOOD)
    site.pull()
    assert sum(site.waits) == 12.5


def test_nothing_new_takes_no_waiting(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    site.waits.clear()
    assert site.pull() == [] and site.waits == []


def test_two_sources_settle_together(site, tmp_path):
    other = tmp_path / "other" / NIGHT
    other.mkdir(parents=True)
    (other / "lc_B.csv").write_text(GOOD)
    site.sources["other"] = {"kind": "folder", "path": other.parent}
    site.write("lc_A.csv", GOOD)
    site.pull()
    assert sum(site.waits) == 20 and set(site.came()) == {"lc_A.csv", "lc_B.csv"}


def test_a_file_that_grows_meanwhile_waits_for_the_next_pull(site):
    path = site.write("lc_A.csv", GOOD)
    site.meanwhile = lambda: path.write_text(BETTER)
    assert site.pull() == [] and site.came() == {}
    site.meanwhile = lambda: None
    site.pull()
    assert site.came() == {"lc_A.csv": BETTER}


def test_a_file_that_is_rewritten_with_the_same_size_meanwhile_waits(site):
    path = site.write("lc_A.csv", GOOD)
    site.meanwhile = lambda: path.write_text(GOOD.replace("19.1", "19.2"))
    site.pull()
    assert site.came() == {}


def test_the_file_that_a_manifest_vouches_for_is_not_waited_for(site):
    site.write("lc_A.csv", GOOD)
    site.write("manifest.sha256", f"{hashlib.sha256(GOOD.encode()).hexdigest()}  lc_A.csv\n")
    site.pull()
    assert site.waits == [] and site.came() == {"lc_A.csv": GOOD}


def test_a_file_that_is_not_what_its_manifest_says_is_not_taken(site):
    site.write("lc_A.csv", GOOD)
    site.write("manifest.sha256", f"{hashlib.sha256(BETTER.encode()).hexdigest()} *lc_A.csv\n")
    [note] = site.pull()
    assert "not what its manifest says" in note and site.came() == {}
    assert site.pull() == []
    site.write("lc_A.csv", BETTER)
    site.pull()
    assert site.came() == {"lc_A.csv": BETTER}


def test_a_half_written_row_is_kept_aside_and_not_taken(site):
    site.write("lc_A.csv", GOOD[:-7])
    [note] = site.pull()
    assert "does not end with a line's end" in note and site.came() == {}


def test_json_needs_no_line_end(site):
    text = '{"ztfg": {"time": [60168.15], "mag": [19.19], "mag_error": [0.03]}}'
    site.write("ZTF1.json", text)
    assert site.pull() == [] and list(site.came()) == ["ZTF1.json"]
    site.write("ZTF2.json", text[:40])
    [note] = site.pull()
    assert "ZTF2.json" in note and list(site.came()) == ["ZTF1.json"]


def test_a_file_that_cannot_be_read_is_kept_aside_with_its_reason(site):
    site.write("lc_A.csv", BAD)
    [note] = site.pull()
    assert note.startswith("source survey: ") and str(site.aside("lc_A.csv")) in note
    assert "row 2" in site.aside("lc_A.csv.reason").read_text()
    assert site.aside("lc_A.csv").read_text() == BAD and site.came() == {}


def test_it_is_reported_once(site):
    site.write("lc_A.csv", BAD)
    assert len(site.pull()) == 1 and site.pull() == [] and site.waits.count(1.0) == 20


def test_it_is_tried_again_when_it_changes(site):
    site.write("lc_A.csv", BAD)
    site.pull()
    site.write("lc_A.csv", GOOD)
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}
    assert not site.aside("lc_A.csv").exists() and not site.aside("lc_A.csv.reason").exists()


def test_it_is_not_reported_again_when_only_its_time_changes(site):
    path = site.write("lc_A.csv", BAD)
    site.pull()
    path.touch()
    assert site.pull() == []


def test_a_file_deleted_at_the_source_stays(site):
    site.write("lc_A.csv", GOOD).unlink()
    path = site.write("lc_A.csv", GOOD)
    site.pull()
    path.unlink()
    site.pull()
    assert site.came() == {"lc_A.csv": GOOD}


def test_a_rewritten_file_replaces_the_candidate(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    site.write("lc_A.csv", BETTER)
    assert site.pull() == [] and site.came() == {"lc_A.csv": BETTER}


@pytest.mark.parametrize("worse", [BAD, GOOD[:-5], ""])
def test_a_rewritten_file_that_is_no_good_does_not(site, worse):
    site.write("lc_A.csv", GOOD)
    site.pull()
    site.write("lc_A.csv", worse)
    [_] = site.pull()
    assert site.came() == {"lc_A.csv": GOOD}


def test_a_candidate_whose_content_is_the_same_is_left_as_it_is(site):
    path = site.write("lc_A.csv", GOOD)
    site.pull()
    before = (site.candidates / NIGHT / "lc_A.csv").stat().st_ino
    path.touch()
    site.pull()
    assert (site.candidates / NIGHT / "lc_A.csv").stat().st_ino == before


def test_a_lost_memory_is_found_out_again_without_a_word(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    (site.state / "sources" / "survey.json").unlink()
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}
    assert "lc_A.csv" in (site.state / "sources" / "survey.json").read_text()


def test_a_memory_that_makes_no_sense_is_found_out_again(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    nonsense = {"files": {f"{NIGHT}/lc_A.csv": 7, "x": {"size": "y"}}, "said": 3, "tries": "x"}
    (site.state / "sources" / "survey.json").write_text(json.dumps(nonsense))
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}


def test_nothing_that_is_on_its_way_is_seen_as_a_candidate(site):
    site.write("lc_A.csv", BAD)
    site.write("lc_B.csv", GOOD)
    site.pull()
    [night] = nights_in(site.candidates, time.time()).folders
    assert [path.name for path in candidate_files(night)] == ["lc_B.csv"]


def test_nothing_is_left_on_its_way(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    assert not (site.candidates / ".incoming" / "survey").exists()


def test_only_the_newest_nights_are_pulled(site):
    site.sources["survey"]["nights"] = 2
    for day in (1, 2, 3):
        site.write("lc_A.csv", GOOD, f"245977{day}-245978{day}")
    site.pull()
    assert sorted(path.name for path in site.candidates.glob("2*")) == [
        "2459772-2459782",
        "2459773-2459783",
    ]


@pytest.mark.parametrize(
    "name", [".lc_A.csv", "lc_A.csv~", "notes.txt", "-rf.csv", "a\\b.csv", "a\x1bb.csv", "a\nb.csv"]
)
def test_names_that_are_not_fit_for_a_candidate_do_not_reach_the_disk(site, name):
    site.write(name, GOOD)
    site.pull()
    assert list(site.candidates.rglob("*.csv*")) == []


def test_a_dangerous_name_is_said_once_and_printably(site):
    site.write("a\x1b[31m.csv", GOOD)
    [note] = site.pull()
    assert "rename it there" in note and note.isprintable()
    assert site.pull() == []


def test_a_link_at_the_source_is_not_followed(site, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(GOOD)
    site.write("lc_B.csv", GOOD)
    (site.there / NIGHT / "lc_A.csv").symlink_to(secret)
    site.pull()
    assert set(site.came()) == {"lc_B.csv"}


def test_a_folder_that_is_named_like_no_night_is_not_pulled(site):
    site.write("lc_A.csv", GOOD, "notes")
    site.pull()
    assert not (site.candidates / "notes").exists()


def add_source(site, name, content):
    folder = site.there.parent / name / NIGHT
    folder.mkdir(parents=True)
    (folder / "lc_A.csv").write_text(content)
    site.sources[name] = {"kind": "folder", "path": folder.parent}
    return folder / "lc_A.csv"


def test_a_source_does_not_silently_replace_what_another_brought(site):
    site.write("lc_A.csv", GOOD)
    site.pull()
    add_source(site, "other", BETTER)
    [note] = site.pull()
    assert note.startswith("source other: ") and "source survey has brought another" in note
    assert site.came() == {"lc_A.csv": GOOD} and site.pull() == []


def test_two_sources_may_bring_the_same(site):
    site.write("lc_A.csv", GOOD)
    add_source(site, "other", GOOD)
    assert site.pull() == [] and site.came() == {"lc_A.csv": GOOD}


def test_what_a_person_put_there_is_kept_when_a_source_replaces_it(site):
    (site.candidates / NIGHT).mkdir(parents=True)
    (site.candidates / NIGHT / "lc_A.csv").write_text(BETTER)
    site.write("lc_A.csv", GOOD)
    [note] = site.pull()
    assert "not from this source; replaced" in note
    assert site.came() == {"lc_A.csv": GOOD}
    assert site.aside("lc_A.csv.replaced").read_text() == BETTER


def test_a_source_that_is_not_there_is_said_once_and_the_others_go_on(site):
    site.write("lc_A.csv", GOOD)
    site.sources["dead"] = {"kind": "folder", "path": site.there / "nowhere"}
    [note] = site.pull()
    assert note.startswith("source dead: ") and "is it mounted" in note
    assert site.came() == {"lc_A.csv": GOOD}
    assert site.pull() == []


def test_it_is_said_again_when_it_fails_after_it_was_there(site):
    elsewhere = site.there.with_name("elsewhere")
    site.there.rename(elsewhere)
    assert len(site.pull()) == 1
    elsewhere.rename(site.there)
    assert site.pull() == []
    site.there.rename(elsewhere)
    assert len(site.pull()) == 1


def test_a_dead_source_is_asked_less_and_less_often(site):
    site.there.rmdir()
    asked = 0
    path = site.state / "sources" / "survey.json"
    for _ in range(60):  # an hour
        before = path.read_text() if path.exists() else ""
        site.pull()
        asked += path.read_text() != before
    assert asked == 8  # then after 15, 30, 60, 120, 240, 480 and 960 s, in pulls a minute apart


def test_a_source_is_not_asked_more_often_than_configured(site):
    site.sources["survey"]["every"] = 3600
    site.pull()
    site.write("lc_A.csv", GOOD)
    site.pull()
    assert site.came() == {}
    site.time += 3600
    site.pull()
    assert site.came() == {"lc_A.csv": GOOD}


def test_a_pull_under_way_is_left_alone(site):
    site.write("lc_A.csv", GOOD)
    inner = []
    site.meanwhile = lambda: inner.append(site.pull(sleep=lambda seconds: None))
    site.pull()
    assert inner[0] == [] and site.came() == {"lc_A.csv": GOOD}


def test_a_pull_that_is_asked_to_leave_waits_no_longer(site):
    site.write("lc_A.csv", GOOD)
    assert site.pull(enough=lambda: True) == [] and site.waits == [] and site.came() == {}
    site.pull()
    assert site.came() == {"lc_A.csv": GOOD}


def test_the_candidates_own_folder_is_no_source(site):
    site.candidates.mkdir()
    site.sources["survey"]["path"] = site.candidates
    [note] = site.pull()
    assert "the candidates' own folder" in note


def test_something_in_the_way_stops_no_other_file(site):
    (site.candidates / NIGHT / "lc_A.csv" / "x").mkdir(parents=True)
    site.write("lc_A.csv", GOOD)
    site.write("lc_B.csv", GOOD)
    [note] = site.pull()
    assert "cannot be put in its place" in note
    assert (site.candidates / NIGHT / "lc_B.csv").read_text() == GOOD
