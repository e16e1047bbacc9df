"""``toy_poller.py ROOT [--once | --collect]``: what ``make-jobs`` is for fits, for toys.

ROOT holds ``my.toml`` and ``candidates/NIGHT``; starts are noted in ``ROOT/starts``. After every
tick a line is added to ``ROOT/reports``. It ticks until everything has ended and ``ROOT/enough``
is there, so that a test may add candidates meanwhile.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from toy_campaign import ToyCampaign

from nmma_fitter.config import load_config
from nmma_fitter.make_jobs import Order, Poller, TickReport
from nmma_fitter.poller.dag import Collecting

NIGHT = "2459778-2459785"


def note(path: Path, report: TickReport) -> None:
    needs = [
        {"object": n.object, "state": n.state.value, "reason": n.reason, "detail": n.detail}
        for n in report.needs
    ]
    line = json.dumps({"time": time.time(), "needs": needs, "notes": report.notes})
    with path.open("a") as stream:
        stream.write(line + "\n")


def main() -> None:
    """Tick."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--collect", action="store_true", help="submit nothing")
    given = parser.parse_args()
    root = given.root.resolve()
    config = load_config(root / "my.toml")
    campaign = ToyCampaign(config.paths.outdir, root / "starts")
    kind = Collecting if given.collect else Poller
    poller = kind(config, Order(night_dir=root / "candidates" / NIGHT), campaign=campaign)
    while True:
        report = poller.tick()
        note(root / "reports", report)
        if given.collect:
            sys.exit(any(need.state.value == "failed" for need in report.needs))
        if given.once or (report.finished and (root / "enough").exists()):
            return
        time.sleep(config.tick.interval)


if __name__ == "__main__":
    main()
