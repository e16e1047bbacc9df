"""Asking a pool: each call a process of its own, with a time limit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from nmma_fitter.errors import ConfigError, SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.commands import run
from nmma_fitter.schedulers.environment import build_environment
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings

CALL = ("-P", "-m", "nmma_fitter.schedulers.htcondor_call")
# How the bindings find the pool and prove who asks.
_REACH_POOL = ("CONDOR_CONFIG", "KRB5CCNAME", "BEARER_TOKEN", "BEARER_TOKEN_FILE")
_REACH_PREFIX = "_CONDOR_"
# The submitter's temporary folder need not be on the node, which gives each job one of its own.
_LEFT_OUT = ("TMPDIR",)


class Pool:
    """The pool that the settings mean.

    Raises
    ------
    ConfigError
        HTCondor's bindings are not installed.
    """

    def __init__(self, settings: HTCondorSettings) -> None:
        if find_spec("htcondor2") is None:
            raise ConfigError(
                "scheduler 'htcondor' needs HTCondor's Python bindings, version 2; install them: "
                "pip install 'nmma-fitter[htcondor]'"
            )
        self._settings = settings

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        """Make one call of `htcondor_call` and return what was said.

        Raises
        ------
        SchedulerError
            A clear no.
        SchedulerUnknown
            No answer, or none that is clear.
        """
        where = {"pool": self._settings.pool, "schedd": self._settings.schedd}
        stdin = json.dumps({**where, **request}).encode()
        command, environment = (sys.executable, *CALL, verb), pool_environment(os.environ)
        said = run(command, self._settings.command_seconds, environment, stdin)
        try:
            answer = json.loads(said.out.splitlines()[-1]) if said.status == 0 else {}
        except (ValueError, IndexError):
            answer = {}
        if "said" in answer:
            return dict(answer["said"])
        if "error" not in answer:
            raise SchedulerUnknown(f"HTCondor, {verb}: {said.message}")
        error = SchedulerError if answer.get("refused") else SchedulerUnknown
        raise error(f"HTCondor, {verb}: {_line(str(answer['error']))}")


def pool_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Environment of a call."""
    reach = {
        name: value
        for name, value in source.items()
        if name in _REACH_POOL or name.startswith(_REACH_PREFIX)
    }
    return {**build_environment(source), **reach}


def job_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Environment of a job, besides what the node sets."""
    environment = build_environment(source)
    return {name: value for name, value in environment.items() if name not in _LEFT_OUT}


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:500]
