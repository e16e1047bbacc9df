"""Results through a real sshd and a write-only rrsync key, from the engine's outbox on."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

sys.path.insert(0, str(Path(__file__).parent))

from pushed_results import NIGHT, Results, files

from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.outbox import send
from nmma_fitter.errors import Undelivered
from nmma_fitter.transfer.push import couriers
from nmma_fitter.transfer.settings import DestinationSettings

pytestmark = pytest.mark.ssh
SETTINGS = TypeAdapter(dict[str, DestinationSettings])
DAY = 86400.0


class Installation:
    """The engine's outbox over results, with a courier to the server."""

    def __init__(self, root, sshd, **others):
        self.results = Results(root / "outdir")
        self.there = sshd.push
        settings = {"key": "wo", **others}
        self._settings = {"web": sshd.settings(settings.pop("key"), **settings)}
        self._state = root / "state"
        self.ledger = Ledger(root / "ledger.sqlite")
        self.time = 0.0

    def courier(self):
        checked = SETTINGS.validate_python(self._settings)
        [courier] = couriers(checked, self.results.outdir, self._state)
        return courier

    def due(self, night, *objects, closed=True):
        """Note what has changed, as the engine does."""
        self.ledger.open_night(night, self.results.outdir / night)
        self.ledger.set_night(night, 1, closed=closed)
        for name in objects:
            self.ledger.set_due("push web", night, name)

    def send(self):
        return send(self.ledger, [self.courier()], lambda: self.time, lambda: False)

    def order(self):
        """Files in the order in which they got there."""
        found = [path for path in self.there.rglob("*") if path.is_file()]
        return sorted(found, key=lambda path: path.stat().st_ctime_ns)


@pytest.fixture
def site(tmp_path, sshd):
    site = Installation(tmp_path, sshd)
    with site.ledger:
        yield site


def test_a_night_arrives_and_its_sentinel_last(site):
    site.results.fit("A")
    site.results.close()
    site.due(NIGHT, "A", "")
    assert site.send() == [] and site.ledger.due("push web") == []
    assert site.order()[-1].name == f"{NIGHT}.fin"
    here = site.results.outdir
    assert all((here / name).read_text() == text for name, text in files(site.there).items())


def test_many_objects_open_no_more_connections_than_one(site, sshd):
    for name in "ABCDEF":
        site.results.fit(name)
    site.due(NIGHT, *"ABCDEF", closed=False)
    before = sshd.connections()
    site.send()
    assert site.ledger.due("push web") == []
    assert sshd.connections() - before == 5


def test_what_is_there_already_opens_no_connection(site, sshd):
    site.results.fit("A")
    site.due(NIGHT, "A")
    site.send()
    before = sshd.connections()
    site.due(NIGHT, "A")
    assert site.send() == [] and sshd.connections() == before


def test_a_destination_down_for_a_day_gets_everything_in_order_and_once(site, sshd):
    nights = [NIGHT, "2459779-2459786"]
    site.results.fit("A")
    site.due(NIGHT, "A", closed=False)
    site.send()
    first = {path: path.stat().st_ino for path in site.order()}
    sshd.stop()
    for night in nights:
        site.results.fit("B", night=night)
        site.results.close(night=night)
        site.due(night, "B", "")
    notes = []
    for _ in range(4):
        site.time += DAY / 4
        notes += site.send()
    assert len(notes) == 1 and "refused" in notes[0]
    sshd.start()
    site.time += DAY
    assert site.send() == [] and site.ledger.due("push web") == []
    order = [path.name for path in site.order()]
    assert order[-1] == f"{nights[1]}.fin"
    assert order.index(f"{nights[0]}.fin") < len(order) - 5  # before all of the later night
    assert all(path.stat().st_ino == inode for path, inode in first.items())
    again = {path: path.stat().st_ino for path in site.order()}
    for night in nights:
        site.due(night, "B", "")
    site.send()
    assert {path: path.stat().st_ino for path in site.order()} == again


def test_a_night_is_withdrawn_through_a_write_only_key(site):
    site.results.fit("A")
    site.results.close()
    site.due(NIGHT, "A", "")
    site.send()
    site.results.withdraw()
    site.results.fit("A", content="newer")
    site.due(NIGHT, "A", closed=False)
    assert site.send() == []
    there = files(site.there)
    assert f"{NIGHT}/{NIGHT}.fin" not in there and there[f"{NIGHT}/A/toy/out.json"] == "newer"


def test_a_key_that_may_not_delete_is_said(site, sshd):
    keys = sshd.root / "authorized_keys"
    before = keys.read_text()
    site.results.fit("A")
    try:
        keys.write_text(before.replace("rrsync -wo", "rrsync -wo -no-del"))
        with pytest.raises(Undelivered, match="does not allow --delete-missing-args"):
            site.courier().deliver(site.results.parcel("A"), None, lambda: False)
    finally:
        keys.write_text(before)


def test_a_manifest_is_read_back_where_the_key_allows(tmp_path, sshd):
    site = Installation(tmp_path, sshd, key="full", path=str(sshd.push), verify="manifest")
    site.results.fit("A")
    site.results.close()
    site.due(NIGHT, "A", "")
    with site.ledger:
        assert site.send() == []
    check = ["sha256sum", "-c", "--quiet", "manifest.sha256"]
    subprocess.run(check, cwd=sshd.push / NIGHT, check=True)


def test_a_manifest_cannot_be_read_back_through_a_write_only_key(tmp_path, sshd):
    site = Installation(tmp_path, sshd, verify="manifest")
    site.results.fit("A")
    with site.ledger, pytest.raises(Undelivered, match="does not allow this direction"):
        site.courier().deliver(site.results.parcel("A"), None, lambda: False)
