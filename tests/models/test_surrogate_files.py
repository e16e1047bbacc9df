from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.models.surrogate_conversion import convert
from nmma_fitter.models.surrogate_files import (
    content_digest,
    data_folder,
    load_weights,
    save_weights,
)

from .published import write_bu2019


def test_the_data_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMMA_FITTER_DATA_DIR", "/data/of/ours")
    assert data_folder() == Path("/data/of/ours")
    monkeypatch.delenv("NMMA_FITTER_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/share")
    assert data_folder() == Path("/share/nmma_fitter")


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"a": np.arange(3.0), "names": np.array(["ztfg", "é"])}
    digest = save_weights(tmp_path / "new" / "M.npz", arrays)
    found = load_weights("M", tmp_path / "new" / "M.npz", digest)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in arrays.items()}
    assert content_digest(found) == digest
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["M.npz"]


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"not here: nmma-fitter models fetch M, or put M.npz"):
        load_weights("M", tmp_path / "M.npz", "")


@pytest.mark.parametrize("spoil", ["cut", "other"])
def test_spoilt_or_other_weights_are_unavailable(spoil: str, tmp_path: Path) -> None:
    path = tmp_path / "M.npz"
    digest = save_weights(path, {"a": np.arange(1000.0)})
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[:500])
    else:
        save_weights(path, {"a": np.arange(1001.0)})
    with pytest.raises(Unavailable, match=r"once more: nmma-fitter models fetch M"):
        load_weights("M", path, digest)


def test_a_file_with_pickled_objects_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "M.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(Unavailable, match="cannot be read"):
        load_weights("M", path, "")


def test_conversion_keeps_every_number(tmp_path: Path) -> None:
    truth = write_bu2019(tmp_path, exp_of_log10=False)
    arrays = convert("Bu2019lm", tmp_path)
    assert arrays["bands"].tolist() == ["2massks", "ps1::g"]
    assert arrays["trained"].tolist() == [[*one[:2]] for one in truth["ranges"].values()]
    for number, band in enumerate(arrays["bands"]):
        net, basis = truth["nets"][str(band)]
        np.testing.assert_array_equal(arrays[f"band_{number}_basis"], np.float32(basis))
        np.testing.assert_allclose(arrays[f"band_{number}_low"], truth["low"], rtol=1e-6)
        for layer in range(3):
            kernel = net[f"layers_{layer}"]["kernel"].value
            np.testing.assert_array_equal(arrays[f"band_{number}_weight_{layer}"], kernel)


def test_magnitudes_of_a_root_of_the_flux_are_put_right(tmp_path: Path) -> None:
    truth = write_bu2019(tmp_path, exp_of_log10=True)
    arrays = convert("Bu2019lm", tmp_path)
    flux = np.exp((truth["low"][0] - 16.40007) / -2.5 * np.log(10.0) * np.log(10.0))
    assert arrays["band_0_low"][0] == pytest.approx(16.40007 - 2.5 * np.log10(flux), abs=1e-4)
    assert -18 < arrays["band_0_low"][0] < -16


@pytest.mark.parametrize("lost", ["Bu2019_metadata.pkl", "Bu2019_ps1::g.pkl"])
def test_a_missing_file_is_named(lost: str, tmp_path: Path) -> None:
    write_bu2019(tmp_path, exp_of_log10=False)
    (tmp_path / lost).unlink()
    with pytest.raises(BadInput, match=lost):
        convert("Bu2019lm", tmp_path)


def test_a_pickle_of_another_kind_is_said(tmp_path: Path) -> None:
    (tmp_path / "Bu2019_metadata.pkl").write_bytes(b"\x80\x04}.")
    with pytest.raises(BadInput, match="does not hold the surrogate Bu2019lm"):
        convert("Bu2019lm", tmp_path)


def test_a_wheel_of_other_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fiestaem-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Bu2025_MLP_metadata.pkl", b"\x80\x04}.")
    with pytest.raises(BadInput, match="its sha256 is another"):
        convert("Bu2025", path)


def test_a_model_without_a_surrogate_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Me2017 has no published surrogate; known: Bu2019lm"):
        convert("Me2017", tmp_path)
