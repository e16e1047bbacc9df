"""The private pool itself: it answers, and it leaves nothing behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from daemons import wait_until
from reaper import descendants

pytestmark = pytest.mark.htcondor
HERE = Path(__file__).parent


def test_its_nodes_offer_what_they_were_told_to(htcondor):
    lines = htcondor.run("condor_status", "-af", "Name", "TotalSlotCpus", "TotalSlotMemory")
    assert sorted(line.split()[1:] for line in lines.splitlines()) == [["8", "16000"]] * 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_whoever_holds_it(tmp_path, number):
    holder = subprocess.Popen(
        [sys.executable, str(HERE / "htcondor_pool.py"), str(tmp_path / "pool")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline().startswith("export CONDOR_CONFIG=")
    pids = descendants(holder.pid)
    holder.send_signal(number)
    holder.wait(60)
    holder.stdout.close()
    assert len(pids) > 8
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30, "their end")
