"""Log lines of the commands and of jobs, whatever they quote."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from typing import Any, ClassVar, TextIO

from nmma_fitter.plain import one_line, without_tokens
from nmma_fitter.terminal import clean


def configure_log(level: int = logging.INFO) -> None:
    """Plain lines with UTC times on standard output."""
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    handler.setFormatter(
        OneLine("%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("bilby", "matplotlib", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class OneLine(logging.Formatter):
    """A message is one line of what can be shown, whatever it quotes: no other looks like ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """As `logging.Formatter.formatMessage`."""
        record.message = one_line(without_tokens(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """As `logging.Formatter.formatException`, on its several lines."""
        return clean(without_tokens(super().formatException(ei)))


class LogHandler(logging.StreamHandler[TextIO]):
    """Log lines on standard output; where they cannot be written, that is said once."""

    _said: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say it on standard error, instead of a traceback for every line."""
        error = sys.exc_info()[1]
        if error is not None and not LogHandler._said:
            LogHandler._said = True
            with contextlib.suppress(OSError):
                print(f"cannot write the log ({error}); the work goes on", file=sys.stderr)
