"""The one durable record of units, attempts and nights: SQLite with a rollback journal.

Only the holder of the lock opens it. It can be lost: `rebuild.rebuild` makes it again from the work
folders and the batch files, and nothing runs twice. Readers use the snapshot.
"""

from __future__ import annotations

from nmma_fitter.engine.ledger_attempts import AttemptRow, AttemptTable
from nmma_fitter.engine.ledger_file import LedgerError
from nmma_fitter.engine.ledger_nights import NeedRow, NightTable
from nmma_fitter.engine.ledger_outbox import OutboxRow, OutboxTable, Post
from nmma_fitter.engine.ledger_statistics import StatisticsTable
from nmma_fitter.engine.ledger_units import UnitRow, UnitTable

__all__ = ["AttemptRow", "Ledger", "LedgerError", "NeedRow", "OutboxRow", "Post", "UnitRow"]


class Ledger(UnitTable, AttemptTable, NightTable, OutboxTable, StatisticsTable):
    """The ledger, open.

    Every method that changes something is one transaction of its own, unless it is called inside
    `transaction`.
    """
