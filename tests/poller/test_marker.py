"""An installation knows its folders: what is not mounted is not filled, what was moved is found."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from by_commands import Site

A, B = "2459778-2459785", "2459779-2459786"
FIN = f"{A}/ZTF1/Piro2021/Piro2021.fin"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Site:
    """An installation with one night and one fit, to be copied."""
    site = Site(tmp_path_factory.mktemp("fitted") / "site").set_up()
    site.light_curve(A, "ZTF1", rows=3)
    assert site.run("make-jobs").status == 0 and (site.root / "outdir" / FIN).exists()
    return site


@pytest.fixture
def site(fitted, tmp_path) -> Site:
    """It moved to a folder of its own, where nothing of the old place can be reached."""
    return Site(Path(shutil.copytree(fitted.root, tmp_path / "site")))


def marker(site: Site) -> Path:
    return site.root / "outdir" / ".nmma-fitter.json"


def before_markers(site: Site) -> None:
    """As an earlier version left it."""
    marker(site).unlink()
    path = site.root / "state" / "installation.json"
    path.write_text(json.dumps({"id": json.loads(path.read_text())["id"]}))


def unmount(site: Site, folder: str = "outdir") -> None:
    (site.root / folder).rename(site.root / f"{folder} elsewhere")
    (site.root / folder).mkdir()


@pytest.mark.parametrize("bare", [True, False])
def test_an_unmounted_results_folder_stops_every_command_that_would_write(site, bare):
    site.run("make-jobs")
    unmount(site)
    if not bare:
        (site.root / "outdir").rmdir()
    for command in (["make-jobs"], ["make-jobs", "--once"], ["nmma-fitter", "retry", A]):
        said = site.run(*command)
        assert said.status == 2 and "Is it mounted?" in said.text, said
        assert said.text.count("\n") == 1 and "nmma-fitter adopt" in said.text
    assert not bare or list((site.root / "outdir").iterdir()) == []
    assert bare or not (site.root / "outdir").exists()
    shutil.rmtree(site.root / "outdir", ignore_errors=True)
    (site.root / "outdir elsewhere").rename(site.root / "outdir")
    assert site.run("make-jobs").status == 0 and site.runs() == 1


def test_a_poller_that_lives_waits_until_it_is_mounted_again(site):
    site.run("make-jobs")
    poller = subprocess.Popen(
        site.command("make-jobs", "--keep-going"), stdout=subprocess.PIPE, text=True
    )
    log, snapshot = site.root / "state" / "poller.log", site.root / "state" / "snapshot.json"
    try:
        wait_for(lambda: "--keep-going" in snapshot.read_text())  # what is wrong at first is fatal
        unmount(site)
        wait_for(lambda: "Is it mounted?" in log.read_text())
        assert site.runs() == 0  # at most the tick that was under way has left something
        shutil.rmtree(site.root / "outdir")
        (site.root / "outdir elsewhere").rename(site.root / "outdir")
        site.light_curve(B, "ZTF2")
        wait_for((site.root / "outdir" / B / f"{B}.fin").exists)
    finally:
        poller.send_signal(signal.SIGTERM)
        poller.communicate(timeout=60)
    assert poller.returncode == 0


def wait_for(so: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_folder_that_was_emptied_on_purpose_is_adopted_by_a_command_and_filled_again(site):
    site.run("make-jobs")
    shutil.rmtree(site.root / "outdir")
    adopted = site.run("nmma-fitter", "adopt")
    assert adopted.status == 0 and "is this installation's from now on" in adopted.text
    assert site.run("make-jobs").status == 0 and (site.root / "outdir" / FIN).exists()


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("old_is_there", [True, False])
def test_a_moved_installation_writes_to_its_new_place_and_fits_nothing_again(
    fitted, tmp_path, marked, old_is_there
):
    old = Site(Path(shutil.copytree(fitted.root, tmp_path / "old")))
    old.run("make-jobs")
    if not marked:
        before_markers(old)
    new = Site(tmp_path / "new")
    if old_is_there:
        shutil.copytree(old.root, new.root, symlinks=True)
    else:
        old.root.rename(new.root)
    kept = {path: path.stat().st_mtime_ns for path in old.root.rglob("*")}
    new.light_curve(A, "ZTF3")  # so that the night is worked on
    said = new.run("make-jobs")
    assert said.status == 0 and "2459778-2459785: 1 done, 1 skipped" in said.text
    assert new.runs() == 1 and (new.root / "outdir" / A / "ZTF3" / "ranking.json").exists()
    assert {path: path.stat().st_mtime_ns for path in old.root.rglob("*")} == kept
    assert old.root.exists() == old_is_there


def test_results_of_another_installation_are_not_touched(site, tmp_path):
    site.run("make-jobs")
    other = Site(tmp_path / "other").set_up(f"[paths]\noutdir = {str(site.root / 'outdir')!r}\n")
    other.light_curve(A, "ZTF9")
    said = other.run("make-jobs")
    assert said.status == 2 and "belongs to another installation" in said.text
    assert said.text.count("\n") == 1 and not (site.root / "outdir" / A / "ZTF9").exists()


@pytest.mark.parametrize("mounted", [True, False])
def test_an_installation_from_before_is_adopted_once_if_its_results_are_there(site, mounted):
    site.run("make-jobs")
    before_markers(site)
    if not mounted:
        unmount(site)
    said = site.run("make-jobs")
    assert said.status == (0 if mounted else 2)
    assert marker(site).exists() == mounted and site.runs() == mounted


def test_a_second_results_folder_is_marked_as_well(site):
    night = site.light_curve(B, "ZTF2").parent
    site.run("make-jobs", "--data-dir", str(night), "--outdir", str(site.root / "more"))
    assert (site.root / "more" / ".nmma-fitter.json").exists()
    old = site.root / "candidates" / A
    assert site.run("make-jobs", "--data-dir", str(old)).status == 0


SOURCE = '[sources.survey]\nkind = "folder"\npath = "there"\nsettle_seconds = 0\nevery = 0\n'


def test_nothing_is_pulled_into_a_bare_mount_point_of_the_candidates(tmp_path):
    site = Site(tmp_path).set_up(SOURCE)
    site.light_curve(A, "ZTF1", at="there")
    site.run("make-jobs", "--once")
    unmount(site, "candidates")
    site.light_curve(B, "ZTF2", at="there")
    said = site.run("make-jobs", "--once")
    assert said.status == 2 and list((site.root / "candidates").iterdir()) == []
    assert "source survey: " in said.text and "Is it mounted?" in said.text
    assert "Is it mounted?" in site.status()


def test_without_a_source_an_empty_folder_of_candidates_is_said_to_have_held_nights(tmp_path):
    site = Site(tmp_path).set_up()
    site.light_curve(A, "ZTF1")
    site.run("make-jobs", "--once")
    unmount(site, "candidates")
    said = site.run("make-jobs", "--once")
    assert "nights read before: 1; is it mounted?" in said.text
    assert "is it mounted?" in site.status()
    by_hand = site.run("make-jobs")
    assert by_hand.status == 2 and "is it mounted?" in by_hand.text


@pytest.mark.parametrize(
    ("where", "bare"),
    [("wanted", []), ("collect", ["bare"]), ("show", []), ("show_all", ["bare"])],
)
def test_moved_or_unmounted_during_a_tick_it_is_not_made_again(site, where, bare):
    rows = 3 if where == "wanted" else 1
    site.light_curve(B, "ZTF2", rows=rows)
    script = Path(__file__).with_name("renaming_poller.py")
    command = [sys.executable, str(script), str(site.root), where, *bare]
    subprocess.run(command, check=False, timeout=600)
    assert (site.root / "moved").is_dir()
    left = site.root / "outdir"
    assert list(left.rglob("*")) == [] if bare else not left.exists()
    said = site.run("make-jobs", "--once")
    assert said.status == 2 and "Is it mounted?" in said.text and said.text.count("\n") == 1


def test_a_file_that_goes_with_the_results_folder_is_said_to_have(site):
    site.light_curve(B, "ZTF2")
    script = Path(__file__).with_name("renaming_poller.py")
    command = [sys.executable, str(script), str(site.root), "wanted", "read"]
    ended = subprocess.run(command, check=False, timeout=600, capture_output=True, text=True)
    assert "Is it mounted?" in ended.stderr.splitlines()[-1]
