"""Waiting in a real process that gets real signals."""

import signal
import subprocess
import sys
import time

import pytest

from nmma_fitter.poller.signals import Signals

WAITS = """
import sys, time
from nmma_fitter.poller.signals import Signals
with Signals() as signals:
    print("begins", flush=True)
    if sys.argv[1] == "busy":
        sys.stdin.readline()
    signals.wait(3600)
    print(signals.received.name, flush=True)
"""


def start(mode: str) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begins\n"
    return process


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP"])
def test_a_signal_ends_the_waiting_at_once(name):
    process = start("waiting")
    process.send_signal(signal.Signals[name])
    out, _ = process.communicate(timeout=600)
    assert out == f"{name}\n" and process.returncode == 0


def test_what_is_being_done_is_done_to_its_end_and_then_nothing_is_waited_for():
    process = start("busy")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate("go on\n", timeout=600)
    assert out == "SIGTERM\n"


def test_waiting_ends_when_what_was_waited_for_is_there():
    with Signals() as signals:
        began = time.monotonic()
        signals.wait(600, until=lambda: True)
        signals.wait(0.01)
    assert time.monotonic() - began < 600 and not signals.leaving()


def test_the_handlers_before_it_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with Signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
