"""``toy_job.py WORK ATTEMPT``: a run that sleeps and counts, with the manners of a real fit.

Standard library only, so that it starts at once. Settings, in the work folder's ``config.json``:

starts : file that gets one line ``digest generation attempt job restart host pid time``
seconds : how long the whole work takes (1.0), in steps of ``beat`` seconds (0.1)
exit : status to leave with instead of a result (none)
final : say so in the outcome, with this text as the reason (none)
keep : write the checkpoint at every beat, as for a node that may die (false)
deaf : ignore TERM and USR1 (false)
until : once its work is done wait for this file (none)
picture : also leave a picture, in this file of the attempt (none)
"""

import json
import os
import re
import signal
import struct
import sys
import time
import zlib
from pathlib import Path

DEFAULTS = {"seconds": 1.0, "beat": 0.1, "exit": None, "final": None, "keep": False, "deaf": False}
DEFAULTS |= {"picture": None, "until": None}
EX_INTERRUPTED = 75


def write(path, value):
    """Replace a file as a whole."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)


def note_start(path, work, attempt):
    """Append this run's line in one write."""
    number, job, restart = re.fullmatch(r"(\d+)-(.+)-(\d+)", attempt.name).groups()
    started = json.loads((attempt / "started").read_text())
    named = [os.environ[name] for name in ("SLURMD_NODENAME", "NODE_NAME") if name in os.environ]
    host = named[0] if named else os.uname().nodename
    words = (started["digest"], started["generation"], number, job, restart, host, os.getpid())
    line = " ".join(map(str, (*words, f"{time.time():.3f}"))) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, line.encode())
    os.close(handle)


def main(work, attempt):
    """Run; the outcome is written last."""
    settings = {**DEFAULTS, **json.loads((work / "config.json").read_text())}
    signals = []
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, lambda got, _: settings["deaf"] or signals.append(got))
    note_start(settings["starts"], work, attempt)
    checkpoint = attempt / "checkpoint.h5"
    first = json.loads(checkpoint.read_text())["evaluations"] if checkpoint.exists() else 0
    total = round(settings["seconds"] / settings["beat"])
    done = first

    def on_its_way():
        return done < total or (settings["until"] and not Path(settings["until"]).exists())

    while on_its_way():
        time.sleep(settings["beat"])
        done = min(done + 1, total)
        beat = {"count": done - first, "evaluations": done, "time": int(time.time())}
        write(attempt / "heartbeat", beat)
        if settings["keep"] or signals:
            write(checkpoint, {"evaluations": done})
        if signals and on_its_way():
            return leave(attempt, "interrupted", "timeout", f"signal {signals[0]}", EX_INTERRUPTED)
    if settings["final"]:
        return leave(attempt, "failed", settings["final"], "as told", 1)
    if settings["exit"] is not None:
        return settings["exit"]
    write(attempt / "out.json", {"evaluations": done, "first": first, "paid": done - first})
    if settings["picture"]:
        (attempt / settings["picture"]).write_bytes(picture())
    write(attempt / "outcome.json", {"outcome": "done", "summary": {"evaluations": done}})
    return 0


def picture():
    """A PNG of one grey point."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def leave(attempt, outcome, reason, message, status):
    """End without a result; what is final is published as such."""
    final = outcome == "failed"
    value = {"outcome": outcome, "reason": reason, "message": message, "final": final}
    write(attempt / "outcome.json", value)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
