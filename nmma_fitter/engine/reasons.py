"""Why a unit ended without a result: a closed list, each with its policy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """What is done after an attempt that ended for some reason.

    Attributes
    ----------
    retries : int
        How often the unit is tried again for this reason.
    resume : bool
        Whether the next attempt may start from this one's checkpoint.
    time_factor, memory_factor : float
        What the next attempt asks for, relative to this one.
    charged : bool
        Whether the attempt counts at all; a resumed time-out is free while its evaluations grow.
    skipped : bool
        Whether the unit ends as skipped (nothing was wrong) instead of failed.
    """

    retries: int = 0
    resume: bool = False
    time_factor: float = 1.0
    memory_factor: float = 1.0
    charged: bool = True
    skipped: bool = False


REASONS: dict[str, Policy] = {
    "rejected": Policy(),
    "never_started": Policy(retries=1, resume=True),
    "timeout": Policy(retries=3, resume=True, time_factor=2.0),
    "out_of_memory": Policy(retries=3, resume=True, memory_factor=2.0),
    "node_failure": Policy(retries=5, resume=True),
    "preempted": Policy(retries=10, resume=True),
    "cancelled": Policy(),
    "nonzero_exit": Policy(retries=1),
    "no_output": Policy(retries=1),
    "invalid_output": Policy(retries=1),
    "disk_full": Policy(retries=1, resume=True),
    "lost": Policy(retries=2, resume=True),
    "superseded": Policy(skipped=True),
    "bad_input": Policy(),
    "unavailable": Policy(skipped=True),
}


def register(name: str, policy: Policy) -> None:
    """Add a campaign's own reason; the same registration twice is no error."""
    if REASONS.setdefault(name, policy) != policy:
        raise ValueError(f"reason {name!r} is already registered with another policy")


def policy(reason: str) -> Policy:
    """Policy of a reason; an unknown one counts as ``nonzero_exit``."""
    return REASONS.get(reason, REASONS["nonzero_exit"])
