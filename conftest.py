"""What all tests share: which run by default, and that none is skipped in silence."""

from __future__ import annotations

import fnmatch

import pytest

# Skips that CI accepts; every other one is a failure there.
LISTED_SKIPS = (
    "NMMA is not installed*",
    "*../shared/data*",  # real light curves and templates, which not everyone has
    "sncosmo's template nugent-hyper is not on this machine*",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let CI refuse skips that nobody has listed."""
    parser.addoption(
        "--fail-on-unlisted-skip",
        action="store_true",
        help="fail when a test is skipped for a reason that is not listed in conftest.py",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests out unless a marker expression or a test is asked for."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Turn a skip that is not listed into a failure, where that was asked for."""
    outcome = yield
    report = outcome.get_result()
    if not (report.skipped and item.config.getoption("--fail-on-unlisted-skip")):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not any(fnmatch.fnmatchcase(reason, listed) for listed in LISTED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that is not listed in conftest.py: {reason}"
