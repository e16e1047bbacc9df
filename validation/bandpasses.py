"""Make the bands that ship with nmma_fitter: names, wavelengths and thinned transmission curves.

Put the packages of `bandpass_sources.PACKAGES` into a folder, then build::

    pip install --no-deps --target SOURCES sncosmo==2.13.1 speclite==1.0.0 pyphot==2.1.1 \
        astro-sedpy==0.4.1 bayesn==0.4.0 jax-bandflux==1.0.0
    pip download --no-deps snpy==2.7.4 && tar xzf snpy-2.7.4.tar.gz && mv snpy-2.7.4/snpy SOURCES/
    python validation/bandpasses.py build SOURCES
    python validation/bandpasses.py compare SNCOSMO   # a folder of sncosmo's bandpasses

``build`` writes ``nmma_fitter/data/bands.csv`` and ``bandpasses.npz``, and for the tests
``tests/bandpass_magnitudes.csv``: black bodies through the curves before they are thinned.
``compare`` prints how far black bodies move from those through sncosmo's own files.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bandpass_sources import PACKAGES, UVIS_EFFICIENCY, Source, sources
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "nmma_fitter" / "data"
FloatArray = NDArray[np.float64]
Curve = tuple[FloatArray, FloatArray]

EDGE = 0.001  # of the peak: wings below it are cut off, as sncosmo does
GRID = 5.0  # ångström: finer sampling is averaged to it, at which the models integrate
TEMPERATURES = (3000.0, 6000.0, 15000.0)
MOVED = 3e-4  # mag, at most, by thinning
VEGA = "pyphot/libs/alpha_lyr_stis_011.fits"
UNITS = {"nanometer": 10.0, "nm": 10.0, "um": 1e4, "micron": 1e4}
# Wavelength (Å) and letter of the style in which a band whose name says no more is drawn.
LETTERS = {
    **{2079: "uvw2", 2255: "uvm2", 2614: "uvw1", 3600: "u", 4380: "b", 4800: "g", 5409: "c"},
    **{5500: "v", 6300: "r", 6866: "o", 7700: "i", 8900: "z", 9900: "y", 12400: "j", 16500: "h"},
    21600: "k",
}


def numbers(path: Path, columns: tuple[int, int] = (0, 1)) -> Curve:
    """Two columns of a text file, by wavelength; lines that are no numbers are passed over."""
    rows = []
    for line in path.read_text(errors="replace").splitlines():
        cells = line.split("#")[0].replace(",", " ").split()
        try:
            rows.append([float(cells[column]) for column in columns])
        except (ValueError, IndexError):
            continue
    wave, transmission = np.array(rows).T
    order = np.argsort(wave, kind="stable")
    return wave[order], transmission[order]


def read(source: Source, folder: Path) -> Curve:
    """The curve of a band as its source has it, in ångström, before anything is done to it."""
    if source.package == "edges":
        edges = [float(edge) for edge in source.item.split()]
        return np.array(edges), np.array([1.0, 1.0] if len(edges) == 2 else [0.0, 1.0, 1.0, 0.0])
    inside = folder / PACKAGES[source.package][1]
    if source.item.startswith("hd5:"):
        return _hdf5(inside.parent / "new_filters.hd5", source.item.removeprefix("hd5:"))
    path = inside / source.item
    text = path.read_text(errors="replace")
    kcorrect = path.suffix == ".par" and "KFILTER" in text
    wave, transmission = numbers(path, (1, 2) if kcorrect else (0, 1))
    found = re.search(r"(?:wavelength_unit\s+|name: wavelength, unit: )(\w+)", text, re.IGNORECASE)
    unit = UNITS.get(found[1].lower(), 1.0) if found else 1.0
    return _corrected(source, wave * unit, transmission)


def _corrected(source: Source, wave: FloatArray, transmission: FloatArray) -> Curve:
    """What a source's note says is done to its curve."""
    if source.package == "sncosmo":  # Bessell's R takes energy: photons per photon are R / λ
        transmission = transmission / wave
    if source.efficiency:
        transmission = transmission * np.interp(wave, *UVIS_EFFICIENCY.T)
    if source.band == "sdssu":
        keep = (wave <= 4150) | (wave >= 7500)
        wave = np.append(wave[keep], [4160.0, 7499.0])
        transmission = np.append(transmission[keep], [0.0, 0.0])
    inside = (wave >= source.window[0]) & (wave <= source.window[1])
    order = np.argsort(wave[inside], kind="stable")
    return wave[inside][order], transmission[inside][order]


def _hdf5(path: Path, name: str) -> Curve:
    import h5py

    with h5py.File(path) as file:
        table = file["filters"][name][()]
    return table["WAVELENGTH"].astype(float), table["THROUGHPUT"].astype(float)


def trimmed(curve: Curve) -> Curve:
    """Without wings below `EDGE` of the peak, negative values, and two values at one wavelength."""
    wave, first = np.unique(curve[0], return_index=True)
    transmission = np.clip(curve[1][first], 0.0, None)
    good = np.flatnonzero(transmission >= EDGE * transmission.max())
    here = slice(max(good[0] - 1, 0), good[-1] + 2)
    return wave[here], transmission[here] / transmission.max()


def averaged(curve: Curve) -> Curve:
    """Sampled no finer than `GRID`, each new value the mean of what lies around it."""
    wave = curve[0]
    if np.median(np.diff(wave)) >= GRID / 2:
        return curve
    grid = np.linspace(wave[0], wave[-1], int((wave[-1] - wave[0]) / GRID) + 1)
    fine = np.linspace(wave[0], wave[-1], 20 * (len(grid) - 1) + 1)
    area = np.concatenate([[0], np.cumsum(np.diff(fine) * _middle(np.interp(fine, *curve)))])
    step = grid[1] - grid[0]
    edges = np.clip(np.append(grid - step / 2, grid[-1] + step / 2), wave[0], wave[-1])
    return grid, np.diff(np.interp(edges, fine, area)) / np.diff(edges)


def _middle(values: FloatArray) -> FloatArray:
    return (values[1:] + values[:-1]) / 2


def black_body(wave: FloatArray, kelvin: float) -> FloatArray:
    """Planck's f_λ in arbitrary units; wavelength in ångström."""
    return np.asarray(1e20 / wave**5 / np.expm1(1.438776877e8 / (wave * kelvin)))


def magnitude(curve: Curve, kelvin: float) -> float:
    """AB magnitude of a black body, up to a constant: ∫λ f_λ T dλ / ∫T/λ dλ."""
    wave, transmission = curve
    grid = np.linspace(wave[0], wave[-1], 20001)
    through = np.interp(grid, wave, transmission)
    flux = np.trapezoid(grid * black_body(grid, kelvin) * through, grid)
    return float(-2.5 * np.log10(flux / np.trapezoid(through / grid, grid)))


def moved(one: Curve, other: Curve) -> FloatArray:
    """Magnitudes of the black bodies through one curve less those through the other."""
    return np.array([magnitude(one, kelvin) - magnitude(other, kelvin) for kelvin in TEMPERATURES])


def mean_wavelength(curve: Curve) -> float:
    """∫λT dλ / ∫T dλ."""
    grid = np.linspace(curve[0][0], curve[0][-1], 20001)
    through = np.interp(grid, *curve)
    return float(np.trapezoid(grid * through, grid) / np.trapezoid(through, grid))


def thinned(curve: Curve) -> Curve:
    """The fewest points between which straight lines move no black body by more than `MOVED`."""
    for full in (averaged(curve), curve):
        tolerance = 0.005
        while tolerance > 1e-5:
            kept = _simplified(full, tolerance)
            few = np.round(full[0][kept], 1), np.round(full[1][kept], 6)
            if np.abs(moved(few, curve)).max() <= MOVED:
                return few
            tolerance /= 2
    return curve


def _simplified(curve: Curve, tolerance: float) -> NDArray[np.intp]:
    """Points that Douglas and Peucker's rule keeps, for differences in transmission."""
    wave, value = curve
    keep, spans = {0, len(wave) - 1}, [(0, len(wave) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inner = np.arange(first + 1, last)
        line = np.interp(wave[inner], wave[[first, last]], value[[first, last]])
        off = np.abs(value[inner] - line)
        if off.max() > tolerance:
            middle = int(inner[off.argmax()])
            keep.add(middle)
            spans += [(first, middle), (middle, last)]
    return np.array(sorted(keep))


def vega_magnitude(curve: Curve, spectrum: Curve) -> float:
    """AB magnitude of Vega through a curve, f_λ in erg/s/cm²/Å; nan where it has no spectrum."""
    wave, transmission = curve
    if wave[-1] > spectrum[0][-1]:
        return float("nan")
    grid = np.linspace(wave[0], wave[-1], 20001)
    through = np.interp(grid, wave, transmission)
    flux = np.trapezoid(grid * np.interp(grid, *spectrum) * through, grid)
    f_nu = flux / np.trapezoid(through / grid, grid) / 2.99792458e18
    return float(-2.5 * np.log10(f_nu) - 48.6)


def letter(source: Source, wavelength: float) -> str:
    """Letter of the style in which a band is drawn: its own, or the nearest in wavelength."""
    own = source.label.split(" (")[0].split(" ")[-1].lower().removesuffix("s").rstrip("0123456789")
    for at, name in LETTERS.items():
        if name == own and abs(np.log(at / wavelength)) < 0.15:
            return name
    return LETTERS[min(LETTERS, key=lambda at: abs(np.log(at / wavelength)))]


def build(folder: Path) -> None:
    """Write the shipped files from the packages in a folder."""
    from astropy.io import fits

    table = fits.getdata(folder / VEGA)
    vega = table["WAVELENGTH"].astype(float), table["FLUX"].astype(float)
    rows, magnitudes, curves = [], [], []
    for source in sources():
        curve = trimmed(read(source, folder))
        few = thinned(curve)
        at = mean_wavelength(curve)
        zero = vega_magnitude(few, vega)
        version = PACKAGES[source.package][0] if source.package in PACKAGES else ""
        origin = f"{source.package} {version}: {source.item}" if version else source.item
        shown = source.label, letter(source, at), f"{at:.2f}", f"{zero:.3f}"
        rows.append([source.band, *shown, origin, source.note])
        magnitudes.append([source.band, *(f"{magnitude(curve, t):.5f}" for t in TEMPERATURES)])
        curves.append(few)
    DATA.mkdir(exist_ok=True)
    heads = ["band", "label", "letter", "wavelength", "vega", "curve", "note"]
    _write(DATA / "bands.csv", heads, rows)
    reference = ROOT / "tests" / "bandpass_magnitudes.csv"
    _write(reference, ["band", *(f"{t:.0f}" for t in TEMPERATURES)], magnitudes)
    np.savez_compressed(
        DATA / "bandpasses.npz",
        bands=np.array([row[0] for row in rows]),
        sizes=np.array([len(wave) for wave, _ in curves], dtype=np.int32),
        wavelength=np.concatenate([wave for wave, _ in curves]).astype(np.float32),
        transmission=np.concatenate([values for _, values in curves]).astype(np.float32),
    )
    points, size = sum(len(wave) for wave, _ in curves), (DATA / "bandpasses.npz").stat().st_size
    print(f"{len(rows)} bands, {points} points, {size / 1000:.0f} kB")


def _write(path: Path, heads: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([heads, *rows])


def shipped() -> Iterator[tuple[str, Curve]]:
    """Every band of the shipped file with its curve."""
    with np.load(DATA / "bandpasses.npz") as stored:
        ends = np.cumsum(stored["sizes"])[:-1]
        waves = np.split(stored["wavelength"].astype(float), ends)
        values = np.split(stored["transmission"].astype(float), ends)
        yield from zip(stored["bands"].tolist(), zip(waves, values, strict=True), strict=True)


def compare(folder: Path) -> None:
    """Print where black bodies move by over 1 mmag from those through sncosmo's own files."""
    import os

    # sncosmo would fetch what is not in the folder: through this proxy it fails at once
    os.environ |= {"SNCOSMO_DATA_DIR": str(folder), "https_proxy": "http://127.0.0.1:9"}
    import sncosmo

    for band, curve in shipped():
        try:
            theirs = sncosmo.get_bandpass(band)
        except Exception:  # sncosmo raises bare Exception, URLError, OSError, ...
            continue
        other = trimmed((np.asarray(theirs.wave), np.asarray(theirs.trans)))
        by = 1000 * moved(curve, other)
        off = mean_wavelength(curve) - mean_wavelength(other)
        cells = " | ".join(f"{value:.1f}" for value in by)
        print(f"| {band} | {off:.1f} | {cells} |" + ("" if np.abs(by).max() > 1 else " same"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["build", "compare"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    {"build": build, "compare": compare}[arguments.step](arguments.folder)
