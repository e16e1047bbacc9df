"""What a person can do about each reason why a fit has no result."""

from __future__ import annotations

MEND = "mend the file; it is read again when it changes"
RETRY = "look at the log, mend the cause, then: nmma-fitter retry"
REMEDIES = {
    "rejected": "the batch system refused the job: mend [scheduler], then: nmma-fitter retry",
    "never_started": "the job was held or could not start: mend its request or the queue's limits, "
    "then: nmma-fitter retry",
    "timeout": "raise time_limit of this model, or its deadline, then: nmma-fitter retry",
    "out_of_memory": "raise memory_mb of this model, then: nmma-fitter retry",
    "node_failure": "nodes were lost again and again: nmma-fitter retry when they are well",
    "preempted": "it was preempted again and again: nmma-fitter retry, or another partition",
    "cancelled": "somebody cancelled it: nmma-fitter retry wants it again",
    "nonzero_exit": RETRY,
    "no_output": RETRY,
    "invalid_output": RETRY,
    "disk_full": "make room on the disk, then: nmma-fitter retry",
    "lost": "the batch system lost the job: nmma-fitter retry",
    "superseded": "nothing: newer photometry or settings replaced it",
    "bad_input": MEND,
    "unavailable": "install the model's data or library (nmma-fitter models says which); it is "
    "looked for again at the next night",
    "too_few_detections": "nothing: it is fitted when more detections arrive",
    "unsupported_data": "nothing: this model cannot predict these bands",
    "not_converged": "more live points (nlive), or narrower priors, then: nmma-fitter retry",
}


def remedy(state: str, reason: str) -> str:
    """What to do, in a few words."""
    if state in REMEDIES or state not in ("failed", "skipped"):
        return "wait: this page is written again when it ends"
    return REMEDIES.get(reason, RETRY)
