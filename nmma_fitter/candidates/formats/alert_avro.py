"""Alert packets as Avro, the form in which ZTF and Rubin send them (read by fastavro)."""

from __future__ import annotations

from . import alerts, avro_container
from .base import Content, Format, Photometry


def _read(content: Content, bands: str) -> Photometry:
    packets = avro_container.records(content.place, content.data)
    return alerts.photometry(content.place, packets, bands)


FORMAT = Format(
    name="alert-avro",
    title="alert packets of ZTF or Rubin (Avro; needs fastavro)",
    columns="as in JSON",
    recognises=lambda content: content.data.startswith(avro_container.MAGIC),
    read=_read,
    suffixes=(".avro",),
)
