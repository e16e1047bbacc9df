"""Broad-lined type Ic supernova: Nugent's hypernova template (Levan et al. 2005)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from nmma_fitter.bandpasses import Bandpass, bandpass
from nmma_fitter.bands import wavelength
from nmma_fitter.errors import BadInput, Unavailable, UnsupportedData
from nmma_fitter.models.base import FloatArray, Model, Parameter

_SOURCE = "nugent-hyper"
_PEAK_BAND, _PEAK_MAGNITUDE = "sdssu", -19.0
_DOWNLOAD_SECONDS = 10.0
_LOG_REDSHIFT_STEP = 0.002  # of ln(1+z); finer than the template's 10 Å at 5000 Å
_MONOCHROMATIC_STEP = 0.0005  # without a bandpass to smooth the template: within 0.003 mag
_MAX_LOG_REDSHIFT = np.log(16.0)
_SPACING = 5.0  # ångström, of the bandpass integrals, as in sncosmo
_AB_ZERO = 3631e-23 * 2.99792458e18  # erg Å / (s cm²): f_λ λ² of AB magnitude 0


class NugentHyper(Model):
    """Spectral template of a hypernova, type Ic-BL like SN 1998bw (Levan et al. 2005).

    Magnitudes are integrals over the bandpasses that ship, as those of sncosmo's ``Model.bandmag``:
    f_λ(t, λ) = F(t/(1+z), λ/(1+z)) / (1+z), so that the wavelengths of the band table play
    no part except for dust. The template peaks at -19.0 AB absolute in SDSS u, plus
    ``supernova_mag_boost``. Its day 0 is the explosion. After its last day (117, rest frame) it
    keeps its last spectrum, as sncosmo does; shortward of its first wavelength (1000 Å) it has
    no light, so that a band at a high enough redshift sees +inf.

    Parameters
    ----------
    photometry : {"bandpass", "monochromatic"}
        Whether a magnitude is an integral over the bandpass, or the AB magnitude of f_λ at the
        band's effective wavelength, as in the original pipeline, whose g, r and i sncosmo did not
        know as bandpasses.
    """

    name: ClassVar[str] = "nugent-hyper"
    kind: ClassVar[str] = "supernova"
    paper: ClassVar[str] = "Levan et al. 2005, ApJ 624, 880 (template by P. Nugent, v1.2)"
    nmma_name: ClassVar[str | None] = "nugent-hyper"
    needs: ClassVar[str] = "sncosmo's template nugent-hyper"
    physics: ClassVar[str] = "2"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "supernova_mag_boost",
            "mag",
            r"$\Delta m$ [mag]",
            "added to the template's magnitudes; below 0 is brighter than -19.0 in u",
        ),
    )
    valid_days: ClassVar[tuple[float, float]] = (0.0, 117.0)

    def __init__(self, photometry: str = "bandpass") -> None:
        if photometry not in ("bandpass", "monochromatic"):
            raise BadInput(
                f"photometry {photometry!r} of {self.name}: choose bandpass or monochromatic"
            )
        self._monochromatic = photometry == "monochromatic"
        self._source: Any = None
        self._peak = 0.0
        self._tables: dict[tuple[str, float | None], _BandTable] = {}

    def check_available(self) -> None:
        """Raise `Unavailable` when the template cannot be read or fetched."""
        self._load()

    def check_bands(self, bands: Sequence[str]) -> None:
        """Raise `UnsupportedData` naming bands of no known curve or redder than the template."""
        source = self._load()
        low, high = source.minwave(), source.maxwave()
        reasons = []
        for band in bands:
            try:
                first, last = self._reach(band)
            except BadInput as error:
                reasons.append(f"{band} ({error})")
                continue
            if first < low or last > high:
                reasons.append(f"{band} (the template covers {low:.0f} to {high:.0f} Å)")
        if reasons:
            raise UnsupportedData(f"{self.name} cannot predict {'; '.join(reasons)}")

    def _reach(self, band: str) -> tuple[float, float]:
        """First and last wavelength at which the band sees the template, in ångström."""
        if self._monochromatic:
            return wavelength(band), wavelength(band)
        curve = bandpass(band).wavelength
        return float(curve[0]), float(curve[-1])

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes; +inf before the explosion. See `Model.magnitudes`."""
        phases = days / (1.0 + redshift[:, None])
        apparent = np.empty(days.shape)
        names = np.asarray(bands)
        for band in np.unique(names):
            here = names == band
            at = float(wavelengths[here][0]) if self._monochromatic else None
            apparent[:, here] = self._table(str(band), at).magnitudes(phases[:, here], redshift)
        offset = parameters["supernova_mag_boost"] + 5.0 * np.log10(distance) + 25.0
        return np.where(phases < 0, np.inf, apparent + offset[:, None])

    def _load(self) -> Any:
        """Return sncosmo's source; its unscaled peak magnitude is kept in `_peak`."""
        if self._source is None:
            source = _fetch(lambda sncosmo: sncosmo.get_source(_SOURCE), f"template {_SOURCE}")
            self._peak = _peak_magnitude(source, bandpass(_PEAK_BAND))
            self._source = source
        return self._source

    def _table(self, band: str, at: float | None) -> _BandTable:
        key = (band, at)
        if key not in self._tables:
            source = self._load()
            scale = 10.0 ** (-0.4 * (_PEAK_MAGNITUDE - self._peak))
            response = _at(at) if at else bandpass(band).weights(_SPACING)
            self._tables[key] = _BandTable(source, *response, scale)
        return self._tables[key]


def _at(wavelength: float) -> tuple[FloatArray, FloatArray]:
    """The same for one wavelength: f_λ over that of an AB magnitude of 0, 3631 Jy c / λ²."""
    return np.array([wavelength]), np.array([wavelength**2 / _AB_ZERO])


class _BandTable:
    """Flux of the template in one band, over the template's days and redshift.

    In units of the AB zero point. sncosmo takes this template as linear in time between its 13
    days, so that interpolating between them is exact; in redshift the table grows as asked for.
    """

    def __init__(self, source: Any, wave: FloatArray, weight: FloatArray, scale: float) -> None:
        self._source = source
        # sncosmo keeps the template's days private; all of them are whole days
        every = np.arange(source.minphase(), source.maxphase() + 1.0)
        self._phases = np.asarray(getattr(source, "_phase", every), dtype=float)
        self._wave, self._weight = wave, scale * weight
        self._step = _LOG_REDSHIFT_STEP if len(wave) > 1 else _MONOCHROMATIC_STEP
        self._flux = np.empty((0, len(self._phases)))

    def magnitudes(self, phases: FloatArray, redshift: FloatArray) -> FloatArray:
        """Absolute-scale magnitudes at rest-frame phases (points, n) and redshifts (points,)."""
        position = np.log1p(np.clip(redshift, 0.0, np.expm1(_MAX_LOG_REDSHIFT)))
        position = np.where(np.isnan(redshift), 0.0, position) / self._step
        self._fill(int(np.max(position)) + 2)
        low = position.astype(int)[:, None]
        part = (position - position.astype(int))[:, None]
        day = np.searchsorted(self._phases, phases, side="right") - 1
        day = np.clip(day, 0, len(self._phases) - 2)
        width = np.diff(self._phases)[day]
        fraction = np.clip((phases - self._phases[day]) / width, 0.0, 1.0)
        flux = (1 - part) * self._between(low, day, fraction)
        flux += part * self._between(low + 1, day, fraction)
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitudes = np.where(flux > 0, -2.5 * np.log10(flux), np.inf)
        magnitudes[np.isnan(redshift)] = np.nan
        return magnitudes

    def _between(self, row: Any, day: Any, fraction: FloatArray) -> FloatArray:
        return np.asarray(
            (1 - fraction) * self._flux[row, day] + fraction * self._flux[row, day + 1]
        )

    def _fill(self, rows: int) -> None:
        have = len(self._flux)
        if rows <= have:
            return
        rows = max(rows, 2 * have, 64)
        added = [self._row(self._step * number) for number in range(have, rows)]
        self._flux = np.concatenate([self._flux, added])

    def _row(self, log_stretch: float) -> FloatArray:
        stretch = np.exp(log_stretch)
        rest = self._wave / stretch
        covered = rest >= self._source.minwave()
        flux = np.zeros(len(self._phases))
        if covered.any():
            spectra = self._source.flux(self._phases, rest[covered])
            flux = spectra @ self._weight[covered] / stretch
        return np.asarray(np.maximum(flux, 0.0))


def _peak_magnitude(source: Any, through: Bandpass) -> float:
    """AB magnitude at the template's peak, on the parabola that sncosmo lays through its days."""
    import sncosmo

    band = sncosmo.Bandpass(through.wavelength, through.transmission, name=_PEAK_BAND)
    return float(source.peakmag(band, "ab"))


def _fetch(load: Any, what: str) -> Any:
    """Return what `load` takes from sncosmo, or raise `Unavailable` with what to do."""
    try:
        import sncosmo
    except ImportError as error:
        raise Unavailable("nugent-hyper needs sncosmo: pip install 'sncosmo>=2.11'") from error
    try:
        with _short_timeout():
            return load(sncosmo)
    except Exception as error:  # sncosmo raises bare Exception, URLError, OSError, ...
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"sncosmo's {what} is not on this machine and could not be fetched ({reason}). Set "
            "SNCOSMO_DATA_DIR to a folder that holds it, or load it once where there is a network"
        ) from error


@contextmanager
def _short_timeout() -> Iterator[None]:
    """Make a download fail within seconds: sncosmo itself sets no limit on its first request."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
