"""The campaign ``fits``: one unit per candidate and model, and the ranking they add up to."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.candidates.bounded import BoundedReader, NoReader
from nmma_fitter.candidates.nights import object_name
from nmma_fitter.candidates.rows import Place
from nmma_fitter.config import Config, fit_settings
from nmma_fitter.delivery import report
from nmma_fitter.delivery.products import Finished, write_product
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.folders import make_below
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.night import standing
from nmma_fitter.engine.unit import State, Unit
from nmma_fitter.engine.want import Wanted
from nmma_fitter.errors import BadInput, NmmaFitterError, Unavailable
from nmma_fitter.fit_options import check_name, check_tables
from nmma_fitter.fit_request import FitRequest, check_available
from nmma_fitter.fits import check_names, make_unit, requests_of
from nmma_fitter.plain import without_tokens
from nmma_fitter.prior_files import prior_text
from nmma_fitter.schedulers.base import Resources

ALL = "*"  # stands for every model of a file that cannot be read


@dataclass(frozen=True)
class _Read:
    """What a candidate file asked for, and the marks of it and the priors at that time."""

    mark: tuple[object, ...]
    wanted: list[Wanted]

    @property
    def lacks(self) -> list[str]:
        """Models that could not be fitted, since something of theirs was not here."""
        return [one.task for one in self.wanted if one.reason == Unavailable.reason]


class FitsCampaign:
    """Units and products of the campaign.

    Parameters
    ----------
    config : Config
    models : sequence of str, optional
        Instead of the configured ones.
    """

    name = "fits"

    def __init__(self, config: Config, wanted: Sequence[str] | None = None) -> None:
        self._config = config
        self._read: dict[str, dict[Path, _Read]] = {}
        self.models = list(dict.fromkeys(wanted or config.fits.models))
        check_tables(config.fits, self.models)
        for model in config.fits.together:
            check_name(model, fit_settings(config.fits, model))
        for model in self.models:
            settings = fit_settings(config.fits, model)
            check_name(model, settings)
            # one that is missing fails here, and once
            priors = prior_text(config.fits, model, settings)
            check_names(model, settings, priors.text, priors.origin)

    def wanted(
        self, night: str, files: Iterable[Path], known: Container[str] = frozenset()
    ) -> list[Wanted]:
        """What a night's candidate files ask for, in the files' order.

        A file that cannot be read is a failure of its own; the rest of the night goes on. One that
        has not changed since the last call is not read again, unless what a model of it lacked has
        come.
        """
        earlier, priors = self._read.get(night, {}), self._priors()
        read: dict[Path, _Read] = {}
        found: dict[Path, list[Wanted]] = {}
        with BoundedReader(self._config.paths.state / "reading" / "candidates") as reader:
            for path in files:
                mark = (_mark(path), priors)
                one = earlier.get(path)
                if one is None or one.mark != mark or any(map(self.available, one.lacks)):
                    one = _Read(mark, self._of_file(night, path, known, reader))
                if None not in mark and one.wanted[0].task != ALL:
                    read[path] = one
                found[path] = one.wanted
        self._read[night] = read
        return _once_each(found)

    def available(self, task: str) -> bool:
        """Whether a model that is asked for can be fitted here; looked for again at times."""
        if task not in self.models:
            return False
        try:
            check_available(task, fit_settings(self._config.fits, task), self._config.fits.nmma)
        except Unavailable:
            return False
        return True

    def _priors(self) -> tuple[str, ...] | None:
        """Text of the models' prior files; None when they cannot all be read."""
        fits = self._config.fits
        try:
            return tuple(prior_text(fits, m, fit_settings(fits, m)).text for m in self.models)
        except (NmmaFitterError, OSError, UnicodeDecodeError):
            return None

    def _of_file(
        self, night: str, path: Path, known: Container[str], reader: BoundedReader
    ) -> list[Wanted]:
        try:
            requests = requests_of(path, self.models, self._config.fits, read_file=reader.read)
        except NoReader:  # no fault of the file
            raise
        except (NmmaFitterError, OSError) as error:
            reason = getattr(error, "reason", "bad_input")
            return [Wanted(object_name(path), ALL, None, State.FAILED, reason, str(error))]
        return [self._of_request(night, request, known) for request in requests]

    def _of_request(self, night: str, request: FitRequest, known: Container[str]) -> Wanted:
        try:
            request.check_data()
            if request.digest not in known:  # a model may take seconds to load
                request.check_model()
        except NmmaFitterError as error:
            state = State.SKIPPED if error.exit_status == 3 else State.FAILED
            return Wanted(request.object, request.model, None, state, error.reason, str(error))
        unit = self.unit(night, request)
        return Wanted(request.object, request.model, unit)

    def collect(
        self, folder: Path, name: str, endings: Sequence[Ending], history: Sequence[UnitRow]
    ) -> None:
        """Rank an object's models, and write its page; an unchanged light curve's points back."""
        needs = [ending.need for ending in endings]
        earlier = {need.unit_night for need in needs if need.digest}
        unchanged = bool(earlier) and all(standing(n) == "unchanged" for n in needs if n.digest)
        fits = [_finished(ending) for ending in endings]
        outdir, night = self._config.paths.outdir, needs[0].night
        make_below(outdir, folder)
        write_product(folder, name, fits, points_to=max(map(str, earlier)) if unchanged else None)
        report.write_object_page(outdir, folder, name, night, fits, report.refits(history))

    def show(self, ledger: Ledger, night: str) -> None:
        """Write a night's page."""
        outdir = self._config.paths.outdir
        folder, revision, closed = ledger.night(night)
        needs = ledger.needs(night)
        report.write_night_page(outdir, folder, night, needs, revision=revision, closed=closed)

    def show_all(self, ledger: Ledger) -> None:
        """Write the index, and what all pages load."""
        report.write_assets(self._config.paths.outdir)
        report.write_index(self._config.paths.outdir, ledger.statistics())

    def unit(self, night: str, request: FitRequest) -> Unit:
        """The unit of a fit in a night's folder."""
        outdir = self._config.paths.outdir
        table = self._config.fits.model.get(request.model)
        resources = Resources(
            cores=request.cores,
            memory_mb=table.memory_mb if table else 2000,
            seconds=table.time_limit if table else 3600,
            options=self._config.scheduler.options,
        )
        folder = outdir / folder_name(night) / folder_name(request.object) / request.model
        together = request.model in self._config.fits.together
        return make_unit(request, night, folder, resources, together=together)


def _mark(path: Path) -> tuple[int, ...] | None:
    """Changes whenever a file does; None when there is no telling."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _once_each(found: Mapping[Path, list[Wanted]]) -> list[Wanted]:
    """What files ask for: of an object that is in several, one counts, and the others fail.

    The file that is named after the object wins over one that only claims it, then the first by
    name. Files with the same photometry are no conflict.
    """
    owners: dict[str, Path] = {}
    for path in sorted(found, key=lambda path: (object_name(path) != _object(found[path]), path)):
        owners.setdefault(_object(found[path]), path)
    wanted: list[Wanted] = []
    for path, asked in found.items():
        name = _object(asked)
        owner = owners[name]
        if asked[0].task == ALL or path == owner:
            wanted += asked
        elif _what(asked) != _what(found[owner]):
            why = f"{Place(path)}: {name} has a light curve in {owner.name!r} already; keep one"
            wanted.append(Wanted(object_name(path), ALL, None, State.FAILED, BadInput.reason, why))
    return wanted


def _object(asked: Sequence[Wanted]) -> str:
    """Whose light curve a file is; nobody's where it cannot be read."""
    return "" if asked[0].task == ALL else asked[0].object


def _what(asked: Sequence[Wanted]) -> list[tuple[str, str | None]]:
    """What is fitted of a file, or why nothing is."""
    return [(one.task, one.unit.digest if one.unit else one.detail) for one in asked]


def _finished(ending: Ending) -> Finished:
    need = ending.need
    state, reason = need.state.value, need.reason or ""
    shown = ending.shown or (Path(need.folder) if need.folder else None)
    return Finished(need.task, ending.run, state, reason, without_tokens(need.detail), shown)
