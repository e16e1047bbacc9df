"""What the installed NMMA does wrong, as it comes: run by its own interpreter, told as JSON.

    python -P faults_inside.py FOLDER_OF_THE_REPAIRS ANSWER.json

Each function is one fault. `faults` of the answer holds what each one returned, or its error.
"""

import json
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

sys.path.insert(0, sys.argv[1])

import nmma_repairs

BANDS = {
    **{"ztfg": 4813.95, "ztfr": 6421.81, "ztfi": 7883.03, "sdssg": 4717.60},
    **{"ps1::z": 8679.47, "ps1::y": 9633.25, "2massj": 12410.29},
}
PRIORS = {
    "log10_Menv": "Uniform(minimum=-3., maximum=0.)",
    "log10_Renv": "Uniform(minimum=11., maximum=14.)",
    "log10_Ee": "Uniform(minimum=48., maximum=52.)",
    "luminosity_distance": "LogUniform(minimum=10., maximum=1000.)",
    "timeshift": "Uniform(minimum=-1., maximum=-0.1)",
}
POINT = {
    **{"log10_Menv": -1.0, "log10_Renv": 13.0, "log10_Ee": 50.0},
    **{"luminosity_distance": 100.0, "timeshift": -0.5},
}
ROWS = ((60000.5, "ztfg", 18.0, 0.1), (60001.5, "ztfr", 18.5, 0.1), (60002.0, "ztfg", 19.0, 0.1))
LIMIT = (60000.2, "ztfr", 21.0, np.inf)


def options(rows=ROWS, priors=PRIORS, more=(), trigger="60000.0"):
    """NMMA's options for a light curve and priors."""
    from nmma.em.em_parsing import multi_wavelength_analysis_parser, parsing_and_logging

    folder = Path(tempfile.mkdtemp(dir=WORK))
    lines = [" ".join(map(str, row)) for row in rows]
    (folder / "data.dat").write_text("\n".join(lines) + "\n")
    (folder / "p.prior").write_text("".join(f"{k} = {v}\n" for k, v in priors.items()))
    words = ["--em-model", "Piro2021", "--light-curve-data", str(folder / "data.dat")]
    words += ["--prior", str(folder / "p.prior"), "--trigger-time", trigger]
    words += ["--outdir", str(folder / "out"), *more]
    return parsing_and_logging(multi_wavelength_analysis_parser, words)


def set_up(*arguments, **named):
    """NMMA's priors and likelihood."""
    from nmma.em import analysis

    priors, likelihood, _ = analysis.analysis_setup(options(*arguments, **named))
    return priors, likelihood


def error_of(call):
    """Name and text of the error that a call ends in; None when it does not."""
    try:
        call()
    except (Exception, SystemExit) as error:  # pymultinest leaves
        return f"{type(error).__name__}: {error}"
    return None


def wavelengths():
    return nmma_repairs.pairing(list(BANDS))


def bandpasses_loaded():
    with nmma_repairs._stand_ins() as names:
        from nmma.em import utils

        utils.get_default_filts_lambdas(["ztfg"])
    return len(names) - 1


def supernova():
    from nmma.em import model

    light = model.SupernovaLightCurveModel(model="nugent-hyper", filters=["ztfg"])
    peaks = {}
    for name, point in {
        "as it is": {"luminosity_distance": 100.0},
        "a magnitude fainter": {"luminosity_distance": 100.0, "supernova_mag_boost": 1.0},
        "ten times as far": {"luminosity_distance": 1000.0},
    }.items():
        light.redshift_func = lambda parameters: 0.0
        _, curves = light.gen_detector_lc(dict(point))
        peaks[name] = float(np.nanmin(curves["ztfg"]))
    return peaks


def distance_from_zero():
    priors = PRIORS | {"luminosity_distance": "Uniform(minimum=0., maximum=1000.)"}
    return error_of(lambda: set_up(priors=priors))


def time_shift_past_first_time():
    priors = PRIORS | {"timeshift": "Uniform(minimum=-1., maximum=0.5)"}
    return error_of(lambda: set_up(priors=priors))


def band_with_limits_only():
    return error_of(lambda: set_up(rows=(ROWS[0], ROWS[2], LIMIT)))


def no_error_budget():
    rows = (*ROWS, LIMIT)
    found = {}
    for budget in ("0", "0.01"):
        _, likelihood = set_up(rows=rows, more=["--em-error-budget", budget])
        found[budget] = float(likelihood.log_likelihood(dict(POINT)))
    return found


def redshift_without_distance():
    priors = {k: v for k, v in PRIORS.items() if k != "luminosity_distance"}
    point = {k: v for k, v in POINT.items() if k != "luminosity_distance"} | {"redshift": 0.1}
    _, likelihood = set_up(priors=priors | {"redshift": "Uniform(minimum=0.05, maximum=0.2)"})
    likelihood.log_likelihood(dict(point))
    return float(likelihood.sub_model.light_curve_model.luminosity_distance)


def redshift_with_hubble_constant():
    """The remedy: then the distance follows."""
    from nmma.core.base import check_priors_and_likelihood_for_nmma

    priors = {k: v for k, v in PRIORS.items() if k != "luminosity_distance"}
    priors |= {"redshift": "Uniform(minimum=0.05, maximum=0.2)"}
    priors |= {"Hubble_constant": "DeltaFunction(peak=67.66, name='Hubble_constant')"}
    found, likelihood = set_up(priors=priors)
    check_priors_and_likelihood_for_nmma(found, likelihood)
    point = {k: v for k, v in POINT.items() if k != "luminosity_distance"}
    likelihood.log_likelihood(point | {"redshift": 0.1, "Hubble_constant": 67.66})
    return float(likelihood.sub_model.light_curve_model.luminosity_distance)


def trigger_in_iso():
    from nmma.core.utils import read_trigger_time

    return error_of(
        lambda: read_trigger_time(None, options(trigger="2023-02-25T00:00:00"))
    ) or float(read_trigger_time(None, options(trigger="2023-02-25T00:00:00")))


def options_handed_on():
    """What of the sampler's options reaches it."""
    from nmma.core import base

    seen = {}

    class Enough(Exception):
        pass

    def run_sampler(*_, **named):
        seen.update(named)
        raise Enough

    original, base.run_sampler = base.run_sampler, run_sampler
    more = ["--sampler", "dynesty", "--dlogz", "7", "--walks", "3", "--naccept", "5"]
    chosen = options(more=[*more, "--check-point-delta-t", "17"])
    try:
        base.bilby_sampling(None, None, chosen)
    except Enough:
        pass
    finally:
        base.run_sampler = original
    return {name: repr(value) for name, value in seen.items()}


def default_sampler():
    return {"name": options().sampler, "import": error_of(_import_multinest)}


def _import_multinest():
    import pymultinest  # noqa: F401


def seeds():
    """Evidence of the same little problem with one seed, twice, as it comes and repaired."""
    from nmma.core import base

    found = {"as it comes": [_evidence(base), _evidence(base)]}
    nmma_repairs._seed_and_keep({"seed": 5})
    found["repaired"] = [_evidence(base), _evidence(base)]
    return found


def _evidence(base, folder=None):
    import bilby

    folder = folder or Path(tempfile.mkdtemp(dir=WORK))
    priors = bilby.core.prior.PriorDict({n: bilby.core.prior.Uniform(-5, 5, n) for n in "xy"})
    result = base.run_sampler(
        bell(), priors, sampler="dynesty", nlive=50, outdir=str(folder), label="l", seed=5,
        queue_size=1, check_point_plot=False, save="json", print_method="interval-600",
        sample="unif", bound="single",
    )  # fmt: skip
    return float(result.log_evidence)


def stale_result():
    """Of a wholly different problem under the same label and folder."""
    from nmma.core import base

    folder = Path(tempfile.mkdtemp(dir=WORK))
    first = _evidence(base, folder)
    stored = json.loads((folder / "l_result.json").read_text())
    stored["log_evidence"] = 123.0
    (folder / "l_result.json").write_text(json.dumps(stored))
    return {"first": first, "again": _evidence(base, folder)}


def bell():
    import bilby

    class Bell(bilby.Likelihood):
        def log_likelihood(self, parameters):
            return -0.5 * (parameters["x"] ** 2 + parameters["y"] ** 2)

        def noise_log_likelihood(self):
            return 0.0

    return Bell()


def blackbody():
    return nmma_repairs._radiates_too_little({})


def afterglow_redshift():
    return nmma_repairs._counts_redshift_twice({"wavelengths": {"ztfg": BANDS["ztfg"]}})


def repaired():
    """The same questions once the repairs are made: none may say that there is a fault."""
    from nmma.em import model

    answers = {}
    nmma_repairs._radiate_pi({})
    answers["blackbody"] = nmma_repairs._radiates_too_little({})
    nmma_repairs._count_redshift_once({})
    answers["afterglow_redshift"] = afterglow_redshift()
    nmma_repairs._leave_times_alone({})
    answers["time_shift"] = time_shift_past_first_time()
    answers["band_with_limits_only"] = band_with_limits_only()
    nmma_repairs._give_limits_an_error({"limit_error": 0.22})
    answers["no_error_budget"] = no_error_budget()
    if SUPERNOVA:
        nmma_repairs.repair_supernova()
        answers["supernova"] = supernova()
        answers["class"] = model.SupernovaLightCurveModel.__name__
    return answers


FIRST = (wavelengths, bandpasses_loaded)
REST = (
    *(distance_from_zero, time_shift_past_first_time, band_with_limits_only, no_error_budget),
    *(redshift_without_distance, redshift_with_hubble_constant, trigger_in_iso),
    *(options_handed_on, default_sampler, stale_result, seeds, blackbody, afterglow_redshift),
)
WORK = tempfile.mkdtemp()
SUPERNOVA = "supernova" in sys.argv


def main():
    found = {}
    questions = [*FIRST, *REST, *([supernova] if SUPERNOVA else []), repaired]
    for question in questions:
        if question is REST[0]:  # nothing else runs without a network
            nmma_repairs.use_wavelengths(BANDS)
        try:
            found[question.__name__] = question()
        except Exception:
            found[question.__name__] = {"failed": traceback.format_exc()[-2000:]}
    Path(sys.argv[2]).write_text(json.dumps({"faults": found, "versions": versions()}))


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("nmma", "bilby", "dynesty")}


if __name__ == "__main__":
    main()
