"""The scheduler ``htcondor`` on a real pool: the contract, and what only the real thing shows."""

from pathlib import Path

import pytest
from contract import SchedulerContract

from nmma_fitter.schedulers.htcondor import HTCondorScheduler

pytestmark = pytest.mark.htcondor


def scheduler_of(tmp_path: Path, **settings: object) -> HTCondorScheduler:
    return HTCondorScheduler(tmp_path / "state" / "htcondor", **settings)


class TestContract(SchedulerContract):
    unknown_id = "999999.0"
    seconds = 60.0

    @pytest.fixture
    def scheduler(self, htcondor, tmp_path) -> HTCondorScheduler:
        return scheduler_of(tmp_path, warning_seconds=0, grace_seconds=5)
