from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import Measured
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import apply_measured, log_prior, sampled_keys, transform

TEXT = """# a comment
luminosity_distance = Uniform(name='luminosity_distance', minimum=10, maximum=500)
inclination_EM = Sine(minimum=0., maximum=np.pi / 2, latex_label=r'$\\iota$')  # rad

timeshift = bilby.core.prior.Uniform(minimum=-2, maximum=-1e-3)
b = 6
spread = DeltaFunction(peak=-2 ** 3)
"""


def test_a_file_is_read_with_its_expressions(tmp_path):
    path = tmp_path / "a.prior"
    path.write_text(TEXT)
    priors = load_priors(path)
    assert sampled_keys(priors) == ("luminosity_distance", "inclination_EM", "timeshift")
    assert priors["inclination_EM"].maximum == np.pi / 2
    assert (priors["b"].peak, priors["spread"].peak) == (6.0, -8.0)


def test_what_is_read_is_what_bilby_reads(tmp_path):
    from bilby.core.prior import PriorDict

    path = tmp_path / "a.prior"
    path.write_text(
        "a = Uniform(minimum=-5, maximum=0, name='a', latex_label='$a$', unit='d')\n"
        "b = LogUniform(minimum=1e-3, maximum=1e2, name='b')\n"
        "c = TruncatedGaussian(mu=1, sigma=2, minimum=0, maximum=9, name='c')\n"
    )
    assert dict(load_priors(path)) == dict(PriorDict(filename=str(path)))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a = __import__('os').system('touch pwned')", "not allowed"),
        ("a = Uniform(minimum=__import__('os').getpid(), maximum=1)", "not allowed"),
        ("a = Uniform(minimum=0, maximum=open('x').fileno())", "not allowed"),
        ("a = Uniform(**{'minimum': 0})", r"\*\*"),
        ("a = Uniform(*[0, 1])", "not allowed"),
        ("a = os.system('touch pwned')", "not allowed"),
        ("a = evil.module.Uniform(minimum=0, maximum=1)", "not allowed"),
        ("a = FromFile(file_name='/etc/passwd')", "not allowed"),
        ("a = Constraint(minimum=0, maximum=1)", "leave it out"),
        ("a = [x for x in (1,)]", "not allowed"),
        ("a = (lambda: 1)()", "not allowed"),
        ("a = f'{1}'", "not allowed"),
        ("a = 9 ** 9 ** 9 ** 9", "arithmetic"),
        ("a = 1 / 0", "arithmetic"),
        ("a = (-1) ** 0.5", "arithmetic"),
        ("a = 'text'", "neither a number nor a prior"),
        ("a = nan", "not allowed"),
        ("a = np.inf", "finite|refused"),
        ("a; import os", "cannot be read|not 'name = prior'"),
        ("import os", "not 'name = prior'"),
        ("a = 1; b = 2", "not 'name = prior'"),
        ("a.b = 1", "not 'name = prior'"),
        ("a = Uniform(minimum=0, maximum=1", "cannot be read"),
        ("a = " + "(" * 500, "cannot be read"),
        ("a = " + "-" * 15_000 + "1", "."),
        ("a = " + "1" * 30_000, "longer than"),
        ("a\0 = 1", "cannot be read"),
        ("a = Uniform(minimum=1, maximum=0)", "refused by bilby"),
        ("a = Uniform(minimum=np.inf - np.inf, maximum=1)", "finite"),
        ("a = Uniform(minimum=1, maximum=1)", "no width|refused"),
        ("a = Uniform(minimum=0)", "refused by bilby"),
        ("a = Uniform(minimum=0, maximum=1, colour=2)", "refused by bilby"),
        ("a = Gaussian(mu='x', sigma=1)", "refused by bilby"),
        ("a = Uniform(minimum=0, maximum=np.inf)", "finite|refused"),
    ],
)
def test_hostile_or_wrong_lines_are_refused_with_their_number(line, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.prior"
    path.write_text(f"good = 1\n{line}\n")
    with pytest.raises(BadInput, match=words) as caught:
        load_priors(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.prior"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("xx=[0, 0.57], yy=[1, 0]", "use Uniform"),
        ("xx=[0, 0.5, 1], yy=[2, 1, 0]", "more points"),
        ("xx=[0, 0, 1], yy=[2, 1, 0]", "rising"),
        ("xx=[0, 1, 2], yy=[0, 0, 0]", "more points"),
    ],
)
def test_a_table_that_would_not_be_sampled_as_declared_is_refused(table, words):
    with pytest.raises(BadInput, match=words):
        load_priors(f"Ebv = Interped(name='Ebv', minimum=0, maximum=1, {table})")


def test_a_fine_table_is_sampled_as_declared():
    x = np.linspace(0, 1, 101)
    priors = load_priors(
        f"a = Interped(xx={x.tolist()}, yy={(1 - x).tolist()}, minimum=0, maximum=1)"
    )
    drawn = transform(priors, np.random.default_rng(1).random((20_000, 1)))["a"]
    assert kstest(drawn, lambda v: 1 - (1 - v) ** 2).pvalue > 1e-3


def test_a_parameter_set_twice_is_refused():
    with pytest.raises(BadInput, match="twice"):
        load_priors("a = 1\na = 2\n")


def test_an_empty_file_and_a_missing_one_are_refused(tmp_path):
    empty = tmp_path / "e.prior"
    empty.write_text("# nothing\n")
    with pytest.raises(BadInput, match="no prior"):
        load_priors(empty)
    with pytest.raises(BadInput, match="No such file"):
        load_priors(tmp_path / "none.prior")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    binary = tmp_path / "b.prior"
    binary.write_bytes(b"\xff\xfe\x00=")
    with pytest.raises(BadInput, match="UTF-8"):
        load_priors(binary)


def test_a_redshift_replaces_the_distance():
    priors = apply_measured(load_priors(TEXT), Measured(value=0.02, error=0.001), None)
    assert "luminosity_distance" not in priors and priors["redshift"].minimum > 0


def test_a_distance_without_error_is_fixed_and_stays_beside_a_redshift():
    priors = apply_measured(load_priors(TEXT), Measured(value=0.02), Measured(value=90.0))
    assert (priors["luminosity_distance"].peak, priors["redshift"].peak) == (90.0, 0.02)


def test_a_measured_distance_is_a_gaussian_cut_at_zero():
    priors = apply_measured(load_priors(TEXT), None, Measured(value=40.0, error=30.0))
    cube = np.random.default_rng(2).random((20_000, len(sampled_keys(priors))))
    drawn = transform(priors, cube)["luminosity_distance"]
    assert drawn.min() > 0
    assert kstest(drawn, truncnorm(-40 / 30, np.inf, loc=40, scale=30).cdf).pvalue > 1e-3


def test_the_given_priors_stay_as_they_were():
    priors = load_priors(TEXT)
    apply_measured(priors, Measured(value=0.02), None)
    assert "luminosity_distance" in priors


def test_many_points_are_transformed_as_bilby_does_one():
    priors = load_priors(TEXT)
    cube = np.random.default_rng(3).random((50, 3))
    got = transform(priors, cube)
    assert set(got) == set(priors) and all(v.shape == (50,) for v in got.values())
    for i in (0, 49):
        want = priors.rescale(list(sampled_keys(priors)), cube[i])
        np.testing.assert_allclose([got[k][i] for k in sampled_keys(priors)], want)


def test_the_prior_density_is_bilbys():
    priors = load_priors(TEXT)
    points = transform(priors, np.random.default_rng(4).random((5, 3)))
    one = {k: points[k][2] for k in sampled_keys(priors)}
    assert log_prior(priors, points)[2] == pytest.approx(
        sum(priors[k].ln_prob(one[k]) for k in one)
    )
