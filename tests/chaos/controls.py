"""Positive controls: what the poller is protected by is taken from it, in the test's process only.

A harness that reports no doubles and no losses proves something only if it reports them then.
"""

from __future__ import annotations

from typing import Any

from nmma_fitter.engine import sentinel, witness
from nmma_fitter.engine.ledger import AttemptRow, Ledger, UnitRow
from nmma_fitter.engine.sentinel import SentinelState
from nmma_fitter.engine.unit import Unit
from nmma_fitter.engine.witness import Witness
from nmma_fitter.schedulers.base import Answer, JobState, JobStatus


def apply(name: str | None) -> None:
    """Take a protection away for the rest of this process's life."""
    if name == "adoption":
        sees = witness._witness

        def blind(
            ledger: Ledger, row: UnitRow, attempt: AttemptRow | None, answer: Answer
        ) -> Witness:
            if attempt is None or attempt.job_id is not None:
                return sees(ledger, row, attempt, answer)
            return Witness(attempt, JobStatus(JobState.ABSENT), [])

        # A job whose id was not learnt at its submit never was, whatever queue and runs say.
        witness._witness = blind
        witness._learn_ids = lambda *_: None
    elif name == "sentinel":
        sentinel.read_sentinel = _nothing_is_believed
    elif name == "intents":
        from nmma_fitter.delivery.slack.record import Entry, Record

        remembers = Record.get

        def forgetful(record: Record, key: str) -> Entry | None:
            entry = remembers(record, key)
            return entry if entry is not None and (entry.ref or entry.taken) else None

        # What was about to be posted when the poller died, or no answer came, is posted again.
        Record.get = forgetful  # type: ignore[method-assign]


def _nothing_is_believed(unit: Unit, *, deep: bool = True) -> tuple[SentinelState, dict[str, Any]]:
    return SentinelState.NONE, {}
