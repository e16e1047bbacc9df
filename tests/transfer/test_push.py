"""The courier that keeps a destination up to date, without ssh, which it knows nothing of."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

sys.path.insert(0, str(Path(__file__).parent))

from pushed_results import NIGHT, Results, files

from nmma_fitter.errors import Undelivered
from nmma_fitter.transfer.push import couriers
from nmma_fitter.transfer.settings import DestinationSettings

SETTINGS = TypeAdapter(DestinationSettings)
WRAPPER = """#!/bin/bash
echo "$*" >>{calls}
rsync "$@" || exit
{then}
"""


class Bench:
    """A courier, what it sends, and where; its calls of rsync are written down."""

    def __init__(self, root, verify="checksum"):
        self.root, self.verify = root, verify
        self.there = root / "there"
        self.there.mkdir()
        self.results = Results(root / "outdir")
        self._calls = root / "calls"
        self.then("")

    def then(self, command):
        """What happens after each call of rsync."""
        wrapper = self.root / "rsync"
        wrapper.write_text(WRAPPER.format(calls=self._calls, then=command))
        wrapper.chmod(0o755)

    @property
    def calls(self):
        """The calls since this was last asked."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.write_text("")
        return lines

    def courier(self):
        settings = {
            "kind": "folder",
            "path": self.there,
            "rsync": str(self.root / "rsync"),
            "verify": self.verify,
            "tries": 1,
        }
        checked = SETTINGS.validate_python(settings)
        [courier] = couriers({"web": checked}, self.results.outdir, self.root / "state")
        return courier

    def deliver(self, obj="", night=NIGHT, enough=lambda: False):
        return self.courier().deliver(self.results.parcel(obj, night), None, enough)

    def inodes(self):
        return {p: p.stat().st_ino for p in self.there.rglob("*") if p.is_file()}


@pytest.fixture(params=["checksum", "manifest"])
def bench(request, tmp_path):
    return Bench(tmp_path, request.param)


@pytest.fixture
def one(tmp_path):
    return Bench(tmp_path)


def test_an_objects_public_files_arrive_and_nothing_else(bench):
    bench.results.fit("A")
    assert bench.deliver("A")
    assert set(files(bench.there)) == {
        f"{NIGHT}/A/ranking.json",
        f"{NIGHT}/A/toy/config.json",
        f"{NIGHT}/A/toy/log",
        f"{NIGHT}/A/toy/out.json",
        f"{NIGHT}/A/toy/toy.fin",
    }


def test_the_night_takes_its_pages_and_those_above_along(bench):
    bench.results.close()
    assert bench.deliver()
    assert {"index.html", "assets/style.css", f"{NIGHT}/index.html"} < set(files(bench.there))


def test_a_sentinel_comes_after_what_it_vouches_for_was_checked(one):
    one.results.fit("A")
    one.deliver("A")
    order = sorted(one.inodes(), key=lambda path: path.stat().st_ctime_ns)
    assert order[-1].name == "toy.fin"


def test_the_nights_sentinel_comes_last(one):
    one.results.close()
    one.deliver()
    order = sorted(one.inodes(), key=lambda path: path.stat().st_ctime_ns)
    assert order[-1].name == f"{NIGHT}.fin"


def test_what_is_there_already_costs_no_call(bench):
    bench.results.fit("A")
    bench.results.close()
    assert bench.deliver("A") and bench.deliver() and bench.calls
    assert bench.deliver("A") and bench.deliver() and bench.calls == []


def test_only_what_has_changed_is_sent_again(one):
    one.results.fit("A")
    one.deliver("A")
    before = one.inodes()
    one.results.write(f"{NIGHT}/A/ranking.json", "new")
    one.deliver("A")
    after = one.inodes()
    assert {path.name for path in after if after[path] != before[path]} == {"ranking.json"}


def test_without_its_marks_everything_is_compared_and_nothing_sent_again(one):
    one.results.fit("A")
    one.deliver("A")
    payload = {path: inode for path, inode in one.inodes().items() if path.suffix != ".fin"}
    (one.root / "state/destinations/web" / f"night-{NIGHT}.json").unlink()
    one.deliver("A")
    assert payload.items() <= one.inodes().items()


def test_marks_of_another_place_are_worth_nothing(one):
    one.results.fit("A")
    one.deliver("A")
    one.there = one.root / "elsewhere"
    one.there.mkdir()
    one.deliver("A")
    assert f"{NIGHT}/A/toy/toy.fin" in files(one.there)


def test_a_night_with_many_objects_takes_as_many_calls_as_one(one):
    for name in "ABCDEFGH":
        one.results.fit(name)
    one.deliver("A")
    calls = one.calls
    assert all(one.deliver(name) for name in "BCDEFGH") and one.calls == []
    assert len(calls) == 5  # sentinels withdrawn, files sent, compared, sentinels sent, compared
    assert len(files(one.there)) == 8 * 5


def test_bytes_that_change_on_their_way_are_found_and_sent_again(bench):
    bench.results.fit("A")
    damage = bench.there / NIGHT / "A/toy/out.json"
    once = bench.root / "once"
    bench.then(
        f"[ -e {damage} ] && [ ! -e {once} ] && printf RESULT >{damage}"
        f" && touch -r {bench.results.outdir}/{NIGHT}/A/toy/out.json {damage}"
        f" && touch {once}; true"
    )
    assert bench.deliver("A")
    assert once.exists() and damage.read_text() == "result"


def test_bytes_that_change_every_time_are_said_and_vouched_for_by_no_sentinel(bench):
    bench.results.fit("A")
    damage = bench.there / NIGHT / "A/toy/out.json"
    bench.then(f"[ -e {damage} ] && printf RESULT >{damage}; true")
    with pytest.raises(Undelivered, match="differs there after having been sent twice"):
        bench.deliver("A")
    assert not (bench.there / NIGHT / "A/toy/toy.fin").exists()


def test_a_call_that_claims_success_and_did_nothing_is_found(bench):
    bench.results.fit("A")
    (bench.root / "rsync").write_text(
        '#!/bin/bash\ncase "$*" in *-n*|*--ignore-missing-args*) exec rsync "$@";; esac\n'
    )
    with pytest.raises(Undelivered, match="differs there"):
        bench.deliver("A")


def test_a_withdrawn_night_is_withdrawn_there_before_anything_newer_arrives(one):
    one.results.fit("A")
    one.results.close()
    one.deliver("A")
    one.deliver()
    one.results.withdraw()
    one.results.fit("A", content="newer")
    seen = one.root / "seen"
    fin, out = one.there / NIGHT / f"{NIGHT}.fin", one.there / NIGHT / "A/toy/out.json"
    one.then(f"[ -e {fin} ] && grep -q newer {out} && touch {seen}; true")
    one.deliver("A")
    assert out.read_text() == "newer" and not fin.exists() and not seen.exists()


def test_a_night_closed_again_is_withdrawn_first_too(one):
    one.results.fit("A")
    one.results.close()
    one.deliver("A")
    one.deliver()
    one.results.fit("A", content="newer")
    one.results.close(2)
    one.deliver("A")
    assert not (one.there / NIGHT / f"{NIGHT}.fin").exists()
    one.deliver()
    assert '"revision": 2' in (one.there / NIGHT / f"{NIGHT}.fin").read_text()


def test_a_night_withdrawn_when_the_marks_were_lost_is_withdrawn_there(one):
    one.results.fit("A")
    one.results.close()
    one.deliver("A")
    one.deliver()
    (one.root / "state/destinations/web" / f"night-{NIGHT}.json").unlink()
    one.results.withdraw()
    one.results.fit("A", content="newer")
    one.deliver("A")
    assert not (one.there / NIGHT / f"{NIGHT}.fin").exists()


def test_a_refit_takes_its_old_sentinel_back_first(one):
    one.results.fit("A")
    one.deliver("A")
    one.results.fit("A", content="newer")
    seen = one.root / "seen"
    fin, out = one.there / NIGHT / "A/toy/toy.fin", one.there / NIGHT / "A/toy/out.json"
    one.then(
        f"grep -q newer {out} && [ -e {fin} ] && ! grep -q"
        f" $(sha256sum <{out} | cut -c1-64) {fin} && touch {seen}; true"
    )
    one.deliver("A")
    assert out.read_text() == "newer" and fin.exists() and not seen.exists()


def test_a_sentinel_that_does_not_vouch_for_what_lies_beside_it_waits(one):
    one.results.fit("A")
    one.results.fit("A", "other")
    one.results.write(f"{NIGHT}/A/toy/out.json", "half of a newer result")
    with pytest.raises(Undelivered, match="being replaced") as error:
        one.deliver("A")
    assert not error.value.everything
    assert set(files(one.there)) == {
        f"{NIGHT}/A/ranking.json",
        *(f"{NIGHT}/A/other/{name}" for name in ("config.json", "log", "out.json", "other.fin")),
    }


def test_an_output_replaced_while_it_is_sent_is_not_vouched_for(one):
    one.results.fit("A")
    out = one.results.outdir / NIGHT / "A/toy/out.json"
    one.then(f"printf newer >{out}.new && mv {out}.new {out}")
    with pytest.raises(Undelivered):
        one.deliver("A")
    assert not (one.there / NIGHT / "A/toy/toy.fin").exists()


def test_what_is_deleted_here_stays_there(one):
    one.results.fit("A")
    one.deliver("A")
    (one.results.outdir / NIGHT / "A/ranking.json").unlink()
    one.deliver("A")
    assert f"{NIGHT}/A/ranking.json" in files(one.there)


def test_no_time_left_ends_between_two_calls_and_is_gone_on_with(one):
    one.results.fit("A")
    answers = iter([False, False, True])
    assert not one.deliver("A", enough=lambda: next(answers))
    assert f"{NIGHT}/A/toy/out.json" in files(one.there)
    assert f"{NIGHT}/A/toy/toy.fin" not in files(one.there)
    before = one.inodes()
    assert one.deliver("A") and before.items() <= one.inodes().items()


def test_an_object_that_cannot_be_placed_there_does_not_keep_the_others(one):
    one.results.fit("A")
    one.results.fit("B")
    (one.there / NIGHT / "A/ranking.json/in the way").mkdir(parents=True)
    with pytest.raises(Undelivered) as error:
        one.deliver("A")
    assert not error.value.everything
    assert one.deliver("B") and f"{NIGHT}/B/toy/toy.fin" in files(one.there)


def test_a_night_is_closed_there_only_over_what_is_still_there(one):
    for name in "AB":
        one.results.fit(name)
        one.deliver(name)
    shutil.rmtree(one.there / NIGHT / "B")
    one.results.close()
    assert one.deliver()
    assert {f"{NIGHT}/B/toy/toy.fin", f"{NIGHT}/{NIGHT}.fin"} <= files(one.there).keys()


def test_results_that_are_no_longer_below_the_output_folder_are_said_and_left(one):
    one.results.fit("A")
    parcel = one.results.parcel("A", NIGHT)
    one.results.outdir = one.root / "elsewhere"
    with pytest.raises(Undelivered, match="not below") as error:
        one.courier().deliver(parcel, None, lambda: False)
    assert not error.value.everything


def test_a_night_still_open_leaves_no_sentinel(one):
    one.results.close()
    one.results.withdraw()
    one.deliver()
    assert f"{NIGHT}/{NIGHT}.fin" not in files(one.there)


def test_a_link_among_the_results_is_not_followed(one):
    one.results.fit("A")
    (one.results.outdir / NIGHT / "A/secret").symlink_to("/etc/passwd")
    one.deliver("A")
    assert f"{NIGHT}/A/secret" not in files(one.there)


def test_a_folder_that_is_not_mounted_keeps_everything_due(one):
    one.results.fit("A")
    one.there.rename(one.root / "gone")
    with pytest.raises(Undelivered, match="is it mounted") as error:
        one.deliver("A")
    assert error.value.everything and not one.there.exists()


def test_a_manifest_lies_with_a_night_that_is_closed(tmp_path):
    bench = Bench(tmp_path, "manifest")
    bench.results.fit("A")
    bench.results.close()
    bench.deliver("A")
    bench.deliver()
    night = bench.there / NIGHT
    checked = subprocess.run(
        ["sha256sum", "-c", "manifest.sha256"],
        cwd=night,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(checked.stdout.splitlines()) == {
        f"{name}: OK"
        for name in ("A/ranking.json", "A/toy/config.json", "A/toy/log", "A/toy/out.json",
                     "A/toy/toy.fin", "index.html")
    }  # fmt: skip
