"""Intervals for what is measured: every figure of an evaluation carries n and a 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = Sequence[float] | npt.NDArray[np.float64]

Z95 = 1.959963984540054
RESAMPLES = 2000
SEED = 20261123


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval and how many cases it rests on; all three figures are NaN where n is 0."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]" if self.n else "not measured"


def wilson(passed: int, n: int) -> Estimate:
    """A proportion with its Wilson interval."""
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} of {n} is not a proportion")
    if n == 0:
        return _NOTHING
    p, z2 = passed / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At 0 and n one end is exact; rounding must not move it past the figure itself.
    return Estimate(p, min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)), n)


def bootstrap(values: Values, resamples: int = RESAMPLES, seed: int = SEED) -> Estimate:
    """A mean with its percentile bootstrap interval; the same values always give the same interval."""
    x = np.asarray(values, dtype=float)
    if x.size == 0:
        return _NOTHING
    rng = np.random.default_rng(seed)
    means = x[rng.integers(0, x.size, size=(resamples, x.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(x.mean()), float(low), float(high), int(x.size))


def paired_bootstrap(a: Values, b: Values, resamples: int = RESAMPLES, seed: int = SEED) -> Estimate:
    """The mean of a − b over the same cases, in the same order, with its interval."""
    if len(a) != len(b):
        raise ValueError(f"paired values must be of one length, got {len(a)} and {len(b)}")
    return bootstrap(np.asarray(a, dtype=float) - np.asarray(b, dtype=float), resamples, seed)


_NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
