"""The good files that damaged ones are made of: those of the tests of formats, for each format."""

from __future__ import annotations

from candidates.formats.samples import samples

from .mutations import mutated

_NAMED = samples()  # by a format's name and, after a comma, what is special
FILES = [*_NAMED.values()]
PLACES: dict[str, list[int]] = {}
for _place, _name in enumerate(_NAMED):
    PLACES.setdefault(_name.partition(",")[0], []).append(_place)


def input_of(name: str, seed: int) -> bytes:
    """The damaged file of a seed, made from one of a format's good files."""
    places = PLACES[name]
    return mutated(FILES, places[seed % len(places)], seed)
