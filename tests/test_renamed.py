"""An object whose photometry equals another's is shown under its own name, and fitted only once."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

sys.path.insert(0, str(Path(__file__).parent / "delivery"))

from slack_server import CHANNEL, TOKEN, SlackServer

BIN = Path(sys.executable).parent
FIRST, NEXT = "2459778-2459785", "2459779-2459786"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
CONFIG = """
[tick]
interval = 0.3
[destinations.web]
kind = "folder"
path = "there"
[slack]
channels = ["{channel}"]
base_url = "{url}"
[fits]
models = ["Piro2021", "Me2017"]
together = ["Piro2021", "Me2017"]
[fits.settings]
n_effective = 100
"""


class Place:
    """An installation; the objects OTHER (first), OWN in the same night and LATER in the next."""

    def __init__(self, root: Path, slack: SlackServer) -> None:
        self.root, self.slack, self.said = root, slack, ""
        (root / "there").mkdir()
        (root / "my.toml").write_text(CONFIG.format(channel=CHANNEL, url=slack.url))
        self.night(FIRST, "OTHER", "OWN")
        self.night(NEXT, "LATER")

    def night(self, night: str, *names: str) -> None:
        folder = self.root / "candidates" / night
        folder.mkdir(parents=True)
        rows = "".join(f"{i},{row}\n" for i, row in enumerate(ROWS))
        for name in names:
            (folder / f"lc_{name}_forced1_stacked0.csv").write_text(HEADER + rows)
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        done = subprocess.run(
            [BIN / "make-jobs", "--config", self.root / "my.toml"], text=True, timeout=180,
            env={**kept, "NMMA_FITTER_SLACK_TOKEN": TOKEN}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        self.said = done.stdout

    def folder(self, name: str, root: str = "outdir") -> Path:
        return self.root / root / (NEXT if name == "LATER" else FIRST) / name


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    slack = SlackServer().start()
    yield Place(tmp_path_factory.mktemp("renamed"), slack)
    slack.stop()


both = pytest.mark.parametrize("name", ["OWN", "LATER"])


def test_each_model_was_fitted_once(place):
    assert len(list(place.root.glob("outdir/*/*/*/attempts/*/started"))) == 2


@both
def test_the_ranking_bears_the_own_name(place, name):
    ranking = json.loads((place.folder(name) / "ranking.json").read_text())
    assert ranking["object_name"] == name and len(ranking["ranked"]) == 2


def test_the_terminal_says_the_own_name(place):
    assert "LATER: " in place.said and "OTHER: " not in place.said


@both
def test_the_page_shows_the_own_name_alone(place, name):
    page = (place.folder(name) / "index.html").read_text()
    seen = re.sub(r"(?s)<script.*?</script>|<style.*?</style>|<[^>]+>", " ", page)
    seen += " ".join(re.findall(r'(?:alt|title)="([^"]*)"', page))
    for provenance in ("OTHER", "lc_OTHER_forced1_stacked0.csv"):  # once for each model
        seen, count = re.subn(rf"(?<=\s){re.escape(provenance)}(?=\s)", " ", html.unescape(seen))
        assert count == 2
    assert name in seen and "OTHER" not in seen


@both
def test_the_pictures_are_drawn_again_with_the_own_name_and_shown(place, name):
    page = (place.folder(name) / "index.html").read_text()
    for model in ("Piro2021", "Me2017"):
        for picture in ("lightcurves.png", "corner.png"):
            own = place.folder(name) / f"{model}-{picture}"
            others = place.folder("OTHER") / model / picture
            assert own.read_bytes() != others.read_bytes()
            assert f'src="{own.name}"' in page and f"OTHER/{model}/{picture}" not in page
    assert (place.folder(name) / "comparison.png").is_file()


def test_drawn_again_under_the_name_it_was_fitted_as_they_look_the_same(place, tmp_path):
    script = (
        "import sys; from pathlib import Path; from nmma_fitter.redraw import draw_again\n"
        "draw_again(Path(sys.argv[1]), 'Piro2021', 'OTHER', Path(sys.argv[2]), '')"
    )
    [run] = (place.folder("OTHER") / "Piro2021" / "attempts").iterdir()
    subprocess.run([sys.executable, "-c", script, run, tmp_path], timeout=120, check=True)
    for picture in ("lightcurves.png", "corner.png"):
        again, before = (imread(folder / picture) for folder in (tmp_path, run))
        assert again.shape == before.shape  # stored curves have five digits: edges differ a little
        assert np.mean(np.abs(again - before) > 0.1) < 1e-3


@both
def test_what_is_pushed_bears_the_own_name(place, name):
    there, here = place.folder(name, "there"), place.folder(name)
    pictures = {path.name for path in there.glob("*.png")}
    assert pictures == {path.name for path in here.glob("*.png")} and len(pictures) == 5


@both
def test_the_thread_bears_the_own_name_alone(place, name):
    store = place.slack.store
    [parent] = [m for m in store.parents(CHANNEL) if m.text.startswith(name)]
    replies = store.replies(CHANNEL, parent.ts)
    said = repr([parent, *replies]) + repr([store.files[i] for r in replies for i in r.files])
    assert "OTHER" not in said
    own = sorted(path.stat().st_size for path in place.folder(name).glob("*.png"))
    assert sorted(store.files[i].length for r in replies for i in r.files) == own
