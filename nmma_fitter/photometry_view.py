"""What is read of a light-curve file, before any fit: as text, as plain values, as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nmma_fitter.candidates.formats import Reading, format_of, read
from nmma_fitter.candidates.formats.base import Content, Format
from nmma_fitter.candidates.lightcurve import LightCurve, detections, upper_limits
from nmma_fitter.candidates.window import trigger_time
from nmma_fitter.engine.files import Json
from nmma_fitter.errors import TooFewDetections
from nmma_fitter.plain import counted
from nmma_fitter.terminal import clean


@dataclass(frozen=True)
class View:
    """A file that was read.

    Attributes
    ----------
    path : Path
    format : Format
    reading : Reading
    """

    path: Path
    format: Format
    reading: Reading

    @property
    def lightcurve(self) -> LightCurve:
        """Its measurements, each exposure once."""
        return self.reading.lightcurve

    @property
    def day_zero(self) -> float | None:
        """MJD of the first detection; None without one."""
        try:
            return trigger_time(self.lightcurve, "first-detection")
        except TooFewDetections:
            return None


def view_of(path: Path, *, bands: str, significance: float) -> View:
    """Read a file; raises `BadInput` where it cannot be used."""
    format_ = format_of(Content.of(path))
    return View(path, format_, read(path, bands=bands, significance=significance))


def as_text(view: View, width: int, *, rows: bool = False) -> str:
    """The view for a terminal of so many columns."""
    lc, merged = view.lightcurve, sum(len(one.dropped) for one in view.reading.merged)
    weak = int(lc.measured.sum()) - detections(lc)
    counts = [
        counted(detections(lc), "detection"),
        counted(len(lc) - detections(lc) - weak, "limit"),
    ]
    counts.insert(1, f"{counted(weak, 'measurement')} below {lc.significance:g} sigma")
    zero = view.day_zero
    lines = [
        clean(f"{view.path}: {view.format.title}"),
        *_told("object", lc.name, width),
        *_told("rows", ", ".join(counts), width),
        *_told("day 0", "none: no detection" if zero is None else f"MJD {zero:.5f}", width),
    ]
    if merged:
        lines += _told("merged", f"{counted(merged, 'row')} that repeat an exposure", width)
    for note in view.reading.notes:
        lines += _told("note", note, width)
    return "\n".join([*lines, *_band_lines(lc), *(_row_lines(lc) if rows else ())])


def _told(what: str, text: str, width: int) -> list[str]:
    first, more = f"  {what:<8}", " " * 10
    return textwrap.wrap(clean(text), width, initial_indent=first, subsequent_indent=more)


def _band_lines(lc: LightCurve) -> list[str]:
    """A line for each band, under a header."""
    lines = ["  band         detected  weaker  limits  first MJD    last MJD     mag (AB)"]
    for band in dict.fromkeys(sorted(lc.band.tolist())):
        here = lc.band == band
        seen, measured = here & lc.detected, here & lc.measured
        weak, limits = int((measured & ~seen).sum()), int((here & ~measured).sum())
        mags = lc.mag[seen]
        shown = f"{mags.min():.2f} to {mags.max():.2f}" if mags.size else "-"
        lines.append(
            f"  {band:<12}{int(seen.sum()):>9}{weak:>8}{limits:>8}  "
            f"{lc.mjd[here].min():<12.5f} {lc.mjd[here].max():<12.5f} {shown}"
        )
    return lines


def _row_lines(lc: LightCurve) -> list[str]:
    """A line for each measurement, under a header."""
    lines = ["  MJD          band            mag    error   limit   flux (uJy)   error"]
    limits = upper_limits(lc)
    for i in range(len(lc)):
        numbers = [
            f"{lc.mag[i]:8.3f} {lc.mag_err[i]:7.3f}" if lc.measured[i] else " " * 16,
            f"{limits[i]:8.3f}" if not lc.detected[i] else " " * 8,
            f"{lc.flux[i]:12.4g} {lc.flux_err[i]:8.3g}" if lc.has_flux[i] else "",
        ]
        lines.append(f"  {lc.mjd[i]:.5f}  {lc.band[i]:<11}{''.join(numbers)}".rstrip())
    return lines


def as_json(view: View) -> Json:
    """The view as plain values; rows as of config.json."""
    from nmma_fitter.candidates.records import to_dict

    lc = view.lightcurve
    return {
        "file": str(view.path),
        "format": view.format.name,
        "object": lc.name,
        "detections": detections(lc),
        "weaker": int(lc.measured.sum()) - detections(lc),
        "limits": int((~lc.measured).sum()),
        "day_zero_mjd": view.day_zero,
        "merged": [{"kept": one.kept, "dropped": list(one.dropped)} for one in view.reading.merged],
        "notes": list(view.reading.notes),
        "lightcurve": to_dict(lc),
    }


def draw(view: View, path: Path) -> None:
    """Draw the measurements as they lie, in a PNG file."""
    from nmma_fitter.delivery.plots import plot_photometry

    zero = view.day_zero
    lc = view.lightcurve
    trigger = float(np.min(lc.mjd)) if zero is None else zero
    plot_photometry(path, object_name=lc.name, lightcurve=lc, trigger_mjd=trigger)


def formats_table(formats: Sequence[Format], width: int) -> str:
    """Name, title and columns of each format."""
    blocks = []
    for one in formats:
        lines = textwrap.wrap(f"{one.name}: {one.title}", width, subsequent_indent="  ")
        columns = textwrap.wrap(one.columns, width, initial_indent="  ", subsequent_indent="  ")
        blocks.append("\n".join([*lines, *columns]))
    return "\n".join(blocks)


def formats_markdown(formats: Sequence[Format]) -> str:
    """The same as a table of Markdown."""
    lines = ["| name | files | columns that are read |", "|---|---|---|"]
    cells = ((one.name, one.title, one.columns.replace("|", "\\|")) for one in formats)
    return "\n".join(
        [*lines, *(f"| `{name}` | {title} | {columns} |" for name, title, columns in cells)]
    )
