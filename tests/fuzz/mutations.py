"""Files made from good ones by what goes wrong with files, and by what somebody might try."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

SPLICES = 8  # changes of one file at most
LONG = 5000

# Fields that readers have stumbled over, or might.
NASTY = (
    *("", "nan", "inf", "-inf", "null", "--", "-", "+", ".", "e5", "1e999", "1e-400", "-0", "0"),
    *("1_0", "0x10", "٣", "１８.5", "−18.5", "18,5", ">20.5", "<", ">", "=1+1", "99", "-999"),
    *("2460000.5", "60000", "1e5", "18.5 0.1", "ztfg", "G", "nosuchband", "vega", "AB", "STmag"),
    *("t", "-1.0", "maybe", "True", '"', "'", '""', '"a,b"', "\\", "#", "@", "{", "}", "[", "]"),
    *("\x00", "\x1b[31m", "\u202e", "\ufeff", "\xa0", "\r", "\n", "\t", ",", ";", "|", "\u2028"),
    *("9" * 60, "1" * LONG, "1." + "0" * LONG + "x", "-" * LONG, "((((" * 200, "[" * 2000),
    *("{" * 2000, '{"a":' * 500, "<!ENTITY a 'b'>", "&a;", "file:///etc/passwd", "../../x"),
    *("2017-08-18T00:00:00", "2017-08-18 25:00", "0001-01-01", "9999-12-31T23:59:59.999999+14:00"),
)
DELIMITERS = (b",", b";", b"\t", b" ", b"|")


def mutated(samples: Sequence[bytes], which: int, seed: int) -> bytes:
    """A file made from a sample, the same for the same seed.

    Parameters
    ----------
    samples : sequence of bytes
        Good files; others than the one may lend it parts.
    which : int
        The sample to begin with.
    seed : int
    """
    dice = random.Random(seed)
    data = samples[which]
    for _ in range(dice.randint(1, SPLICES)):
        data = dice.choice(CHANGES)(data, dice, samples)
    return data


def _flip(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    first, last = sorted(dice.randint(0, len(data)) for _ in "ab")
    return data[:first] + data[last:] if dice.random() < 0.7 else data[:last]


def _repeat(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    return b"\n".join([*lines[:at], *[lines[at]] * dice.choice((2, 3, 30)), *lines[at + 1 :]])


def _swap_lines(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    one, other = (dice.randrange(len(lines)) for _ in "ab")
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _field(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """Put a nasty word in a field's place."""
    delimiter = dice.choice([one for one in DELIMITERS if one in data] or [b","])
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    fields = lines[at].split(delimiter)
    word = dice.choice(NASTY).encode("utf-8", "surrogatepass")
    fields[dice.randrange(len(fields))] = word
    lines[at] = delimiter.join(fields)
    return b"\n".join(lines)


def _insert(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.choice(NASTY).encode("utf-8", "surrogatepass") + data[at:]


def _join(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """A part of another file, which may be of another format."""
    other = dice.choice(samples)
    first, last = sorted(dice.randint(0, len(other)) for _ in "ab")
    at = dice.randint(0, len(data))
    return data[:at] + other[first:last] + data[at:]


def _delimiter(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    old, new = dice.sample(DELIMITERS, 2)
    return data.replace(old, new)


def _ends(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    lines = data.replace(b"\r\n", b"\n")
    return dice.choice((b"\xef\xbb\xbf" + lines, lines.replace(b"\n", b"\r\n"), lines + b"\n#\n"))


def _case(data: bytes, dice: random.Random, samples: Sequence[bytes]) -> bytes:
    return data.upper() if dice.random() < 0.5 else data.lower()


CHANGES: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    *(_flip, _cut, _repeat, _swap_lines, _field, _field, _field, _insert),
    *(_join, _delimiter, _ends, _case),
)
