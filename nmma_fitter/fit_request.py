"""One fit of the campaign ``fits``, complete: what decides it, and whether it can be made here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from nmma_fitter import models
from nmma_fitter.candidates.lightcurve import LightCurve, detections, photometry_digest
from nmma_fitter.candidates.records import from_dict, to_dict
from nmma_fitter.candidates.window import in_window, trigger_time
from nmma_fitter.engine.files import Json, canonical_digest, read_json
from nmma_fitter.errors import BadInput, TooFewDetections
from nmma_fitter.fit_absences import look
from nmma_fitter.fit_settings import FitSettings, NmmaTable
from nmma_fitter.nmma_engine import catalogue, place
from nmma_fitter.plain import counted
from nmma_fitter.validation import problem_of

NO_SIGNAL = 2.5 / math.log(10)  # mag, error of a flux that equals its own error
BRIGHTEST = 2.0  # mag
READING = ("bands", "keep_duplicates", "significance")  # settings by which a file is read
# which the photometry has absorbed
PARSE_ONLY = {*READING, "min_detections", "only_bands", "without_bands"}


@dataclass(frozen=True, eq=False)
class FitRequest:
    """One fit, complete: it can be rerun from this alone.

    Attributes
    ----------
    object : str
        The object's name, untrusted text.
    model : str
    settings : FitSettings
    priors : str
        Text of the prior file.
    priors_from : str
        Which file that was, for people.
    lightcurve : LightCurve
        Merged, not yet cut to the window.
    merged : tuple of dict
        What was merged into one measurement, for the log and the result.
    notes : tuple of str
        What the reader left out, converted or took for granted, for the result.
    source : str
        Name of the file it came from.
    cores : int
        Processes of the likelihood; does not change the result.
    nmma : NmmaTable
        Where NMMA is, for a fit by it.
    one_frame : bool
        Whether all bands are drawn in one frame.
    truth : mapping of parameter to float
        What was simulated, drawn in the corner plot; empty where it is not known.
    """

    object: str
    model: str
    settings: FitSettings
    priors: str
    lightcurve: LightCurve
    merged: tuple[Json, ...] = ()
    source: str = ""
    cores: int = 1
    nmma: NmmaTable = field(default_factory=NmmaTable)
    one_frame: bool = False
    truth: Mapping[str, float] = field(default_factory=dict)
    priors_from: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What makes two fits the same: photometry, physics, priors, settings, seed rule."""
        unused = set() if self.by_nmma else {"engine", "nmma"}
        what: Json = {
            "campaign": "fits",
            "photometry": _photometry_digest(self.lightcurve),
            "model": self.model,
            "physics": self.physics,
            "priors": sorted(_prior_lines(self.priors)),
            "settings": self.settings.model_dump(mode="json", exclude=PARSE_ONLY | unused),
        }
        if (self.lightcurve.measured & ~self.lightcurve.detected).any():
            what["significance"] = self.lightcurve.significance  # it may have moved day zero
        return canonical_digest(what)

    @property
    def by_nmma(self) -> bool:
        """Whether NMMA itself is to fit."""
        return self.settings.engine == "nmma"

    @property
    def physics(self) -> str:
        """Version of what predicts the magnitudes."""
        return catalogue.PHYSICS if self.by_nmma else models.MODELS[self.model].physics

    def seed(self, generation: int = 0) -> int:
        """Seed of the sampler: as set, or from the digest, another for each generation."""
        if self.settings.seed is not None:
            return self.settings.seed
        return (int(self.digest[:8], 16) + generation) % 2**31

    def to_json(self) -> Json:
        """The content of ``config.json``."""
        return {
            "object": self.object,
            "model": self.model,
            "physics": self.physics,
            "settings": self.settings.model_dump(mode="json"),
            "priors": self.priors,
            "priors_from": self.priors_from,
            "lightcurve": _record(self.lightcurve),
            "merged": list(self.merged),
            "notes": list(self.notes),
            "source": self.source,
            "cores": self.cores,
            "nmma": self.nmma.model_dump(mode="json"),
            "plots": {"one_frame": self.one_frame, "truth": dict(self.truth)},
        }

    @classmethod
    def from_json(cls, value: Json) -> FitRequest:
        """Read back `to_json`; raises `BadInput` on anything else."""
        try:
            plots = value.get("plots", {})
            return cls(
                object=str(value["object"]),
                model=str(value["model"]),
                settings=FitSettings.model_validate(value["settings"]),
                priors=str(value["priors"]),
                priors_from=str(value.get("priors_from", "")),
                lightcurve=from_dict(value["lightcurve"]),
                merged=tuple(value.get("merged", ())),
                notes=tuple(str(note) for note in value.get("notes", ())),
                source=str(value.get("source", "")),
                cores=int(value.get("cores", 1)),
                nmma=NmmaTable.model_validate(value.get("nmma", {})),
                one_frame=bool(plots.get("one_frame", False)),
                truth={str(k): float(v) for k, v in plots.get("truth", {}).items()},
            )
        except ValidationError as error:
            raise BadInput(f"config.json: {problem_of(error)}; render the unit again") from None
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"config.json: {error}; render the unit again") from None

    @property
    def model_error(self) -> float:
        """Of a model that NMMA evaluates, in mag; the others say it themselves."""
        given = self.settings.model_options.get("model_error")
        return catalogue.described(self.model).model_error if given is None else float(given)

    @property
    def trigger(self) -> float:
        """MJD of day zero."""
        return trigger_time(self.lightcurve, self.settings.trigger)

    @property
    def known_distance(self) -> float | None:
        """Measured luminosity distance in Mpc, or that of a measured redshift; None without."""
        if self.settings.distance is not None:
            return self.settings.distance.value
        if self.settings.redshift is None:
            return None
        from nmma_fitter.models import cosmology

        return float(cosmology.luminosity_distance(np.array([self.settings.redshift.value]))[0])

    @property
    def window(self) -> LightCurve:
        """The measurements that enter the likelihood."""
        chosen = self.settings
        return in_window(
            self.lightcurve, self.trigger, chosen.tmin, chosen.tmax, chosen.open_window
        )

    @property
    def bands(self) -> list[str]:
        """Bands of the window, each once."""
        return sorted(set(self.window.band.tolist()))

    @property
    def sys_error(self) -> dict[str, float]:
        """Systematic error in mag of each band of the window."""
        chosen = self.settings
        return {b: chosen.sys_error_bands.get(b, chosen.sys_error) for b in self.bands}

    def make_model(self) -> models.Model:
        """The model with its settings, checked to be available and able to predict the bands."""
        model = available_model(self.model, self.settings.model_options)
        model.check_bands(self.bands)
        return model

    def check(self, *, fewest: int | None = None) -> None:
        """Raise when this cannot be fitted, with the reason.

        Parameters
        ----------
        fewest : int, optional
            Detections needed in the window, by default the setting's.
        """
        self.check_data(fewest=fewest)
        self.check_model()

    def check_model(self) -> None:
        """Raise when what is to predict the magnitudes is not here, or cannot predict the bands."""
        if self.by_nmma:
            check_available(self.model, self.settings, self.nmma)
            place.check_fit(self.model, self.bands, self.nmma)
        else:
            self.make_model()

    def check_data(self, *, fewest: int | None = None) -> None:
        """Raise when there are fewer detections than a fit needs; `fewest` as in `check`."""
        _check_magnitudes(self.lightcurve)
        everywhere = detections(self.lightcurve)
        if not everywhere:
            raise TooFewDetections(_none_at_all(self.lightcurve))
        needed = self.settings.min_detections if fewest is None else fewest
        count = detections(self.window)
        if count < needed:
            outside = everywhere - count
            hint = f"; {outside} outside it: check tmin and tmax" if outside else ""
            raise TooFewDetections(
                f"only {counted(count, 'detection')} from "
                f"{_day(self.settings.tmin)} to {_day(self.settings.tmax)} the trigger; "
                f"{needed} needed{hint}"
            )


def _none_at_all(lightcurve: LightCurve) -> str:
    weak = int(lightcurve.measured.sum())
    if not weak:
        return "no detection at all"
    return (
        f"no detection at all: {counted(weak, 'measurement')}, none of "
        f"{lightcurve.significance:g} sigma"
    )


def _check_magnitudes(lightcurve: LightCurve) -> None:
    """Refuse what cannot be magnitudes, as fluxes in their column."""
    stated = lightcurve.measured & ~lightcurve.has_flux
    if not stated.any():
        return
    sure = stated & lightcurve.detected
    found = sure if sure.any() else stated  # forced photometry is mostly noise before the event
    if np.median(lightcurve.mag_err[found]) > NO_SIGNAL:
        wrong = f"most magnitude errors are above {NO_SIGNAL:.2f} mag, a signal below its noise"
    elif np.median(lightcurve.mag[found]) < BRIGHTEST:
        wrong = f"most magnitudes are below {BRIGHTEST:g}, brighter than any transient"
    else:
        return
    raise BadInput(f"{lightcurve.name}: {wrong}; if these are fluxes, convert them to AB mag")


def _day(day: float) -> str:
    return f"{abs(day):g} d {'before' if day < 0 else 'after'}"


@lru_cache(maxsize=4)  # the models of a candidate share its light curve
def _photometry_digest(lightcurve: LightCurve) -> str:
    return photometry_digest(lightcurve)


@lru_cache(maxsize=4)
def _record(lightcurve: LightCurve) -> Json:
    return to_dict(lightcurve)


_made: dict[str, models.Model] = {}


def available_model(name: str, options: Json) -> models.Model:
    """A model that can be evaluated here, made once for each process; raises as `look`."""
    key = canonical_digest([name, options])
    if key not in _made:
        _made[key] = look(key, partial(_make, name, options))
    return _made[key]


def _make(name: str, options: Json) -> models.Model:
    model = models.get(name, **options)
    model.check_available()
    return model


def check_available(model: str, settings: FitSettings, nmma: NmmaTable) -> None:
    """Raise `Unavailable` where nothing of a model can be fitted here, asked again at times."""
    if settings.engine == "nmma":
        key = canonical_digest(["nmma", model, nmma.model_dump(mode="json")])
        look(key, partial(place.check_fit, model, (), nmma), place.packages.cache_clear)
    else:
        available_model(model, settings.model_options)


def _prior_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        code = line.split("#", 1)[0].strip()
        if code:
            yield " ".join(code.split())


def read_request(work: Path) -> FitRequest:
    """The fit a work folder is for."""
    value = read_json(work / "config.json")
    if value is None:
        raise BadInput(f"{work / 'config.json'}: missing or not JSON; render the unit again")
    return FitRequest.from_json(value)
