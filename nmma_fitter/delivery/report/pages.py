"""From values to a page on disk: escaping, links, and writing only what has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nmma_fitter.delivery.report.assets import FOLDER, assets
from nmma_fitter.durations import in_words
from nmma_fitter.engine.files import write_atomic
from nmma_fitter.engine.folders import make_below
from nmma_fitter.plain import one_line
from nmma_fitter.shipped import shipped
from nmma_fitter.version import version_text

if TYPE_CHECKING:
    import jinja2

PAGE = "index.html"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def write_page(outdir: Path, folder: Path, template: str, values: Mapping[str, Any]) -> None:
    """Render a template as ``<folder>/index.html``, unless that is what is there.

    Parameters
    ----------
    outdir : Path
        Where the index and the assets lie.
    folder : Path
        Where the page goes.
    template : str
    values : mapping
        Text in it is escaped, and put on one line, wherever it is shown.
    """
    root = link(outdir / FOLDER, folder)
    names = {name: f"{root}/{quote(hashed)}" for name, hashed in assets().names.items()}
    plotly = f"{root}/{quote(assets().plotly)}" if assets().plotly else ""
    home = link(outdir / PAGE, folder)
    page = environment().get_template(template)
    text = page.render(asset=names, plotly=plotly, home=home, version=version_text(), **values)
    data = text.encode("utf-8", "replace")  # a lone surrogate of somebody's JSON
    path = folder / PAGE
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        make_below(outdir, folder)
    write_atomic(path, data)


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates, with everything that is not markup of ours escaped."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates", "report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: one_line(value) if type(value) is str else value,
    )
    made.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    made.filters |= {"number": number, "signed": signed, "span": span, "utc": utc, "size": size}
    return made


def link(target: Path, folder: Path) -> str:
    """Relative link from a page in `folder`; names on disk are quoted as a URL wants them."""
    return quote(os.fsencode(os.path.relpath(target, folder)), safe="/+=@,~")


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals; a dash for none."""
    return NOTHING if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, error: float | None, digits: int = 2) -> str:
    """A value with its error."""
    return number(value, digits) + ("" if error is None else f" ± {error:.{digits}f}")


def span(seconds: float | None) -> str:
    """A span of time in words; a dash for none."""
    return NOTHING if seconds is None else in_words(seconds)


def utc(when: float | None) -> str:
    """A time as date and minute, UTC; a dash for none."""
    if when is None:
        return NOTHING
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(when))
    except (OverflowError, ValueError, OSError):
        return NOTHING


def size(count: int) -> str:
    """A file's size."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"
