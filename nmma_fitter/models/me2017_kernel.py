"""What `Me2017`'s mass layers radiate, integrated point by point in compiled code.

Single precision, of which a processor takes twice as many numbers at once, changes magnitudes by
1e-5 at most. Importing this module compiles it, or reads back what was compiled: see `compiled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nmma_fitter.models.blackbody import DAY, SPEED_OF_LIGHT
from nmma_fitter.models.compiled import compiled, part

STEP = 0.08
"""Of ln t (days) between the nodes of the grid, which are at its whole multiples."""
FIRST = -173
"""The first node, at 1e-6 days, as a multiple of the step."""
START = -87
"""The node at 1e-3 days, where the integration starts unless it has to earlier, likewise."""

_STEP, _HALF_STEP, _ONE = np.float32(STEP), np.float32(STEP / 2), np.float32(1.0)
_SIXTEENTH = np.float32(1 / 16)
_2, _3, _4, _5 = (np.float32(1 / factorial) for factorial in (2, 6, 24, 120))

# Rows of a point's layers, and columns of the clock; see `integrate`.
_SETTLED, _FREE, _CROSSING, _NEUTRONS, _WEIGHT = range(5)
_INVERSE, _LEFT, _R_PROCESS, _DECAY = range(4)


@part
def _begin(energy: Any, leak: Any, layers: Any, clock: Any, node: Any) -> Any:
    """Set a point's layers at a node; arguments and result as those of `_advance`.

    While nothing leaks, E ∝ t^-0.3 balances heating that falls as t^-1.3.
    """
    power = np.float32(0.0)
    for i in range(energy.size):
        delay = layers[_SETTLED, i] * clock[node, _INVERSE]
        delay -= layers[_FREE, i] * clock[node, _LEFT]
        leak[i] = _HALF_STEP / (delay + layers[_CROSSING, i])
        heat = clock[node, _R_PROCESS] + layers[_NEUTRONS, i] * clock[node, _DECAY]
        energy[i] = heat / (np.float32(0.7) * _STEP + leak[i] + leak[i])
        power += layers[_WEIGHT, i] * energy[i] * (leak[i] + leak[i])
    return power


@part
def _advance(energy: Any, leak: Any, layers: Any, clock: Any, node: Any) -> Any:
    """Take the step that ends at a node with all layers of a point.

    With s from 0 to 1 over the step h of ln t, the energy per gram obeys

        dE/ds = β - y E,    β = h t ė,    y = h (1 + t / (t_d + v t/c)).

    For y constant, as the mean of both ends, and β linear a solution is (β - q)/y with
    q = (β2 - β1)/y; what E differs from it decays as exp(-y s).

    Parameters
    ----------
    energy : array, shape (layers,)
        E in erg/g, changed in place.
    leak : array, shape (layers,)
        h/2 · t / (t_d + v t/c), changed in place.
    layers : array, shape (5, layers)
        Those of the point; see `integrate`, also for `clock`.

    Returns
    -------
    float
        What would be radiated in a step at the rate of its end, erg per gram of the whole mass.
    """
    inverse, left = clock[node, _INVERSE], clock[node, _LEFT]
    r_process, decay = clock[node - 1, _R_PROCESS], clock[node - 1, _DECAY]
    more_r_process = clock[node, _R_PROCESS] - r_process
    more_decay = clock[node, _DECAY] - decay
    power = np.float32(0.0)
    for i in range(energy.size):
        delay = layers[_SETTLED, i] * inverse - layers[_FREE, i] * left
        new_leak = _HALF_STEP / (delay + layers[_CROSSING, i])
        loss = _STEP + leak[i] + new_leak
        change = (more_r_process + layers[_NEUTRONS, i] * more_decay) / loss
        solution = (r_process + layers[_NEUTRONS, i] * decay - change) / loss
        energy[i] = solution + change + _exp_minus(loss) * (energy[i] - solution)
        leak[i] = new_leak
        power += layers[_WEIGHT, i] * energy[i] * (new_leak + new_leak)
    return power


@part
def _exp_minus(y: Any) -> Any:
    """exp(-y) for y ≥ 0, within 3e-7, of operations that a processor does on many numbers at once.

    Taylor's series of exp(y/16), to the power of -16; 0 where that is below single precision.
    """
    x = y * _SIXTEENTH
    series = _ONE + x * (_ONE + x * (_2 + x * (_3 + x * (_4 + x * _5))))
    series *= series
    series *= series
    series *= series
    series *= series
    return _ONE / series


@part
def _depth(layers: Any, clock: Any, node: Any, beta: Any, layer: Any) -> Any:
    """Optical depth of a layer at a node, τ = κ m / (4π v² t²) = t_d/t · β c / (0.96 π v)."""
    delay = layers[_SETTLED, layer] * clock[node, _INVERSE]
    delay -= layers[_FREE, layer] * clock[node, _LEFT]
    return np.float64(delay / layers[_CROSSING, layer]) * beta / (0.96 * np.pi)


@part
def _outside(layers: Any, clock: Any, node: Any, beta: Any, guess: Any) -> Any:
    """How many layers have τ < 1, though at least one and not the last; τ rises inward."""
    outside = guess
    while outside < layers.shape[1] - 1 and _depth(layers, clock, node, beta, outside) < 1.0:
        outside += 1
    while outside > 1 and _depth(layers, clock, node, beta, outside - 1) >= 1.0:
        outside -= 1
    return outside


@part
def _log_velocity(layers: Any, clock: Any, node: Any, beta: Any, outside: Any) -> Any:
    """Logarithm of v/c where τ = 1, between the last layer outside and the next.

    With all layers to one side, that of the inner- or outermost.
    """
    depth1 = np.log(_depth(layers, clock, node, beta, outside - 1))
    depth2 = np.log(_depth(layers, clock, node, beta, outside))
    fraction = min(max(-depth1 / (depth2 - depth1), 0.0), 1.0)
    v1 = np.log(np.float64(layers[_CROSSING, outside - 1]))
    v2 = np.log(np.float64(layers[_CROSSING, outside]))
    return v1 + fraction * (v2 - v1)


@part
def _position(day: Any) -> Any:
    """Place of a time in the grid, in nodes from its first."""
    return np.log(day) / STEP - FIRST


@part
def _node_before(position: Any) -> Any:
    """The last node before a place, though not the first, which an interpolation needs too."""
    return max(int(np.floor(position)), 1)


@part
def _interpolate(values: Any, day: Any) -> Any:
    """Catmull-Rom interpolation between nodes; linear before the first two."""
    position = _position(day)
    i = _node_before(position)
    x = position - i
    p1, p2 = values[i], values[i + 1]
    m1, m2 = 0.5 * (p2 - values[i - 1]), 0.5 * (values[i + 2] - p1)
    bend = 3 * (p2 - p1) - 2 * m1 - m2 + x * (m1 + m2 - 2 * (p2 - p1))
    return p1 + x * (m1 + max(x, 0.0) * bend)


@compiled(
    "void(float32[:, :, ::1], float64[::1], float64[::1], float32[:, ::1],"
    " int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1])"
)
def integrate(
    layers: Any, mass: Any, beta: Any, clock: Any, rows: Any, nodes: Any, log_l: Any, log_r: Any
) -> None:
    """Fill in luminosity and radius of the photosphere at nodes of a grid in ln t.

    Parameters
    ----------
    layers : array of float32, shape (points, 5, layers)
        Of each layer, from the outermost: D κ and D κ_p n in s², with D = 0.24 m / (v c β), so
        that the diffusion time is t_d = (D κ - D κ_p n exp(-t/900 s)) / t; v/c; the mass fraction
        n of neutrons at first; and the weight in the sum over layers, as a share of the whole mass.
    mass, beta : array, shape (points,)
        Whole mass in g, and slope.
    clock : array of float32, shape (nodes, 4)
        At each node: 1/t² and exp(-t/900 s)/t² in s^-2, and what r-process and free neutrons
        would bring in a step, h t ė in erg/g.
    rows : array of int, shape (points,)
        Where each point is in the results.
    nodes : array of int, shape (points, 3)
        Of each point the node where the integration starts, and the first and last to fill in.
    log_l, log_r : array, shape (rows, nodes)
        Ln of erg/s and cm; nan of points whose layers are not finite.
    """
    energy, leak = np.empty_like(layers[0, 0]), np.empty_like(layers[0, 0])
    for point in range(len(rows)):
        own, row = layers[point], rows[point]
        start, first, last = nodes[point]
        if not np.isfinite(own.sum()):
            log_l[row], log_r[row], last = np.nan, np.nan, -1
        outside = 1
        for node in range(start, last + 1):
            if node == start:
                power = _begin(energy, leak, own, clock, node)
            else:
                power = _advance(energy, leak, own, clock, node)
            if node >= first:
                log_t = STEP * (FIRST + node) + np.log(DAY)
                log_l[row, node] = np.log(power / STEP * mass[point]) - log_t
                outside = _outside(own, clock, node, beta[point], outside)
                velocity = _log_velocity(own, clock, node, beta[point], outside)
                log_r[row, node] = velocity + np.log(SPEED_OF_LIGHT) + log_t


@compiled(
    "void(int64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    " float64[:, ::1], float64[:, ::1])"
)
def interpolate(rows: Any, log_l: Any, log_r: Any, days: Any, luminosity: Any, radius: Any) -> None:
    """Fill in luminosity and radius where days are above 0 and finite.

    Both are interpolated in their logarithms between the nodes. Before the first node, at 1e-6
    days, they are extrapolated as power laws.

    Parameters
    ----------
    rows, log_l, log_r
        As of `integrate`.
    days : array, shape (points, observations)
        In the source's frame.
    luminosity, radius : array, shape (points, observations)
        erg/s and cm.
    """
    for point in range(len(rows)):
        own_l, own_r = log_l[rows[point]], log_r[rows[point]]
        for seen in range(days.shape[1]):
            day = days[point, seen]
            if 0.0 < day < np.inf:
                luminosity[point, seen] = np.exp(_interpolate(own_l, day))
                radius[point, seen] = np.exp(_interpolate(own_r, day))
