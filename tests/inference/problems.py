"""Posteriors of known evidence, for every way of sampling."""

from __future__ import annotations

import numpy as np
from scipy.stats import multivariate_normal, norm

PRIORS = (
    "a = Uniform(minimum=0, maximum=1)\n"
    "fixed = 3\n"
    "b = Uniform(minimum=-5, maximum=5)\n"
    "c = Uniform(minimum=0, maximum=2)\n"
)


def gaussian(p):
    """A Gaussian cut by the edge of a, narrow in b, wide in c."""
    return (
        norm.logpdf(p["a"], 0.05, 0.1) + norm.logpdf(p["b"], 1, 0.2) + norm.logpdf(p["c"], 1, 0.3)
    )


TRUE_LOG_Z = np.log(norm.sf(-0.5) / 10 / 2 * (1 - 2 * norm.sf(1 / 0.3)))

FIVE = "".join(f"x{i} = Uniform(minimum=-10, maximum=10)\n" for i in range(5))
TWO_PEAKS_LOG_Z = -5 * np.log(20)


def two_peaks(p):
    """Two narrow peaks far apart, of three and one quarter of the mass, in five dimensions."""
    x = np.column_stack([p[f"x{i}"] for i in range(5)])
    one = multivariate_normal.logpdf(x, np.full(5, 4.0), 0.2)
    two = multivariate_normal.logpdf(x, np.full(5, -4.0), 0.2)
    return np.logaddexp(np.log(0.75) + one, np.log(0.25) + two)


BENT_LOG_Z = -2 * np.log(20) - 3 * np.log(20)


def bent(p):
    """A banana of two parameters, and three that are Gaussian."""
    x, y = p["x0"], p["x1"]
    rest = sum(norm.logpdf(p[f"x{i}"], 0, 1) for i in range(2, 5))
    return norm.logpdf(x, 0, 1.0) + norm.logpdf(y, x**2 - 4, 0.3) + rest
