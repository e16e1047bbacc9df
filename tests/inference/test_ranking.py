from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from nmma_fitter.errors import RankingRefused
from nmma_fitter.inference.ranking import NO_MODEL, NotRanked, as_table, from_json, rank
from nmma_fitter.inference.summary import Quality, Summary

QUALITY = Quality(3, 1, 5.0, 2.0, 0.2, 0, 0.4, 3.2, None)

ERROR = " (systematic error of 1 mag)"


def fit(model, log_z, *, err=0.05, p=0.4, **changes):
    summary = Summary(
        object_name="ZTF22aaajecp",
        model=model,
        kind="kilonova",
        data_digest="a" * 64,
        comparability={"trigger_mjd": 59000.5, "sys_error[ztfg]": 1.0, "truncate": False},
        quality=replace(QUALITY, p_value=p),
        log_z=log_z,
        log_z_err=err,
        converged=True,
        reason="",
        evaluations=9000,
        seconds=4.0,
    )
    return replace(summary, **changes)


def test_the_highest_evidence_comes_first_with_odds_and_errors():
    ranking = rank([fit("B", -12.0, err=0.04), fit("A", -10.0, err=0.03)])
    best, second = ranking.ranked
    assert (best.model, best.log_bayes, best.log_bayes_err) == ("A", 0.0, 0.0)
    assert second.log_bayes == -2.0 and second.log_bayes_err == pytest.approx(0.05)
    assert best.probability == pytest.approx(1 / (1 + math.exp(-2)))
    assert best.probability + second.probability == pytest.approx(1)
    assert ranking.headline == "A, kilonova, describes it best" + ERROR


def test_the_order_given_does_not_matter():
    fits = [fit("A", -3.0), fit("B", -1.0), fit("C", -1.0)]
    assert rank(fits) == rank(fits[::-1])


def test_evidence_far_apart_does_not_overflow():
    assert [r.probability for r in rank([fit("A", 0.0), fit("B", -1e5)]).ranked] == [1.0, 0.0]


def test_models_a_bare_mention_apart_are_named_together():
    headline = rank([fit("A", -10.0), fit("B", -10.8), fit("C", -15)]).headline
    assert headline == "A, kilonova, and B, kilonova, describe it about equally well" + ERROR


def test_nothing_that_describes_it_is_said_first():
    ranking = rank([fit("A", -100, p=0.001), fit("B", -90, p=0.0)])
    assert ranking.headline == NO_MODEL
    assert as_table(ranking).splitlines()[0] == f"ZTF22aaajecp: {NO_MODEL}"
    assert [r.model for r in ranking.ranked] == ["B", "A"]


def test_a_model_with_more_evidence_that_does_not_describe_it_is_not_hidden():
    headline = rank([fit("A", -10, p=0.001), fit("B", -12)]).headline
    assert headline == "B, kilonova, describes it; A, kilonova, with more evidence does not" + ERROR


def test_the_rule_is_a_hundredth():
    assert rank([fit("A", -1, p=0.01)]).ranked[0].describes
    assert not rank([fit("A", -1, p=0.0099)]).ranked[0].describes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_digest": "b" * 64}, "not the same data"),
        ({"comparability": {"trigger_mjd": 59001.5}}, "trigger_mjd is 59000.5 and 59001.5"),
        ({"comparability": {}}, r"sys_error\[ztfg\] is 1.0 and not set"),
    ],
)
def test_fits_that_did_not_see_the_same_are_refused_with_the_difference(change, words):
    with pytest.raises(RankingRefused, match=words):
        rank([fit("A", -1), fit("B", -2, **change)])


def test_a_model_given_twice_is_refused():
    with pytest.raises(RankingRefused, match="A is given twice"):
        rank([fit("A", -1), fit("A", -2)])


def test_fits_that_did_not_converge_stand_beside_and_are_not_compared():
    bad = fit("B", -1.0, converged=False, reason="effective sample size 12 of 2000")
    worse = fit("C", math.nan, data_digest="b" * 64)
    ranking = rank([fit("A", -2), bad, worse], [NotRanked("D", "running", "running")])
    assert [r.model for r in ranking.ranked] == ["A"]
    assert [(o.model, o.reason) for o in ranking.others] == [
        ("B", "not_converged"),
        ("C", "not_converged"),
        ("D", "running"),
    ]


def test_nothing_fitted_is_a_ranking_too():
    ranking = rank([], [NotRanked("A", "failed", "timeout", "after 2 h")], object_name="ZTF1")
    assert as_table(ranking) == "ZTF1: no model was fitted\nA  failed (timeout): after 2 h"


def test_json_is_strict_and_comes_back():
    ranking = rank([fit("A", -1), fit("B", -2)], [NotRanked("C", "skipped", "unavailable")])
    text = ranking.to_json()
    stored = json.loads(text, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert "0.01" in stored["describes_if"]
    assert from_json(text) == ranking


def test_the_table_is_aligned_plain_text():
    lines = as_table(rank([fit("A", -1.0), fit("LongerModel", -102.5)])).splitlines()
    assert lines[1:4] == [
        "model                            ln Z     ln B  prob.  p-value  describes",
        "A, kilonova              -1.00 ± 0.05     0.00  1.000    0.400        yes",
        "LongerModel, kilonova  -102.50 ± 0.05  -101.50  0.000    0.400        yes",
    ]
    assert "\x1b" not in "\n".join(lines)


def test_the_table_says_with_what_error_a_model_describes():
    one = fit("A", -1.0)
    shared = {"sys_error[ztfg]": 0.3, "sys_error[ztfr]": 1.0}
    table = as_table(rank([replace(one, comparability={**one.comparability, **shared})]))
    assert "describes: p-value of at least 0.01, with a systematic error of 0.3 to 1 mag" in table


def test_the_table_fits_into_80_columns_whatever_models_are_called():
    names = [
        "Piro2021",
        "Me2017+TrPi2018+AnotherOfNmmas",
        "a_name_of_forty_letters_without_a_break",
    ]
    fits = [fit(name, -1000.0 - 100 * place) for place, name in enumerate(names)]
    fits[0] = replace(fits[0], kind="shock cooling")
    lines = as_table(rank(fits)).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Piro2021, shock cooling  ") for line in lines)


def test_a_models_own_error_does_not_forbid_the_comparison():
    own = {"comparability": {**fit("B", -2).comparability, "model_error": 0.3}}
    for order in ([fit("A", -1), fit("B", -2, **own)], [fit("B", -2, **own), fit("A", -1)]):
        ranking = rank(order)
        assert [one.model for one in ranking.ranked] == ["A", "B"]
        assert ranking.comparability == fit("A", -1).comparability
