"""Text that came from outside, made fit to be shown."""

from __future__ import annotations


def one_line(text: str, longest: int | None = None) -> str:
    """Text on one line, with everything that cannot be printed replaced.

    Also what would reorder the text around it. It is safe for neither mathtext nor HTML: draw it
    with ``parse_math=False``, escape it.

    Parameters
    ----------
    text : str
    longest : int, optional
        Characters looked at.
    """
    flat = " ".join(text[:longest].split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in flat)


def shortened(text: str, keep: int) -> str:
    """Return the first `keep` characters, with an ellipsis when some are left out."""
    return text if keep >= len(text) else text[:keep].rstrip() + "…"
