"""Which of ZTF's forced difference fluxes are good, in the service's table and in alerts.

The limits are those that public readers of the service's table use. Of the status codes only two
that are taken to concern the reference catalogue alone (57, 58) count as good beside 0; what each
code means: irsa.ipac.caltech.edu/data/ZTF/docs/ztf_zfps_userguide.pdf.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..rows import Place, number

BAD_INFOBITS = 33554432  # from which on the image's calibration is unusable
MOST_SCISIGPIX = 25.0  # DN, noise of a pixel
MOST_SEEING = 4.0  # arcsec
GOOD_STATUS = frozenset(("", "0", "57", "58"))  # 57, 58: no source or catalogue of the reference


def fault(place: Place, record: Mapping[str, str], zero_point: str) -> str:
    """Why a flux is not used; empty for a good one.

    Parameters
    ----------
    place : Place
    record : mapping of column to text
    zero_point : str
        Column of the zero point.

    Raises
    ------
    BadInput
        At a text where a number belongs.
    """

    def value(column: str) -> float:
        return number(record.get(column, ""), place, column)

    status = record.get("procstatus", "")
    if not set(status.split(",")) <= GOOD_STATUS:
        known = status.isascii() and status.isdecimal() and len(status) < 4
        return f"procstatus {status}" if known else "a procstatus of several or unknown codes"
    if math.isnan(value("forcediffimflux")) or math.isnan(value("forcediffimfluxunc")):
        return "no flux (null)"
    if value("forcediffimfluxunc") <= 0:
        return "a flux error of 0 or below"
    if math.isnan(value(zero_point)):
        return f"no zero point ({zero_point})"
    if value("infobitssci") >= BAD_INFOBITS:
        return f"infobitssci of {BAD_INFOBITS} and above (bad image)"
    if value("scisigpix") > MOST_SCISIGPIX:
        return f"scisigpix above {MOST_SCISIGPIX:g} (noise)"
    if value("sciinpseeing") > MOST_SEEING:
        return f"seeing above {MOST_SEEING:g} arcsec"
    return ""
