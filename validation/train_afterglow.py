"""Make the data of ``nmma_fitter.models.afterglow_proxy``: simulate with afterglowpy, then train.

``python validation/train_afterglow.py simulate training --chunks 100`` fills the folder with chunks
of 1,000 jets, each at 16 times and frequencies of its own; a chunk takes 8 s of CPU. Stop and start
it at will: chunks that are there are left, and more may be asked for later.
``python validation/train_afterglow.py fit training --minutes 7`` trains the networks on all chunks
but the first two, reports the errors on those (quantiles 50, 90 and 99 %, mag), and writes the
packaged file, which 60 chunks made. It needs jax.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.models import afterglow_proxy as proxy
from nmma_fitter.models.blackbody import DAY, SPEED_OF_LIGHT
from nmma_fitter.models.trpi2018 import TrPi2018

FloatArray = NDArray[np.float64]

JETS, OBSERVATIONS = 1000, 16
HELD_OUT = 2
DISTANCE = 100.0
# Half the cones of the shipped model: errors of 0.01 mag (median), without a bias, in half the time
SETTINGS = {"latRes": 6, "tRes": 50, "rtol": 0.1}
BATCH = 2048
FADED = 6.0  # mag below a jet seen on its axis: errors there count half
PACE = 2e-3  # of Adam, at first
NOISE = 0.02  # mag; errors below it count by their square


class Rows(NamedTuple):
    """Inputs and target of the networks, one row for each observation."""

    features: Any
    above_m: Any
    above_c: Any
    p: Any
    flux: Any


def draw(rng: np.random.Generator, jets: int) -> dict[str, FloatArray]:
    """Jets over the whole prior, two thirds of them seen from within or near their wings."""
    uniform = {
        name: rng.uniform(low, high, jets)
        for name, low, high in (
            ("wing_ratio", 1, 5),
            ("log10_E0", 49, 56),
            ("log10_n0", -5, 3),
            ("p", 2, 3),
            ("log10_epsilon_e", -5, -0.31),
            ("log10_epsilon_B", -5, -0.31),
        )
    }
    widest = np.pi / 10
    narrow = 10 ** rng.uniform(-2, np.log10(widest), jets)
    core = np.where(rng.random(jets) < 0.7, rng.uniform(0.01, widest, jets), narrow)
    near = rng.random(jets) * np.minimum(1.5 * uniform["wing_ratio"] * core, np.pi / 2)
    anywhere = np.arccos(rng.random(jets))
    view = np.where(rng.random(jets) < 0.65, near, anywhere)
    return {"inclination_EM": view, "thetaCore": core, **uniform}


def simulate(folder: Path, chunks: int) -> None:
    """Write the chunks that are missing, each the same whenever it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    model = TrPi2018(**SETTINGS)  # type: ignore[arg-type]
    names = ["i"] * OBSERVATIONS
    for chunk in range(chunks):
        path = folder / f"{chunk:05d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([20182, chunk])
        jets = draw(rng, JETS)
        shape = (JETS, OBSERVATIONS)
        days = 10 ** rng.uniform(np.log10(3e-3), np.log10(30), shape)
        wavelengths = 1e8 * SPEED_OF_LIGHT / 10 ** rng.uniform(13.8, 15.6, shape)
        magnitudes = np.concatenate(
            [
                model.magnitudes(
                    {name: values[i : i + 1] for name, values in jets.items()},
                    days[i : i + 1],
                    names,
                    wavelengths[i],
                    np.zeros(1),
                    np.array([DISTANCE]),
                )
                for i in range(JETS)
            ]
        )
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, days=days, wavelengths=wavelengths, magnitudes=magnitudes, **jets)
        partial.replace(path)
        print(path, flush=True)


def rows_of(path: Path) -> Rows:
    """Reduce a chunk by the model's scalings."""
    with np.load(path) as stored:
        chunk = dict(stored)
    parameters = {k: v for k, v in chunk.items() if v.ndim == 1}
    points = len(parameters["p"])
    model = proxy.AfterglowProxy()
    jets = {
        name: values[:, None]
        for name, values in model._jets(
            parameters, np.zeros(points), np.full(points, DISTANCE)
        ).items()
    }
    frequencies = SPEED_OF_LIGHT / (chunk["wavelengths"] * 1e-8)
    scaled_time, above_m, above_c, scale = proxy.scaled(jets, chunk["days"] * DAY, frequencies)
    seen = proxy.features(jets, scaled_time)
    flux = (16.4 - chunk["magnitudes"]) / 2.5 - scale
    p = np.broadcast_to(jets["p"], flux.shape)
    good = np.isfinite(flux)
    return Rows(*(np.float32(v[good]) for v in (seen, above_m, above_c, p, flux)))


def load(paths: Sequence[Path]) -> Rows:
    """Join chunks."""
    return Rows(*(np.concatenate(column) for column in zip(*map(rows_of, paths), strict=True)))


def fit(folder: Path, minutes: float, out: Path, widths: tuple[int, int]) -> None:
    """Train for so many minutes of one core, and write the weights."""
    import jax
    import jax.numpy as jnp

    def network(layers: Any, h: Any) -> Any:
        for weight, bias in layers[:-1]:
            h = h @ weight + bias
            h = h * jax.lax.rsqrt(1 + h * h)
        return h @ layers[-1][0] + layers[-1][1]

    def saturate(x: Any) -> Any:
        x = x / proxy.SATURATION
        return 2 * x * jax.lax.rsqrt(1 + x * x)

    def spectrum(x: Any, y: Any, p: Any, round_: Any) -> Any:
        above_m, above_c = -0.5 * (p - 1) * x, -0.5 * y
        laws = jnp.stack([jnp.maximum(x, y) / 3, above_m, above_c, above_m + above_c])
        sharp = round_ * np.log(10)
        return -jax.nn.logsumexp(-sharp * laws, axis=0) / sharp

    def error(net: Any, rows: Rows) -> Any:
        flux, shift_m, shift_c, round_ = network(net["breaks"], rows.features).T
        x, y = rows.above_m - shift_m, rows.above_c - shift_c
        near = jnp.stack([saturate(x), saturate(y), saturate(x - y)], axis=1)
        rest = network(net["rest"], jnp.concatenate([rows.features, near], axis=1))[:, 0]
        model = proxy.FLUX_UNIT * flux + spectrum(x, y, rows.p, 2 * jnp.exp(round_)) + rest
        return 2.5 * (model - rows.flux)

    def faded(rows: Rows) -> Any:
        on_axis = spectrum(rows.above_m, rows.above_c, rows.p, 2.0)
        return jnp.maximum(0, 2.5 * (on_axis - rows.flux))

    def loss(net: Any, rows: Rows) -> Any:
        weighed = error(net, rows) / (1 + faded(rows) / FADED)
        return jnp.mean(jnp.sqrt(weighed**2 + NOISE**2))

    @jax.jit
    def step(net: Any, first: Any, second: Any, count: Any, rate: Any, rows: Rows) -> Any:
        """One step of Adam (Kingma & Ba 2015)."""
        gradient = jax.grad(loss)(net, rows)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)

        def moved(w: Any, m: Any, v: Any) -> Any:
            return w - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)

        return jax.tree.map(moved, net, first, second), first, second

    paths = sorted(folder.glob("[0-9]*[0-9].npz"))
    training, test = load(paths[HELD_OUT:]), load(paths[:HELD_OUT])
    print(f"{len(paths)} chunks, {len(training.p)} observations to train on", flush=True)
    mean, spread = training.features.mean(axis=0), training.features.std(axis=0)
    training, test = (r._replace(features=(r.features - mean) / spread) for r in (training, test))

    def report() -> str:
        wrong, depth = np.abs(jax.jit(error)(net, test)), np.asarray(faded(test))
        parts = []
        for low, high in ((0, 3), (3, 10), (10, 30), (30, np.inf)):
            those = wrong[(depth >= low) & (depth < high)]
            levels = " ".join(f"{q:.3f}" for q in np.quantile(those, (0.5, 0.9, 0.99)))
            parts.append(f"faded by {low}-{high} mag: {levels}")
        return "; ".join(parts)

    rng = np.random.default_rng(1)
    inputs = training.features.shape[1]
    net: Any = {
        "breaks": _start(rng, [inputs, *[widths[0]] * 3, 4]),
        "rest": _start(rng, [inputs + 3, *[widths[1]] * 3, 1]),
    }
    first = second = jax.tree.map(np.zeros_like, net)
    begun, reported = time.process_time(), 0.0
    for count, some in enumerate(_batches(rng, len(training.p)), start=1):
        done = (time.process_time() - begun) / (60 * minutes)
        if done > reported + 0.1:
            reported = done
            print(f"{done:.0%}, step {count}: {report()}", flush=True)
        if done >= 1:
            break
        rate = PACE * min(1, count / 200) * (0.5 * (1 + np.cos(np.pi * done)) + 1e-3)
        batch = Rows(*(column[some] for column in training))
        net, first, second = step(net, first, second, count, rate, batch)
    print(f"final: {report()}")
    _write(out, net, mean, spread)


def _start(rng: np.random.Generator, widths: Sequence[int]) -> list[tuple[Any, Any]]:
    layers = [
        (np.float32(rng.normal(size=(a, b)) / np.sqrt(a)), np.zeros(b, np.float32))
        for a, b in itertools.pairwise(widths)
    ]
    layers[-1] = (layers[-1][0] * np.float32(0.1), layers[-1][1])
    return layers


def _batches(rng: np.random.Generator, rows: int) -> Iterator[NDArray[np.int64]]:
    while True:
        order = rng.permutation(rows)
        for start in range(0, rows - BATCH + 1, BATCH):
            yield order[start : start + BATCH]


def _write(out: Path, net: Any, mean: Any, spread: Any) -> None:
    """Write the networks, with the standardisation of their inputs in their first layers."""
    arrays = {}
    for name, layers in net.items():
        for i, (weight, bias) in enumerate(layers):
            w, b = np.array(weight, dtype=float), np.array(bias, dtype=float)
            if i == 0:
                w[: len(mean)] /= spread[:, None]
                b -= mean @ w[: len(mean)]
            arrays[f"{name}_weight_{i}"] = np.float32(w)
            arrays[f"{name}_bias_{i}"] = np.float32(b)
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(out, **arrays)
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("simulate", "fit"):
        sub = verbs.add_parser(verb)
        sub.add_argument("folder", type=Path)
        if verb == "simulate":
            sub.add_argument("--chunks", type=int, default=100)
        else:
            sub.add_argument("--minutes", type=float, default=7)
            sub.add_argument("--widths", type=int, nargs=2, default=(64, 128))
            sub.add_argument("--out", type=Path, default=proxy.DATA)
    arguments = parser.parse_args()
    if arguments.verb == "simulate":
        simulate(arguments.folder, arguments.chunks)
    else:
        fit(arguments.folder, arguments.minutes, arguments.out, tuple(arguments.widths))


if __name__ == "__main__":
    main()
