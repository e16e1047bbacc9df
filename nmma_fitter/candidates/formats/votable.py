"""VOTable (IVOA, version 1.5), read by astropy once nothing in it points elsewhere."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any
from xml.parsers import expat

from ...errors import BadInput
from ..columns import MOST_COLUMNS, chosen, lacking
from ..rows import Place
from .base import Content, Format, Photometry
from .column_table import check_rows, rows_of_columns

MOST_DEPTH = 50  # elements within each other
MOST_VALUES = 10_000_000  # of all rows
_DAMAGED = "is a damaged VOTable; deliver it again"


def _recognises(content: Content) -> bool:
    start = content.data[:2000]
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"VOTABLE" in start


def _read(content: Content, bands: str) -> Photometry:
    scale = _checked(content.place, content.data)
    found = _tables(content.place, content.data)
    if not found:
        raise content.place.error("has no table; deliver it again")
    columns, units = next(
        (one for one in found if not lacking(chosen([name.lower() for name in one[0]]))), found[0]
    )
    return rows_of_columns(content.place, columns, bands, units=units, scale=scale)


class _Check:
    """What an XML parser meets: nothing that is fetched, unpacked or endless may be in it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._depth = self._fields = self._width = self._rows = 0
        self.scale = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Look at an element as it opens."""
        tag = name.rpartition(":")[2].upper()
        lower = {key.rpartition(":")[2].lower(): value for key, value in attributes.items()}
        self._depth += 1
        if self._depth > MOST_DEPTH or len(attributes) > MOST_DEPTH:
            raise self._place.error("is XML nested too deep to be a VOTable; deliver it again")
        if tag == "STREAM":
            self._stream(lower)
        elif tag == "FITS":
            raise self._place.error("holds FITS; deliver the FITS table itself")
        elif tag == "TIMESYS":
            self.scale = lower.get("timescale", "")
        elif tag == "FIELD":
            self._field(lower.get("arraysize", "1"))
        elif tag == "TABLE":
            self._fields = self._width = self._rows = 0
            self._check_size(_count(lower.get("nrows", "0")))
        elif tag == "TR":
            self._rows += 1
            self._check_size(self._rows)

    def end(self, name: str) -> None:
        """Leave an element."""
        self._depth -= 1

    def doctype(self, *_: Any) -> None:
        """Refuse what could define entities."""
        raise self._place.error("has a DOCTYPE, which is not read; write it as plain VOTable")

    def _stream(self, attributes: dict[str, str]) -> None:
        if "href" in attributes:
            raise self._place.error(
                "points to another file (STREAM href), which is not fetched; "
                "write the rows into the VOTable"
            )
        if attributes.get("encoding", "base64").lower() != "base64":
            raise self._place.error("has a packed STREAM; write it as TABLEDATA or base64")

    def _field(self, size: str) -> None:
        self._fields += 1
        if self._fields > MOST_COLUMNS:
            raise self._place.error(
                f"has more than {MOST_COLUMNS} columns, not a light curve's; deliver it again"
            )
        self._width += math.prod(_count(one) for one in size.rstrip("*").split("x") if one)
        self._check_size(1)

    def _check_size(self, rows: int) -> None:
        check_rows(self._place, rows)
        if rows * self._width > MOST_VALUES:
            raise self._place.error(
                f"has more than {MOST_VALUES} values in its arrays; deliver the light curve alone"
            )


def _count(text: str) -> int:
    """A number of an attribute; more than is allowed of anything for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 10**9


def _checked(place: Place, data: bytes) -> str:
    """Time scale that the file states; raises where it has what must not be followed."""
    check = _Check(place)
    parser = expat.ParserCreate()
    parser.StartElementHandler = check.start
    parser.EndElementHandler = check.end
    parser.StartDoctypeDeclHandler = check.doctype
    try:
        parser.Parse(data, True)
    except LookupError:
        raise place.error("is XML in an encoding that does not exist; save it as UTF-8") from None
    except expat.ExpatError as error:
        raise Place(place.path, error.lineno).error(
            f"is no complete XML ({expat.errors.messages.get(error.code, 'damaged')}); "
            "it may be cut short, deliver it again"
        ) from None
    return check.scale


def _tables(place: Place, data: bytes) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Columns and units of each table."""
    from astropy.io import votable

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = votable.parse(io.BytesIO(data), verify="ignore", invalid="mask")
            for one in parsed.iter_tables():
                table = one.to_table(use_names_over_ids=True)
                check_rows(place, len(table))
                flat = [name for name in table.colnames if table[name].ndim == 1]
                columns = {name: table[name].tolist() for name in flat}
                found.append((columns, {name: str(table[name].unit or "") for name in flat}))
        except BadInput:
            raise
        except Exception:  # astropy raises many kinds
            raise place.error(_DAMAGED) from None
    return found


FORMAT = Format(
    name="votable",
    title="VOTable",
    columns="as of a table with a header; units and time scale (TIMESYS) from its fields",
    recognises=_recognises,
    read=_read,
    suffixes=(".vot", ".xml", ".votable"),
)
