"""What an object's page says, also when files of a run are missing or garbled."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from results_on_disk import HOSTILE, LATER, MODELS, NAME, NIGHT, ranking, spoilt

from nmma_fitter.delivery.products import Finished
from nmma_fitter.delivery.report import write_object_page
from nmma_fitter.engine.files import folder_name
from nmma_fitter.inference.ranking import NO_MODEL

RUN = "attempts/1-4711-0"
ROW = {"model": "Me2017", "log_z": -9.5, "log_z_err": 0.1, "log_bayes": 0.0, "p_value": 0.001}


def words(text: str) -> str:
    """The page's text without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


@pytest.fixture
def page(site) -> str:
    return (site / NIGHT / NAME / "index.html").read_text(encoding="utf-8")


def test_the_verdict_names_the_model_and_how_sure_it_is(page):
    verdict = words(page.split('class="verdict', 1)[1].split("</div>")[0])
    assert "Me2017, kilonova, describes it best" in verdict
    assert re.search(r"probability 0\.\d\d|probability 1\.00", verdict)
    assert "Not ended yet: TrPi2018" in verdict


def test_parameters_come_with_interval_unit_and_prior(page):
    table = words(page.split("Parameters of Piro2021", 2)[2].split("</table>")[0])
    assert re.search(r"log10_Renv .* to .* log10 cm Uniform 11 to 14", table)


def test_where_a_result_comes_from_is_said(page):
    text = words(page)
    for part in (
        "Data notes left out 1 row in &lt;b&gt;nothing&lt;/b&gt;: row 7",
        "Data digest",
        "Seed",
        "Evaluations",
        "Job 4711",
        "Host node&lt;7&gt;",
        "nautilus",
    ):
        assert part in text
    assert "luminosity_distance = LogUniform" in text  # the prior file


def test_earlier_nights_are_in_the_history(site):
    text = (site / LATER / NAME / "index.html").read_text()
    assert f"../../{NIGHT}/{NAME}/index.html" in text
    assert f"what it was in night {NIGHT}" in text


def test_an_unchanged_night_shows_the_picture_of_the_night_that_fitted(site):
    text = (site / LATER / NAME / "index.html").read_text()
    assert f'src="../../{NIGHT}/{NAME}/comparison.png"' in text


def test_no_model_describes_this_is_the_heading_when_none_does(tmp_path):
    ranking(tmp_path / "n/a", headline=NO_MODEL, ranked=[{**ROW, "describes": False}])
    write_object_page(tmp_path, tmp_path / "n/a", "a", "n", [Finished("Me2017", None, "failed")])
    text = (tmp_path / "n/a/index.html").read_text()
    assert '<h2 id="ranking">No model describes this</h2>' in text
    assert f'<p class="headline">{NO_MODEL}</p>' in text


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("Me2017_result.json", b'{"cut', "Me2017_result.json is cut short, or no JSON"),
        ("Me2017_result.json", b'{"posterior": 3}', "no table of parameters"),
        ("corner.png", b"no picture", "corner.png is missing or no PNG"),
        ("config.json", b"[]", "config.json is cut short, or no JSON"),
    ],
)
def test_a_garbled_file_is_said_in_its_models_place_and_the_page_stands(
    site, tmp_path, file, content, said
):
    text = spoilt(site, tmp_path, file, content).read_text()
    assert said in words(text)
    assert "Parameters of Piro2021" in text


@pytest.mark.parametrize("content", [b"{", b'{"ztfg": 3}', b'{"ztfg": {"days": [1]}}'])
def test_garbled_curves_leave_the_other_models_in_the_chart(site, tmp_path, content):
    text = spoilt(site, tmp_path, "lightcurves.json", content).read_text()
    data = json.loads(text.split('id="chart-data">')[1].split("</script>")[0])
    assert "Piro2021, shock cooling" in [
        model["name"] for model in data["models"] if model["curves"]
    ]


@pytest.mark.parametrize("content", ["{", "[]", '{"ranked": 3}', '{"ranked": [{"log_z": "x"}]}'])
def test_a_garbled_ranking_leaves_a_page(tmp_path, content):
    (tmp_path / "n/a").mkdir(parents=True)
    (tmp_path / "n/a/ranking.json").write_text(content)
    write_object_page(tmp_path, tmp_path / "n/a", "a", "n", [Finished("Me2017", None, "failed")])
    assert "no ranking yet" in (tmp_path / "n/a/index.html").read_text()


def test_a_failure_says_its_reason_what_to_do_and_the_logs_end(site):
    text = words((site / NIGHT / folder_name(HOSTILE[1]) / "index.html").read_text())
    assert "nonzero_exit" in text and "nmma-fitter retry" in text
    assert "ValueError:" in text


def test_a_token_in_a_log_is_not_shown(tmp_path):
    log = tmp_path / "n/a/Me2017/log"
    log.parent.mkdir(parents=True)
    log.write_text("sent with Bearer abc123\nended\n")
    write_object_page(tmp_path, tmp_path / "n/a", "a", "n", [Finished("Me2017", None, "failed")])
    text = (tmp_path / "n/a/index.html").read_text()
    assert "abc123" not in text and "ended" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_text_from_outside_is_escaped(site, name):
    text = (site / NIGHT / folder_name(name) / "index.html").read_text()
    assert "<script>alert" not in text and "<i>" not in text and "<img src=x" not in text


def test_the_charts_data_cannot_end_their_script(tmp_path, site):
    name = "</script><script>alert(1)</script>"
    fits = [Finished(m, site / NIGHT / NAME / m / RUN, "done") for m in MODELS]
    write_object_page(tmp_path, tmp_path / "n/a", name, "n", fits)
    assert "<script>alert" not in (tmp_path / "n/a/index.html").read_text()


def test_a_page_that_has_not_changed_is_not_written_again(site, tmp_path):
    path = spoilt(site, tmp_path, "log", b"done\n")
    before = path.stat()
    spoilt_again = [Finished(m, path.parent / m / RUN, "done") for m in MODELS]
    write_object_page(tmp_path, path.parent, NAME, NIGHT, spoilt_again)
    assert path.stat().st_ino == before.st_ino
    write_object_page(tmp_path, path.parent, NAME, NIGHT, spoilt_again[:1])
    assert path.stat().st_ino != before.st_ino


def test_pages_import_neither_plotly_nor_matplotlib():
    code = (
        "import sys; from nmma_fitter.delivery import report; from nmma_fitter.delivery.report "
        "import assets; assert assets.assets().plotly;"
        "sys.exit(bool({'plotly', 'matplotlib'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)
