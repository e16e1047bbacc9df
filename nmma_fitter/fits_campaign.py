"""The campaign ``fits``: one unit per candidate and model, and the ranking they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nmma_fitter import models
from nmma_fitter.candidates.nights import object_name
from nmma_fitter.config import Config, fit_settings
from nmma_fitter.delivery.products import Finished, write_product
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.night import standing
from nmma_fitter.engine.unit import State, Unit
from nmma_fitter.engine.want import Wanted
from nmma_fitter.errors import BadInput, NmmaFitterError
from nmma_fitter.fits import FitRequest, make_unit, requests_of
from nmma_fitter.schedulers.base import Resources


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
        self.models = list(wanted or config.fits.models)
        for model in self.models:
            models.get(model)
            fit_settings(config.fits, model)

    def wanted(self, night: str, files: Iterable[Path]) -> list[Wanted]:
        """What a night's candidate files ask for, in the files' order.

        A file that cannot be read is a failure of its own; the rest of the night goes on.
        """
        found: list[Wanted] = []
        seen: dict[str, str] = {}
        for path in files:
            found += self._of_file(night, path, seen)
        return found

    def _of_file(self, night: str, path: Path, seen: dict[str, str]) -> list[Wanted]:
        try:
            requests = requests_of(path, self.models, self._config.fits)
            name = requests[0].object
            if name in seen:
                raise BadInput(
                    f"{path}: {name} has a light curve in {seen[name]} already; keep one of them"
                )
        except (NmmaFitterError, OSError) as error:
            reason = getattr(error, "reason", "bad_input")
            return [Wanted(object_name(path), "*", None, State.FAILED, reason, str(error))]
        seen[name] = path.name
        return [self._of_request(night, request) for request in requests]

    def _of_request(self, night: str, request: FitRequest) -> Wanted:
        try:
            request.check()
        except NmmaFitterError as error:
            state = State.SKIPPED if error.exit_status == 3 else State.FAILED
            return Wanted(request.object, request.model, None, state, error.reason, str(error))
        unit = self.unit(night, request)
        return Wanted(request.object, request.model, unit)

    def collect(self, folder: Path, name: str, endings: Sequence[Ending]) -> None:
        """Rank an object's models; an unchanged light curve's ranking points to its night."""
        needs = [ending.need for ending in endings]
        earlier = {need.unit_night for need in needs if need.digest}
        unchanged = bool(earlier) and all(standing(n) == "unchanged" for n in needs if n.digest)
        fits = [_finished(ending) for ending in endings]
        write_product(folder, name, fits, points_to=max(map(str, earlier)) if unchanged else None)

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
        return make_unit(request, night, folder, resources)


def _finished(ending: Ending) -> Finished:
    need = ending.need
    state, reason = need.state.value, need.reason or ""
    return Finished(need.task, ending.run, state, reason, need.detail, ending.shown)
