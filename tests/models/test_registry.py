from __future__ import annotations

import subprocess
import sys

import pytest

from nmma_fitter import models
from nmma_fitter.errors import BadInput


def test_names() -> None:
    formulas = {"Me2017", "Piro2021", "TrPi2018", "Arnett1982", "nugent-hyper"}
    assert set(models.names()) >= formulas | {"Bu2019lm", "Bu2025", "Ka2017"}


def test_unknown_model_lists_the_closest_first() -> None:
    with pytest.raises(BadInput, match=r"unknown model 'piro2012' .did you mean 'Piro2021'"):
        models.get("piro2012")


def test_unknown_option_lists_the_known() -> None:
    with pytest.raises(BadInput, match=r"unknown option of TrPi2018 'jets' .did you mean 'jet'"):
        models.get("TrPi2018", jets="tophat")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("TrPi2018", {"jet": "banana"}),
        ("Me2017", {"integrator": "euler"}),
        ("Piro2021", {"normalisation": "pi"}),
    ],
)
def test_bad_option_value_is_refused(name: str, options: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="none of"):
        models.get(name, **options)


def test_importing_the_models_loads_nothing_heavy() -> None:
    code = (
        "import sys, nmma_fitter.models; "
        "print([m for m in ('afterglowpy', 'sncosmo', 'astropy', 'bilby', 'scipy') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.strip() == "[]"
