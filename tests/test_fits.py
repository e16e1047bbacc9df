"""The campaign ``fits``: what makes two fits the same, and what a night's files ask for."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from nmma_fitter import fit_request, models
from nmma_fitter.config import Config, load_config
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import requests_of
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.prior_files import prior_text

HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")


def light_curve(folder: Path, name: str = "ZTF1", rows: tuple[str, ...] = ROWS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lc_{name}_forced1_stacked0.csv"
    path.write_text(HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(rows)))
    return path


def configured(root: Path, text: str = "") -> Config:
    path = root / "my.toml"
    path.write_text(text)
    return load_config(path)


def request(root: Path, text: str = "", **options: object) -> FitRequest:
    path = light_curve(root / "night")
    return requests_of(path, ["Piro2021"], configured(root, text).fits, **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "[fits.settings]\nnlive = 401",
        "[fits.settings]\ntmax = 13",
        "[fits.settings]\nsys_error = 0.5",
        "[fits.model.Piro2021]\nsettings = { galactic_ebv = 0.1 }",
    ],
)
def test_what_changes_the_result_changes_the_digest(tmp_path, text):
    assert request(tmp_path, text).digest != request(tmp_path).digest


@pytest.mark.parametrize(
    "text",
    [
        "[fits.model.Piro2021]\ntime_limit = 60\nmemory_mb = 4000\ncores = 2",
        "[scheduler]\nslots = 1",
        "[fits.settings]\nmin_detections = 3",
    ],
)
def test_what_does_not_change_the_result_leaves_the_digest(tmp_path, text):
    assert request(tmp_path, text).digest == request(tmp_path).digest


def test_a_changed_prior_changes_the_digest_and_a_comment_does_not(tmp_path):
    fits = configured(tmp_path).fits
    text = prior_text(fits, "Piro2021", request(tmp_path).settings).text
    commented, narrowed = tmp_path / "commented.prior", tmp_path / "narrowed.prior"
    commented.write_text("# mine\n\n" + text)
    narrowed.write_text(text.replace("minimum=48.", "minimum=49."))
    before = request(tmp_path).digest
    assert request(tmp_path, priors=commented).digest == before
    assert request(tmp_path, priors=narrowed).digest != before


def test_a_fit_is_complete_in_its_config_json(tmp_path):
    one = request(tmp_path)
    again = FitRequest.from_json(one.to_json())
    assert (again.digest, again.seed(2)) == (one.digest, one.seed(2))


@pytest.mark.parametrize("value", [{}, {"object": "a", "model": "Piro2021", "settings": []}])
def test_a_spoilt_config_json_is_bad_input(value):
    with pytest.raises(BadInput, match="render the unit again"):
        FitRequest.from_json(value)


def test_each_generation_has_a_seed_of_its_own_unless_one_is_set(tmp_path):
    free, fixed = request(tmp_path), request(tmp_path, over={"seed": 7})
    assert free.seed(0) != free.seed(1)
    assert fixed.seed(0) == fixed.seed(1) == 7


def test_a_setting_out_of_range_is_named(tmp_path):
    with pytest.raises(BadInput, match="nlive: must be at least 20"):
        request(tmp_path, over={"nlive": 1})


def test_a_model_nobody_knows_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(BadInput, match="Piro2021"):
        FitsCampaign(configured(tmp_path), ["Piro2020"])


def campaign(root: Path) -> FitsCampaign:
    return FitsCampaign(configured(root), ["Piro2021"])


def test_a_night_asks_for_each_object_with_each_model(tmp_path):
    files = [light_curve(tmp_path / "n", name) for name in ("ZTF1", "ZTF2")]
    both = FitsCampaign(configured(tmp_path), ["Piro2021", "Me2017"]).wanted("n", files)
    assert [(w.object, w.task) for w in both if w.unit] == [
        ("ZTF1", "Piro2021"),
        ("ZTF1", "Me2017"),
        ("ZTF2", "Piro2021"),
        ("ZTF2", "Me2017"),
    ]


def test_a_zip_named_csv_is_a_named_failure_and_the_others_go_on(tmp_path):
    good = light_curve(tmp_path / "n", "ZTF2")
    bad = tmp_path / "n" / "lc_ZTF1_forced1_stacked0.csv"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("lc.csv", HEADER)
    first, second = campaign(tmp_path).wanted("n", [bad, good])
    assert (first.state, first.reason, first.unit) == (State.FAILED, "bad_input", None)
    assert str(bad) in first.detail
    assert second.unit is not None


def test_of_two_files_of_one_object_the_second_is_a_named_failure(tmp_path):
    one = light_curve(tmp_path / "n")
    two = tmp_path / "n" / "lc_ZTF1_forced1_stacked1.csv"
    two.write_text(one.read_text().replace("19.0", "18.9"))
    _, second = campaign(tmp_path).wanted("n", [one, two])
    assert (second.state, second.reason) == (State.FAILED, "bad_input")
    assert one.name in second.detail


def test_too_few_detections_are_skipped_and_counted(tmp_path):
    path = light_curve(tmp_path / "n", rows=ROWS[:1])
    (want,) = campaign(tmp_path).wanted("n", [path])
    assert (want.state, want.reason) == (State.SKIPPED, "too_few_detections")
    assert "only 1 detection from" in want.detail and "2 needed" in want.detail


def test_a_folder_name_never_leaves_its_night(tmp_path):
    found = request(tmp_path, name="../../etc/passwd")
    unit = campaign(tmp_path).unit("..", found)
    outdir = configured(tmp_path).paths.outdir
    assert unit.folder.resolve().is_relative_to(outdir.resolve())
    assert len(unit.folder.relative_to(outdir).parts) == 3


def test_a_file_name_that_is_no_text_does_not_stop_the_night(tmp_path):
    good = light_curve(tmp_path / "n")
    odd = good.with_name("lc_\udcff_forced1_stacked0.csv")
    odd.write_bytes(good.read_bytes())
    wanted = campaign(tmp_path).wanted("n", [odd, good])
    assert wanted[-1].unit is not None
    wanted[0].object.encode()
    wanted[0].detail.encode()


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path):
    path, fits = light_curve(tmp_path / "n"), campaign(tmp_path)
    (first,), (again,) = fits.wanted("n", [path]), fits.wanted("n", [path])
    assert first.unit is again.unit
    light_curve(tmp_path / "n", rows=(*ROWS, "2459783.7,20.4,0.1,g,,2"))
    (changed,) = fits.wanted("n", [path])
    assert changed.unit.digest != first.unit.digest


def test_a_prior_file_that_changes_is_noticed(tmp_path):
    path = light_curve(tmp_path / "n")
    text = prior_text(configured(tmp_path).fits, "Piro2021", request(tmp_path).settings).text
    (tmp_path / "mine").mkdir()
    own = tmp_path / "mine" / "Piro2021.prior"
    own.write_text(text)
    config = configured(tmp_path, f'[fits]\npriors = "{tmp_path / "mine"}"\n')
    fits = FitsCampaign(config, ["Piro2021"])
    (first,) = fits.wanted("n", [path])
    own.write_text(text.replace("minimum=48.", "minimum=49."))
    (changed,) = fits.wanted("n", [path])
    assert changed.unit.digest != first.unit.digest


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path):
    path, fits = light_curve(tmp_path / "n"), campaign(tmp_path)
    good = path.read_bytes()
    path.write_bytes(b"PK\x03\x04")
    assert fits.wanted("n", [path])[0].unit is None
    path.write_bytes(good)
    assert fits.wanted("n", [path])[0].unit is not None


def test_of_a_known_unit_it_is_not_asked_again_whether_its_model_is_there(tmp_path, monkeypatch):
    def gone(model: object) -> None:
        raise Unavailable("its template is gone")

    monkeypatch.setattr(type(models.get("nugent-hyper")), "check_available", gone)
    monkeypatch.setattr(fit_request, "_made", {})
    path, names = light_curve(tmp_path / "n"), ["nugent-hyper"]
    (refused,) = FitsCampaign(configured(tmp_path), names).wanted("n", [path])
    assert (refused.unit, refused.reason) == (None, "unavailable")
    digest = requests_of(path, names, configured(tmp_path).fits)[0].digest
    (known,) = FitsCampaign(configured(tmp_path), names).wanted("n", [path], {digest})
    assert known.unit is not None


CLAIM = "object,jd,mag,magerr,filter\n" + "".join(
    f"ZTF1,{row.split(',')[0]},17.0,0.1,g\n" for row in ROWS
)


def night_of(of: FitsCampaign, folder: Path) -> list[tuple[str, str, str]]:
    found = of.wanted("n", sorted(folder.iterdir()))
    return [(w.object, w.state.value if w.state else "fit", w.detail or "") for w in found]


def test_the_file_named_after_an_object_wins_over_one_that_claims_it(tmp_path):
    own = light_curve(tmp_path / "night")
    (tmp_path / "night" / "a_claim.csv").write_text(CLAIM)
    (claim, state, why), (name, fitted, _) = night_of(campaign(tmp_path), tmp_path / "night")
    assert (claim, state, name, fitted) == ("a_claim", "failed", "ZTF1", "fit")
    assert f"ZTF1 has a light curve in {own.name!r} already" in why and "a_claim.csv" in why


def test_of_files_that_only_claim_an_object_the_first_by_name_counts(tmp_path):
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / "a.csv").write_text(CLAIM)
    (tmp_path / "night" / "b.csv").write_text(CLAIM.replace("17.0", "18.0"))
    states = [state for _, state, _ in night_of(campaign(tmp_path), tmp_path / "night")]
    assert states == ["fit", "failed"]


def test_files_with_the_same_photometry_are_no_conflict(tmp_path):
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / "a.csv").write_text(CLAIM)
    (tmp_path / "night" / "b.csv").write_text(CLAIM)
    assert len(night_of(campaign(tmp_path), tmp_path / "night")) == 1


def test_weak_forced_magnitudes_before_the_event_are_no_fluxes(tmp_path):
    weak = [f"{2459700.7 + day},22.5,2.0,g,,2" for day in range(9)]
    path = light_curve(tmp_path / "n", rows=(*weak, *ROWS))
    (want,) = campaign(tmp_path).wanted("n", [path])
    assert want.unit is not None
