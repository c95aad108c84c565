"""Clusters of training data, at which the means of a mixture's components may start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

MOST = 20000  # rows that are clustered, at most


def clusters(rows: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """Centres [count, D] of rows [N, D] by k-means with this seed; for one centre the mean.

    Raises ValueError for fewer rows than centres.
    """
    if len(rows) < count:
        raise ValueError(f"{len(rows)} objects with all that is asked for are too few for {count} components")
    if count == 1:
        return rows.mean(axis=0, keepdims=True)
    centers, _ = kmeans2(rows, count, minit="++", rng=np.random.default_rng(seed))
    return centers
