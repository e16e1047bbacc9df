"""Where NMMA is looked for, and what is said when it or its data are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.errors import Unavailable, UnsupportedData
from nmma_fitter.nmma_engine import place


def surrogate(folder: Path, *files: str) -> Path:
    for name in ("X.joblib", *files):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return folder


def test_an_environment_is_named_by_its_folder_or_its_interpreter(without_nmma):
    python = str(without_nmma / "bin" / "python")
    assert place.interpreter(str(without_nmma)) == python == place.interpreter(python)


def test_an_environment_that_is_none_is_said_so(tmp_path):
    with pytest.raises(Unavailable, match="no environment"):
        place.interpreter(str(tmp_path))


def test_an_environment_without_nmma_says_how_to_install_it(without_nmma):
    with pytest.raises(Unavailable, match=r"pip install 'nmma>=1\.0\.1'"):
        place.packages(str(without_nmma / "bin" / "python"))


def test_another_version_than_those_tested_is_refused(tmp_path):
    python = tmp_path / "python"
    python.write_text("""#!/bin/sh\necho '{"nmma": "9.9.9"}'\n""")
    python.chmod(0o755)
    with pytest.raises(Unavailable, match=r"has NMMA 9\.9\.9; .* tested with 1\.0\.1"):
        place.packages(str(python))


def test_an_interpreter_that_does_not_answer_sense_is_unavailable(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho hello\n")
    python.chmod(0o755)
    with pytest.raises(Unavailable, match="cannot be asked"):
        place.packages(str(python))


@pytest.mark.nmma
def test_the_installed_nmma_is_found(nmma_python):
    assert place.packages(nmma_python)["nmma"] in place.TESTED


def test_networks_come_before_gaussian_processes(tmp_path):
    folder = surrogate(tmp_path, "X/ztfr.joblib", "X_tf/ztfr.h5")
    found = place.surrogate(folder, "X", ["ztfr"])
    assert found.form == "tensorflow"
    assert found.files == (folder / "X.joblib", folder / "X_tf" / "ztfr.h5")


def test_a_form_that_has_all_bands_is_taken(tmp_path):
    folder = surrogate(tmp_path, "X/ps1__g.joblib", "X/ztfr.joblib", "X_tf/ztfr.h5")
    assert place.surrogate(folder, "X", ["ps1::g", "ztfr"]).form == "sklearn_gp"


def test_bands_that_were_not_trained_are_named(tmp_path):
    with pytest.raises(UnsupportedData, match=r"no surrogate of ztfg$"):
        place.surrogate(surrogate(tmp_path, "X_tf/ztfr.h5"), "X", ["ztfg", "ztfr"])


def test_missing_data_say_where_to_put_them(tmp_path):
    with pytest.raises(Unavailable, match=rf"not in {tmp_path}: put X\.joblib there"):
        place.surrogate(tmp_path, "X", ["ztfr"])
