"""Tests that root must not run, run by a pytest of an ordinary user's, and reported here.

In the ordinary user's process this module is a plugin that writes each report as a line of JSON to
the file descriptor ``NMMA_FITTER_REPORTS``; `Elsewhere` is the side that reads them.
"""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ordinary_user import ordinary_user

VARIABLE = "NMMA_FITTER_REPORTS"
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "elsewhere", "--color=no")


class Elsewhere:
    """One pytest of an ordinary user's for all the tests that need it.

    Parameters
    ----------
    config : pytest.Config
    tests : sequence of str
        Their node ids.
    """

    def __init__(self, config: pytest.Config, tests: Sequence[str]) -> None:
        self._config = config
        self._stack = ExitStack()
        self._told: dict[str, list[pytest.TestReport]] = defaultdict(list)
        user = self._stack.enter_context(ordinary_user())
        self._log = user.folder / "pytest.out"
        reading, writing = os.pipe()
        user.environment.update({VARIABLE: str(writing), "PYTHONPATH": str(Path(__file__).parent)})
        refuse = "--fail-on-unlisted-skip"
        options = [*OPTIONS, *([refuse] if config.getoption(refuse) else [])]
        with self._log.open("wb") as log:
            self._process = user.start(
                "-m", "pytest", *options, *tests, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(writing,),
            )  # fmt: skip
        os.close(writing)
        self._lines = os.fdopen(reading)

    def reports(self, test: str) -> Iterator[pytest.TestReport]:
        """What came of one test: its set-up, itself, its tear-down."""
        while not any(report.when == "teardown" for report in self._told[test]):
            line = self._lines.readline()
            if not line:
                raise RuntimeError(f"no report of {test}:\n{self._log.read_text()[-5000:]}")
            hook = self._config.hook
            report = hook.pytest_report_from_serializable(
                config=self._config, data=json.loads(line)
            )
            self._told[report.nodeid].append(report)
        yield from self._told.pop(test)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._lines.close()
        self._stack.close()


class Reporter:
    """Writes the reports of this process."""

    def __init__(self, config: pytest.Config, descriptor: int) -> None:
        self._config = config
        self._file = os.fdopen(descriptor, "w")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write one."""
        hook = self._config.hook
        data: Any = hook.pytest_report_to_serializable(config=self._config, report=report)
        self._file.write(json.dumps(data) + "\n")
        self._file.flush()


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin of the ordinary user's pytest: begin to report."""
    if VARIABLE in os.environ:
        config.pluginmanager.register(Reporter(config, int(os.environ.pop(VARIABLE))))
