"""What all tests share: which run by default, that none is skipped in silence, their budgets."""

from __future__ import annotations

import fnmatch
from collections import Counter

import pytest

# Minutes that the tests of each marker may take on an idle machine, set-up and tear-down included.
BUDGETS = {
    ("slurm",): 5,
    ("htcondor",): 7,
    ("ssh", "slack", "browser"): 6,
    ("nmma",): 4,
    ("core",): 20,  # everything without one of these markers
}
FAR_OVER = 2.0  # times the budget

# Skips that CI accepts; every other one is a failure there.
LISTED_SKIPS = (
    "NMMA is not installed*",
    "uv is not installed",
    "*../shared/data*",  # real light curves and templates, which not everyone has
    "*../shared/cases*",  # inputs from public reports
    "the weights of [BK]*20* are not here*",  # published surrogates, which are fetched
    "sncosmo's template nugent-hyper is not on this machine*",
)


# What `make test-quick` leaves out: what needs a service, and whole fits, pollers and compilers:
# folders, modules, or tests whose names begin so.
SERVICES = ("slurm", "htcondor", "ssh", "slack", "browser", "nmma")
LONG = (
    "tests/catalogue/test_adding_a_model.py",
    "tests/catalogue/test_check.py",
    "tests/catalogue/test_listing.py",
    "tests/chaos/",
    "tests/delivery/report/",
    "tests/delivery/test_fitted_pictures.py",
    "tests/delivery/test_plots.py",
    "tests/engine/test_job_script.py",
    "tests/engine/test_machine.py",
    "tests/engine/test_shared_script.py",
    "tests/inference/test_alignment.py",
    "tests/inference/test_importance.py",
    "tests/inference/test_nested.py",
    "tests/inference/test_pool.py",
    "tests/models/test_compiled.py",
    "tests/poller/",
    "tests/schedulers/test_local.py",
    "tests/terminal/",
    "tests/test_bridge.py",
    "tests/test_by_hand.py",
    "tests/test_calibrate.py",
    "tests/test_cli.py::test_models_lists",
    "tests/test_delivered_night.py",
    "tests/test_demo.py",
    "tests/test_engines.py",
    "tests/test_fits.py",
    "tests/test_hostile_text.py",
    "tests/test_install.py",
    "tests/test_long_tables.py",
    "tests/test_make_jobs.py",
    "tests/test_mistakes.py::test_a_window_without",
    "tests/test_mistakes.py::test_another_outdir",
    "tests/test_mistakes.py::test_the_ranking_by_hand",
    "tests/test_nmma_comparison.py",
    "tests/test_nmma_fit.py",
    "tests/test_priors_folder.py",
    "tests/test_renamed.py",
    "tests/test_replay_evidence.py",
    "tests/test_resume.py",
    "tests/test_sampler_rows.py",
    "tests/test_secrets.py",
    "tests/test_together.py",
    "tests/test_toy_campaign.py",
    "tests/test_version.py::test_a_result",
    "tests/test_warm_fit.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let CI refuse skips that nobody has listed, and a person run the quick tests."""
    parser.addoption(
        "--quick", action="store_true", help="only tests without a service and without a whole fit"
    )
    parser.addoption(
        "--fail-on-unlisted-skip",
        action="store_true",
        help="fail when a test is skipped for a reason that is not listed in conftest.py",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests out unless a marker or a test is asked for; `--quick` leaves out more."""
    left_out = []
    if config.option.quick:
        left_out = [item for item in items if is_long(item)]
    elif not config.option.markexpr and not any("::" in argument for argument in config.args):
        left_out = [item for item in items if item.get_closest_marker("slow")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def is_long(item: pytest.Item) -> bool:
    """Whether `--quick` leaves a test out."""
    if any(item.get_closest_marker(name) for name in (*SERVICES, "slow")):
        return True
    return item.nodeid.startswith(LONG)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Count the time; turn a skip that is not listed into a failure, where that was asked for."""
    outcome = yield
    report = outcome.get_result()
    count(item, report.duration)
    if not (report.skipped and item.config.getoption("--fail-on-unlisted-skip")):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not any(fnmatch.fnmatchcase(reason, listed) for listed in LISTED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that is not listed in conftest.py: {reason}"


USED = pytest.StashKey[Counter[tuple[str, ...]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[USED] = Counter()


def count(item: pytest.Item, seconds: float) -> None:
    """Add to a test's budget; what is asked for by ``-m slow`` has none."""
    own = {mark.name for mark in item.iter_markers()}
    if "slow" not in own:
        budget = next((names for names in BUDGETS if own & set(names)), ("core",))
        item.config.stash[USED][budget] += seconds


def over_budget(config: pytest.Config, times: float) -> list[tuple[str, ...]]:
    """Budgets exceeded so many times."""
    used = config.stash[USED]
    return [names for names, minutes in BUDGETS.items() if used[names] > times * 60 * minutes]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was used of each budget; that fails nothing, since the machine may be busy."""
    config = terminalreporter.config
    late, far = over_budget(config, 1.0), over_budget(config, FAR_OVER)
    for names, minutes in BUDGETS.items():
        if seconds := config.stash[USED][names]:
            verdict = "  FAR OVER BUDGET" if names in far else "  over" * (names in late)
            line = f"budget {'+'.join(names)}: {seconds / 60:.1f} of {minutes} minutes{verdict}"
            terminalreporter.write_line(line, yellow=bool(verdict))
