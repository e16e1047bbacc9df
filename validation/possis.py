"""Bu2019lm against the simulations its networks stand for, and against a second network of them.

    python validation/possis.py --nmma-python NMMA/bin/python --redback WHEEL [--light-curve FILE]

NMMA 1.0.1 comes with 28 light curves of the grid (POSSIS, `tests/data/bulla`), all with
half-opening angle 45° and seen from 45.6°. Their days are labels from 0 to 20 in steps of 0.202,
while the bins of the simulations are centred on 0.1, 0.3, ... (the grid's README): a label is 0.1 d
late. The wheel redback_surrogates 0.2.8 holds KilonovaNet's network of the same grid's spectra,
which knows every angle: there the inclination is taken as here, mirrored, and exchanged with the
half-opening angle.
With ``--light-curve`` (AT2017gfo) the simulations themselves are put beside the data.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nmma_process
import numpy as np
from kilonovanet import LIGHT, kilonovanet
from numpy.typing import NDArray
from records import markdown

from nmma_fitter import bands, models

FloatArray = NDArray[np.float64]

COLUMNS = ("sdssu", "ps1::g", "ps1::r", "ps1::i", "ps1::z", "ps1::y", "2massj", "2massh", "2massks")
LATE = 0.1  # d, of the labels of NMMA's files
DAYS = (1.5, 10.0)
FAINTEST = -9.0
POINTS = 300
MERGER, MODULUS = 57982.5285, 33.01  # MJD of GW170817; 40 Mpc


class Simulation(NamedTuple):
    """A simulated light curve: its parameters, and magnitudes (days, bands) at 10 pc."""

    dynamical: float
    wind: float
    phi: float
    angle: float
    days: FloatArray
    magnitudes: FloatArray


def simulations(python: str) -> list[Simulation]:
    """Those that come with an installed NMMA; its 'ztf' columns are Pan-STARRS's."""
    code = "import importlib.util as u; print(u.find_spec('nmma').submodule_search_locations[0])"
    done = subprocess.run(
        [python, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    pattern = re.compile(r"mejdyn([\d.]+)_mejwind([\d.]+)_phi(\d+)_([\d.]+)\.dat")
    found = []
    for path in sorted(Path(done.stdout.strip(), "tests", "data", "bulla").glob("*.dat")):
        match = pattern.search(path.name)
        if match:
            table = np.loadtxt(path)
            found.append(Simulation(*map(float, match.groups()), table[:, 0], table[:, 1:]))
    return found


def ours(points: FloatArray, days: FloatArray, band: str) -> FloatArray:
    """Bu2019lm at 10 pc; points are masses (solar), half-opening angle and inclination (deg)."""
    columns = np.log10(points[:, 0]), np.log10(points[:, 1]), points[:, 2], np.radians(points[:, 3])
    model = models.get("Bu2019lm")
    own = {one.name: values for one, values in zip(model.parameters, columns, strict=True)}
    count, size = len(points), len(days)
    at = np.full(size, bands.wavelength(band))
    none, near = np.zeros(count), np.full(count, 1e-5)
    return model.magnitudes(
        own, np.broadcast_to(days, (count, size)), [band] * size, at, none, near
    )


def row(what: str, band: str, difference: FloatArray) -> list[str]:
    """Median, rms and the limit of 95 % of differences."""
    numbers = np.median(difference), np.sqrt(np.mean(difference**2))
    return [what, band, *(f"{n:.3f}" for n in (*numbers, np.quantile(abs(difference), 0.95)))]


def against_simulations(known: list[Simulation]) -> Iterator[list[str]]:
    """How far the networks are from the simulations, band by band."""
    for late, what in ((LATE, "days as in POSSIS"), (0.0, "days as labelled")):
        for column, band in enumerate(COLUMNS):
            found = []
            for one in known:
                point = np.array([[one.dynamical, one.wind, one.phi, one.angle]])
                days, theirs = one.days - late, one.magnitudes[:, column]
                used = (days > DAYS[0]) & (days < DAYS[1]) & (theirs < FAINTEST)
                found.append((ours(point, days, band)[0] - theirs)[used])
            yield row(what, band, np.concatenate(found))


def published_at_face_value(known: list[Simulation]) -> list[str]:
    """The same for the networks without the factor ln 10, in Pan-STARRS i: the control."""
    found = []
    for one in known:
        point = np.array([[one.dynamical, one.wind, one.phi, one.angle]])
        days, theirs = one.days - LATE, one.magnitudes[:, COLUMNS.index("ps1::i")]
        used = (days > DAYS[0]) & (days < DAYS[1]) & (theirs < FAINTEST)
        zero = 2.5 * np.log10(3.631e6)
        raw = zero + (ours(point, days, "ps1::i")[0] - zero) / np.log(10.0)
        found.append((raw - theirs)[used])
    return row("networks as published", "ps1::i", np.concatenate(found))


def against_second_network(wheel: Path) -> Iterator[list[str]]:
    """The same for KilonovaNet's network, with the angles as here and otherwise."""
    import sncosmo

    rng = np.random.default_rng(3)
    low, high = np.array([0.001, 0.01, 15.0, 0.0]), np.array([0.02, 0.13, 75.0, 1.0])
    drawn = low + (high - low) * rng.random((POINTS, 4))
    days = np.arange(*DAYS, 0.5)
    wavelengths, spectra = kilonovanet(wheel, "bulla-bns", drawn, days)
    angle = np.degrees(np.arccos(drawn[:, 3]))
    ways = {
        "angles as here": (drawn[:, 2], angle),
        "inclination mirrored": (drawn[:, 2], 90 - angle),
        "angles exchanged": (angle, drawn[:, 2]),
    }
    for what, (phi, inclination) in ways.items():
        for band in COLUMNS:
            bandpass = sncosmo.get_bandpass(band)
            at = np.linspace(bandpass.minwave(), bandpass.maxwave(), 100)
            flux = np.array([[np.interp(at, wavelengths, s) for s in one] for one in spectra])
            passed = bandpass(at)
            mean = (flux * at * passed).sum(axis=2) / (passed / at).sum() / LIGHT
            theirs = -2.5 * np.log10(np.maximum(mean, 1e-40)) - 48.6
            found = ours(np.column_stack([drawn[:, :2], phi, inclination]), days, band)
            yield row(what, band, (found - theirs)[theirs < FAINTEST])


def against_data(known: list[Simulation], path: Path) -> Iterator[list[str]]:
    """Simulations and networks beside AT2017gfo at 40 Mpc: ln L, and data minus simulation."""
    from nmma_fitter.candidates.formats import read_and_merge

    curve, _ = read_and_merge(path, bands="ps1", keep_duplicates=False, name="AT2017gfo")
    days = curve.mjd - MERGER
    used = curve.detected & (days > DAYS[0]) & (days < 14)
    t, mag, error, band = (one[used] for one in (days, curve.mag, curve.mag_err, curve.band))
    rows = []
    for one in known:
        point = np.array([[one.dynamical, one.wind, one.phi, one.angle]])
        theirs, net = np.empty(len(t)), np.empty(len(t))
        for column, name in enumerate(COLUMNS):
            here = band == name
            theirs[here] = np.interp(t[here], one.days - LATE, one.magnitudes[:, column])
            net[here] = ours(point, t[here], name)[0]
        chi: list[Any] = []
        for systematic in (1.0, 0.3):
            sigma = np.hypot(error, systematic)
            chi += [-0.5 * float(np.sum(((mag - MODULUS - m) / sigma) ** 2)) for m in (theirs, net)]
        off = mag - MODULUS - theirs
        parts = [(band == "ps1::r", t < 4), (band == "ps1::r", t >= 4)]
        parts += [(band == "2massks", t < 4), (band == "2massks", t >= 4)]
        late = [float(np.median(off[b & when])) for b, when in parts]
        rows.append([f"{one.dynamical:g}", f"{one.wind:g}", *(f"{n:.1f}" for n in chi)])
        rows[-1] += [f"{n:+.2f}" for n in late]
    yield from sorted(rows, key=lambda cells: -float(cells[2]))[:5]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    nmma_process.add_option(parser)
    parser.add_argument("--redback", type=Path, help="wheel redback_surrogates 0.2.8")
    parser.add_argument("--light-curve", type=Path, help="of AT2017gfo")
    given = parser.parse_args()
    header = ["Bu2019lm - other, mag", "band", "median", "rms", "95 %"]
    python = nmma_process.interpreter(given.nmma_python)
    if python is not None:
        known = simulations(python)
        rows = [*against_simulations(known), published_at_face_value(known)]
        print(f"{len(known)} simulations\n\n{markdown(header, rows)}\n")
        if given.light_curve:
            columns = ["M dyn", "M wind", "simulation, 1 mag", "network", "simulation, 0.3"]
            columns += ["network", "r before 4 d", "r after", "Ks before", "Ks after"]
            print(markdown(columns, [*against_data(known, given.light_curve)]) + "\n")
    if given.redback:
        print(markdown(header, [*against_second_network(given.redback)]))


if __name__ == "__main__":
    main()
