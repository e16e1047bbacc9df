"""The tick's lock, between real processes."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from nmma_fitter.engine.lock import OverTime, TickLock
from nmma_fitter.errors import LockHeld

HOLD = """
import sys, time
from pathlib import Path
from nmma_fitter.engine.lock import TickLock
with TickLock(Path(sys.argv[1]), 600).held():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path) -> Iterator[subprocess.Popen]:
    """Another process in its tick; a line to its standard input ends that."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_without_patience_the_holder_is_named_at_once(tmp_path, holder):
    refused = pytest.raises(LockHeld, match=f"pid {holder.pid}")
    with refused as held, TickLock(tmp_path, 600).held():
        pass
    assert held.value.exit_status == 0


def test_with_patience_the_end_of_the_others_tick_is_waited_for_and_said(tmp_path, holder):
    said = []

    def tell(text):
        said.append(text)
        holder.stdin.write("go\n")

    with TickLock(tmp_path, 600).held(600, tell):
        assert holder.wait(600) == 0
    assert len(said) == 1 and "waiting up to 600 s" in said[0]


def test_patience_ends(tmp_path, holder):
    refused = pytest.raises(OverTime, match="try again later")
    with refused as held, TickLock(tmp_path, 600).held(0.3):
        pass
    assert held.value.exit_status == 75


def test_a_killed_holder_leaves_the_lock_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with TickLock(tmp_path, 600).held():
        pass
