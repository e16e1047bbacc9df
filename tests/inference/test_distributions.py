"""Our priors are bilby's, value for value."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter.inference.distributions import OWN, as_bilby_json, prior_class

PRIORS = Path(__file__).parents[2] / "config" / "priors"
CASES = [
    ("Uniform", {"minimum": -5, "maximum": 0, "unit": "d"}),
    ("LogUniform", {"minimum": 10.0, "maximum": 1e4, "latex_label": "$d_L$"}),
    ("Sine", {}),
    ("Sine", {"minimum": 0.0, "maximum": np.pi / 2}),
    ("Cosine", {}),
    ("Cosine", {"minimum": -0.3, "maximum": 0.9, "boundary": "reflective"}),
    ("TruncatedGaussian", {"mu": 40.0, "sigma": 30.0, "minimum": 1e-5, "maximum": 280.0}),
    ("Beta", {"alpha": 1.0, "beta": 2.0, "minimum": 0.0, "maximum": 0.5724}),
    ("Beta", {"alpha": 0.5, "beta": 0.7}),
    ("DeltaFunction", {"peak": 6.0}),
]


def both(name, arguments):
    import bilby.core.prior

    theirs = getattr(bilby.core.prior, name)(name="a", **arguments)
    return OWN[name](name="a", **arguments), theirs


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_it_is_written_as_bilby_writes_it(name, arguments):
    ours, theirs = both(name, arguments)
    assert repr(ours) == repr(theirs)
    assert as_bilby_json(ours) == json.loads(theirs.to_json())
    assert (ours.latex_label, ours.is_fixed) == (theirs.latex_label, theirs.is_fixed)
    assert (ours.minimum, ours.maximum) == (theirs.minimum, theirs.maximum)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_unit_interval_is_mapped_as_bilby_maps_it(name, arguments):
    ours, theirs = both(name, arguments)
    u = np.linspace(0, 1, 101)
    np.testing.assert_allclose(ours.rescale(u), theirs.rescale(u), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "arguments"), [c for c in CASES if c[0] != "DeltaFunction"])
def test_the_density_is_bilbys(name, arguments):
    ours, theirs = both(name, arguments)
    inside = theirs.rescale(np.linspace(0.01, 0.99, 99))
    x = np.concatenate([[theirs.minimum - 0.1], inside, [theirs.maximum + 0.1]])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours.ln_prob(x), theirs.ln_prob(x), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Uniform", {"minimum": 1, "maximum": 1}),
        ("Uniform", {"minimum": 0, "maximum": 1, "boundary": "soft"}),
        ("Beta", {"alpha": 0.0, "beta": 1.0}),
    ],
)
def test_what_bilby_refuses_is_refused(name, arguments):
    with pytest.raises(ValueError):
        OWN[name](**arguments)


def test_arguments_stand_in_bilbys_order():
    assert OWN["Beta"](1, 2, 0, 3, "a").maximum == 3
    assert OWN["TruncatedGaussian"](1, 2, 0, 3, "a").sigma == 2


def test_the_rarer_priors_are_bilbys():
    from bilby.core.prior import Gaussian

    assert prior_class("Gaussian") is Gaussian
    assert as_bilby_json(Gaussian(0, 1))["__name__"] == "Gaussian"


def test_the_shipped_priors_need_no_bilby():
    code = (
        "import sys; from pathlib import Path\n"
        "from nmma_fitter.inference.priors import load_priors\n"
        f"for path in Path({str(PRIORS)!r}).glob('*.prior'): load_priors(path)\n"
        "print({'bilby', 'pandas', 'astropy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr
