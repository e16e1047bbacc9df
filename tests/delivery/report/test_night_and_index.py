"""The night's page and the index: what they count."""

from __future__ import annotations

import re
from pathlib import Path

from results_on_disk import HOSTILE, LATER, NIGHT, ranking

from nmma_fitter.delivery.report import night_page, write_assets, write_index, write_night_page
from nmma_fitter.engine.files import folder_name, read_json
from nmma_fitter.engine.ledger import NeedRow
from nmma_fitter.engine.ledger_statistics import NightCount, Statistics, TaskCount
from nmma_fitter.engine.unit import State


def need(name: str, task: str, state: State = State.DONE, unit_night: str | None = "n") -> NeedRow:
    return NeedRow("n", name, task, "d", state, None, "", unit_night, None, 3.0)


def rows(text: str) -> list[str]:
    body = text.split('id="fits-table"')[1].split("<tbody>")[1]
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in body.split("<tr ")[1:]]


def test_a_night_lists_every_object_and_model(site):
    assert len(rows((site / NIGHT / "index.html").read_text())) == 2 * len(HOSTILE) + 3


def test_what_an_earlier_night_fitted_is_unchanged(tmp_path):
    write_night_page(tmp_path, tmp_path / "n", "n", [need("a", "m", unit_night="earlier")])
    (row,) = rows((tmp_path / "n/index.html").read_text())
    assert "= unchanged" in row


def test_a_file_that_cannot_be_read_is_called_so(site):
    assert "unreadable file" in rows((site / LATER / "index.html").read_text())[-1]


def test_an_objects_verdict_is_that_of_its_ranking(tmp_path):
    best = {"model": "m", "log_z": -3.25, "log_z_err": 0.1, "probability": 0.75, "describes": True}
    ranking(tmp_path / "n/a", headline="m describes it best", ranked=[best])
    write_night_page(tmp_path, tmp_path / "n", "n", [need("a", "m")])
    text = (tmp_path / "n/index.html").read_text()
    assert "✓ m describes it best" in text and "−3.25 ± 0.10" in rows(text)[0]


def test_a_ranking_is_read_once_for_all_models_of_an_object(tmp_path, monkeypatch):
    models, asked = ("Me2017", "Piro2021", "TrPi2018", "nugent-hyper"), []

    def counted(path):
        asked.append(path)
        return read_json(path)

    monkeypatch.setattr(night_page, "read_json", counted)
    ranked = [{"model": m, "log_z": -3.0, "log_z_err": 0.1, "describes": True} for m in models]
    names = [f"ZTF22{number:05d}" for number in range(50)]
    for name in names:
        ranking(tmp_path / "n" / folder_name(name), ranked=ranked)
    needs = [need(name, model) for name in names for model in models]
    write_night_page(tmp_path, tmp_path / "n", "n", needs)
    assert len(rows((tmp_path / "n/index.html").read_text())) == 200
    assert sorted(asked) == sorted(set(asked)) and len(asked) == 50


def statistics() -> Statistics:
    nights = (
        NightCount("2459781-2459788", 1, True, 2, 2, {"done": 3, "failed": 1}),
        NightCount("2459782-2459789", 0, False, 3, 1, {"unchanged": 4, "running": 2}),
    )
    tasks = (
        TaskCount("Me2017", 2, 3, {"timeout": 1}, {"unavailable": 4}, (10.0, 20.0, 90.0)),
        TaskCount("*", 0, 0, {"bad_input": 1}, {}, ()),
    )
    return Statistics(nights, tasks, {"2022-07-24": {"done": 3, "failed": 1}})


def test_the_index_lists_nights_newest_first(tmp_path):
    write_index(tmp_path, statistics())
    links = re.findall(r'href="(\d[^"]*)"', (tmp_path / "index.html").read_text())
    assert links == ["2459782-2459789/index.html", "2459781-2459788/index.html"]


def test_the_index_says_how_often_a_model_fails_and_how_long_it_takes(tmp_path):
    write_index(tmp_path, statistics())
    table = (tmp_path / "index.html").read_text().split('id="models"')[1].split("</table>")[0]
    (row,) = (r for r in table.split("<tr>") if "Me2017" in r)
    text = " ".join(re.sub(r"<[^>]*>", " ", row).split())
    assert text == "Me2017 3 1 25.0 % 1 timeout 4 unavailable 2 20 s 90 s"


def test_an_index_of_nothing_is_written(tmp_path):
    write_index(tmp_path, Statistics((), (), {}))
    assert "0 nights" in (tmp_path / "index.html").read_text()


def test_assets_are_written_once_and_mended_when_cut_short(tmp_path):
    write_assets(tmp_path)
    files = {path: path.stat().st_ino for path in (tmp_path / "assets").iterdir()}
    cut = next(path for path in files if path.suffix == ".css")
    cut.write_text("")
    write_assets(tmp_path)
    again = {path: path.stat().st_ino for path in (tmp_path / "assets").iterdir()}
    assert {p for p in files if files[p] != again[p]} <= {cut} and cut.stat().st_size > 0
    assert files.keys() == again.keys()


def test_a_page_names_its_assets_by_what_is_in_them(site: Path):
    text = (site / "index.html").read_text()
    (style,) = re.findall(r'href="(assets/report-[0-9a-f]{8}\.css)"', text)
    assert (site / style).is_file()
