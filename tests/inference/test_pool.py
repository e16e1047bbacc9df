"""Processes that evaluate points: the same values as one process, and no point can hang a fit."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_until

from nmma_fitter.errors import NmmaFitterError
from nmma_fitter.inference.pool import evaluation_pool
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_importance


def test_a_killed_worker_is_told_and_does_not_hang():
    def suicide(cube):
        os.kill(os.getpid(), signal.SIGKILL)
        return cube[:, 0]

    with (
        pytest.raises(NmmaFitterError, match="memory"),
        evaluation_pool(suicide, cores=2, chunk=5) as evaluate,
    ):
        evaluate(np.zeros((10, 2)))


def test_workers_leave_the_batch_systems_signals_to_their_parent():
    def signalled(cube):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGUSR1)
        return cube[:, 0]

    with evaluation_pool(signalled, cores=2, chunk=5) as evaluate:
        assert evaluate(np.ones((10, 2))).tolist() == [1.0] * 10


def stuck_above(bound):
    def evaluate(cube):
        if (cube[:, 0] > bound).any():
            time.sleep(60)
        return 2 * cube[:, 0]

    return evaluate


@pytest.mark.parametrize("cores", [1, 2])
def test_a_point_that_runs_away_is_ended_and_the_others_keep_their_values(cores):
    cube = np.array([0.1, 0.2, 0.95, 0.3, 0.4, 0.5, 0.6])[:, None]
    away = []
    with evaluation_pool(stuck_above(0.9), cores, 3, 0.3, away.append) as evaluate:
        found = evaluate(cube)
        assert evaluate(cube[:2]).tolist() == [0.2, 0.4]  # it goes on after that
    assert [point.tolist() for point in away] == [[0.95]]
    assert np.isnan(found[2])
    assert np.delete(found, 2).tolist() == (2 * np.delete(cube[:, 0], 2)).tolist()
    assert not multiprocessing.active_children()


def test_without_a_single_value_there_is_no_going_on():
    with (
        pytest.raises(NmmaFitterError, match="each of 2 evaluations took more"),
        evaluation_pool(stuck_above(0.0), 1, 2, 0.1) as evaluate,
    ):
        evaluate(np.ones((2, 1)))


def test_an_error_in_a_worker_is_raised_here():
    def broken(cube):
        raise ValueError("no such band")

    with (
        pytest.raises(ValueError, match="no such band"),
        evaluation_pool(broken, 2, 5) as evaluate,
    ):
        evaluate(np.ones((10, 2)))


def test_a_corner_that_runs_away_is_in_the_result(caplog):
    def log_likelihood(parameters):
        if (parameters["a"] > 0.9998).any():
            time.sleep(60)
        return -50 * (parameters["a"] - 0.5) ** 2 - 50 * (parameters["b"] - 0.5) ** 2

    priors = load_priors("a = Uniform(0, 1)\nb = Uniform(0, 1)\n")
    settings = SamplerSettings(seed=9, n_effective=500, limit=0.1)
    found = run_importance(log_likelihood, priors, settings)
    assert found.converged
    assert found.run_away
    assert all(point["a"] > 0.9998 for point in found.run_away)
    assert found.n_invalid == len(found.run_away)
    assert "ran away" in caplog.text


def test_workers_do_not_outlive_a_parent_that_is_killed():
    program = """
import os, sys, time
import numpy as np
from nmma_fitter.inference.pool import evaluation_pool
with evaluation_pool(lambda cube: np.full(len(cube), os.getpid()), 2, 1) as evaluate:
    print(*set(evaluate(np.ones((8, 1))).astype(int)), flush=True)
    time.sleep(3600)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert workers
    wait_until(lambda: not any(map(alive, workers)))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
