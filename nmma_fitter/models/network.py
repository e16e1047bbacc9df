"""A small neural network, evaluated for many points at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Layers = tuple[tuple[Weights, Weights], ...]


def evaluate(layers: Layers, inputs: Weights) -> Weights:
    """Output of a multi-layer perceptron whose hidden layers are rectified (max(0, x)).

    Parameters
    ----------
    layers : tuple of (weight, bias)
        Shapes (inputs, outputs) and (outputs,) of each layer.
    inputs : array, shape (points, inputs)

    Returns
    -------
    array, shape (points, outputs)
        nan in the rows whose inputs are.
    """
    hidden = inputs
    for weight, bias in layers[:-1]:
        hidden = hidden @ weight
        hidden += bias
        np.maximum(hidden, 0, out=hidden)
    weight, bias = layers[-1]
    return np.asarray(hidden @ weight + bias)
