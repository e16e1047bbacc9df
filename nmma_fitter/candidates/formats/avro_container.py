"""Avro files from outside: unpacked in bounds, of schemas that cannot make much of few bytes.

The container is that of the Avro specification 1.11, "Object Container Files". A reader of Avro
takes a block as large as it unpacks, counts to any number over items that take no byte, and follows
a schema that contains itself as deep as the data says: all three are refused before it is asked.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any

from ..rows import Place
from ..textfile import LARGEST_FILE
from .table_rows import MOST_ROWS

MAGIC = b"Obj\x01"
_CODECS = ("null", "deflate")
_SYNC = 16  # bytes
_DAMAGED = "is a damaged Avro file; deliver it again"
_MOST_DEPTH = 20  # of a schema


def records(place: Place, data: bytes) -> list[Any]:
    """Records of an Avro file.

    Raises
    ------
    BadInput
        When it is damaged, too large unpacked, or fastavro is not installed.
    """
    try:
        import fastavro
    except ImportError:
        raise place.error(
            "is Avro, which needs the package fastavro: pip install 'nmma-fitter[formats]'"
        ) from None
    plain = _unpacked(place, data)
    found: list[Any] = []
    try:
        for one in fastavro.reader(io.BytesIO(plain)):
            if len(found) >= MOST_ROWS:
                raise place.error(f"has more than {MOST_ROWS} records; deliver one object's")
            found.append(one)
    except (EOFError, ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError):
        raise place.error(_DAMAGED) from None
    except fastavro.schema.SchemaParseException:
        raise place.error(_DAMAGED) from None
    return found


def _unpacked(place: Place, data: bytes) -> bytes:
    """The same file with its blocks not packed."""
    stream = io.BytesIO(data)
    stream.read(len(MAGIC))
    meta = _metadata(place, stream)
    codec = meta.get("avro.codec", b"null").decode("ascii", "replace")
    if codec not in _CODECS:
        raise place.error(f"is Avro packed by {codec[:20]!a}; write it with deflate or without")
    _check_schema(place, meta.get("avro.schema", b""))
    sync = stream.read(_SYNC)
    out = io.BytesIO()
    out.write(
        MAGIC + _long(1) + _text(b"avro.schema") + _text(meta["avro.schema"]) + _long(0) + sync
    )
    while stream.tell() < len(data):
        count, size = _number(place, stream), _number(place, stream)
        packed = _take(place, stream, size)
        block = _inflated(place, packed, LARGEST_FILE - out.tell()) if codec != "null" else packed
        if _take(place, stream, _SYNC) != sync:
            raise place.error(_DAMAGED)
        out.write(_long(count) + _text(block) + sync)
    return out.getvalue()


def _inflated(place: Place, packed: bytes, most: int) -> bytes:
    inflate = zlib.decompressobj(-15)
    try:
        block = inflate.decompress(packed, max(most, 1))
    except zlib.error:
        raise place.error(_DAMAGED) from None
    if inflate.unconsumed_tail:
        raise place.error(
            f"is Avro of more than {LARGEST_FILE / 1e6:.0f} MB unpacked; deliver one object's alert"
        )
    return block


def _metadata(place: Place, stream: io.BytesIO) -> dict[str, bytes]:
    meta: dict[str, bytes] = {}
    while count := _number(place, stream):
        if count < 0:
            _number(place, stream)  # the block's size
        for _ in range(abs(count)):
            key = _take(place, stream, _number(place, stream)).decode("utf-8", "replace")
            meta[key] = _take(place, stream, _number(place, stream))
    return meta


def _number(place: Place, stream: io.BytesIO) -> int:
    """A long: seven bits a byte, the lowest first, zigzag."""
    value = shift = 0
    while True:
        byte = _take(place, stream, 1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7
        if shift > 63:
            raise place.error(_DAMAGED)


def _take(place: Place, stream: io.BytesIO, size: int) -> bytes:
    found = stream.read(size) if 0 <= size <= LARGEST_FILE else b""
    if len(found) != size:
        raise place.error("is an Avro file that is cut short or damaged; deliver it again")
    return found


def _long(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _text(value: bytes) -> bytes:
    return _long(len(value)) + value


def _check_schema(place: Place, text: bytes) -> None:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise place.error(_DAMAGED) from None
    if _width(place, schema, {}, "", 0) == 0:
        raise place.error("is Avro of empty records; deliver it again")


def _width(place: Place, schema: Any, named: dict[str, int], space: str, depth: int) -> int:
    """Fewest bytes of a value, at most 1; raises where a schema is not one of an alert."""
    if depth > _MOST_DEPTH:
        raise place.error("is Avro of a schema nested too deep; deliver the alert as it came")
    if isinstance(schema, list):
        for one in schema:
            _width(place, one, named, space, depth + 1)
        return 1
    if isinstance(schema, str):
        return _width_of_name(place, schema, named, space)
    if not isinstance(schema, dict):
        raise place.error(_DAMAGED)
    kind = schema.get("type")
    if kind in ("array", "map"):
        inner = _width(place, schema.get("items", schema.get("values")), named, space, depth + 1)
        if inner == 0 and kind == "array":
            raise place.error("is Avro with lists of nothing; deliver the alert as it came")
        return 1
    if kind not in ("record", "fixed", "enum"):
        return _width(place, kind, named, space, depth + 1)
    return _width_of_named(place, schema, named, space, depth)


def _width_of_named(
    place: Place, schema: dict[str, Any], named: dict[str, int], space: str, depth: int
) -> int:
    inner = schema.get("namespace", space)
    full = _full(schema.get("name"), inner)
    if schema["type"] == "enum":
        width = 1
    elif schema["type"] == "fixed":
        width = int(schema.get("size") != 0)
    else:
        named[full] = -1  # within itself
        fields = schema.get("fields")
        if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
            raise place.error(_DAMAGED)
        widths = [_width(place, one.get("type"), named, inner, depth + 1) for one in fields]
        width = max(widths, default=0)
    named[full] = width
    return width


_PRIMITIVES = ("boolean", "int", "long", "float", "double", "bytes", "string")


def _width_of_name(place: Place, name: str, named: Mapping[str, int], space: str) -> int:
    if name in ("null", *_PRIMITIVES):
        return int(name != "null")
    width = named.get(_full(name, space), named.get(name))
    if width is None:
        raise place.error(_DAMAGED)
    if width < 0:
        raise place.error("is Avro of a schema that contains itself; deliver the alert as it came")
    return width


def _full(name: Any, space: Any) -> str:
    return str(name) if "." in str(name) or not space else f"{space}.{name}"
