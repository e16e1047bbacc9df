"""Where the two ways of integrating Me2017 lead, with more times and more layers.

``python validation/integrators.py`` prints a Markdown table: magnitudes in r, 0.3 to 10 days after
the merger, of draws of the prior, against the exponential integrator with 1000 layers.
"""

from __future__ import annotations

import argparse

import numpy as np
import records
from nmma_cases import FloatArray, draws

from nmma_fitter import models
from nmma_fitter.bands import wavelength
from nmma_fitter.models import Model, cosmology

BAND, FAINTEST = "ztfr", 35.0
AT = np.geomspace(0.3, 10.0, 25)  # days, source frame
EULER = (  # first time (d), times up to 14 d, layers; NMMA's own first
    (0.01, 150, 300),
    (0.01, 1500, 300),
    (0.0001, 3000, 300),
    (0.0001, 3000, 1500),
)


def magnitudes(model: Model, points: dict[str, FloatArray], grid: FloatArray) -> FloatArray:
    """Magnitudes at `AT` of each point, by way of a grid of source-frame days."""
    redshift = cosmology.redshift(points["luminosity_distance"])
    found = np.empty((len(redshift), len(AT)))
    for i in range(len(redshift)):
        one = {name: values[i : i + 1] for name, values in points.items()}
        curve = model.magnitudes(
            one,
            grid[None, :] * (1 + redshift[i]),
            [BAND] * len(grid),
            np.full(len(grid), wavelength(BAND)),
            redshift[i : i + 1],
            points["luminosity_distance"][i : i + 1],
        )[0]
        lit = np.isfinite(curve)
        found[i] = np.interp(AT, grid[lit], curve[lit]) if lit.any() else np.inf
    return found


def row(name: str, found: FloatArray, reference: FloatArray) -> list[str]:
    """One line of the table."""
    seen = (reference < FAINTEST) & np.isfinite(found)
    numbers = np.quantile(np.abs(found - reference)[seen], [0.5, 0.99, 1.0])
    return [name, str(int(seen.sum())), *(f"{number:.4f}" for number in numbers)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=60)
    points = draws("Me2017", parser.parse_args().draws)
    reference = magnitudes(models.get("Me2017", layers=1000), points, AT)
    rows = [row("exponential, 100 layers", magnitudes(models.get("Me2017"), points, AT), reference)]
    for first, times, layers in EULER:
        model = models.get("Me2017", integrator="nmma", layers=layers)
        name = f"as NMMA, {times} times from {first:g} d, {layers} layers"
        grid = np.geomspace(first, 14.0, times)
        rows.append(row(name, magnitudes(model, points, grid), reference))
    print(records.markdown(["integrator", "magnitudes", "median", "99 %", "largest"], rows))


if __name__ == "__main__":
    main()
