"""A replay's fits beside the original's: what has no result is not counted as converged."""

import importlib
from pathlib import Path
from typing import Any

import pytest

VALIDATION = Path(__file__).parent.parent / "validation"


@pytest.fixture
def replay_evidence(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(VALIDATION))
    return importlib.import_module("replay_evidence")


def result(converged: bool) -> dict[str, Any]:
    ours = {"converged": converged, "tail_shape": 0.31, "effective_sample_size": 1234.5}
    ours["quality"] = {"n_detections": 5, "n_limits": 2}
    numbers = {"log_evidence": -9.671, "log_evidence_err": 0.012}
    return numbers | {"num_likelihood_evaluations": 30000, "meta_data": {"nmma_fitter": ours}}


def test_lines_and_shares(replay_evidence):
    night = "2459778-2459785"
    lines = [
        replay_evidence.Line(night, "ZTF1", "Me2017", "done", "", "8", -9.5, result(True)),
        replay_evidence.Line(night, "ZTF2", "Me2017", "failed", "timeout", "", None, {}),
        replay_evidence.Line(
            night, "ZTF3", "Me2017", "skipped", "too_few_detections", "", None, {}
        ),
    ]
    first, second, _ = replay_evidence.table(lines).splitlines()[2:]
    assert first == (
        "| ZTF1/2459778 | Me2017 | 5 + 2 | -9.67 ± 0.01 | -9.50 | yes | 0.31 | 1234 | 30000 | 8 |"
    )
    assert "failed: timeout" in second and "not kept" in second
    assert replay_evidence.shares(lines) == ["- Me2017: 1 of 2 converged"]
