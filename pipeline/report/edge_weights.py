"""What SemGCN's learned edge weights say of the joints (paper, appendix A.4, Figures 7 and 8).

A layer's weights are a matrix [16, 16] whose rows are receiving joints: row i is what joint i takes from itself and
from its neighbours, and sums to 1. The paper averages "the weight of each joint" and does not say of which entries.
Over a row the average is fixed by the number of neighbours, learned or not; so *the weight of a joint* is here its own
entry, on the diagonal: what it keeps of itself. That fits the paper's words (five ends above 0.4, the rest near 0.3).

It is not free of the skeleton either: a hand has one neighbour and the pelvis three, so that with nothing learned a
hand keeps 0.5 and the pelvis 0.25. `uniform_weights` gives these values, which are shown beside every learned number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.skeleton import HUMAN36M_16, hop_distance, normalized_edges

Matrices = NDArray[np.float64]  # [L, 16, 16]

UNIFORM = normalized_edges(HUMAN36M_16).astype(np.float64)  # [16, 16]: every row shared out evenly
EDGES = UNIFORM > 0


def read(run: Run, variant: str, seed: int) -> Matrices:
    """The matrices [L, 16, 16] of the layers inside a variant's residual blocks, in the network's order."""
    path = run.layout.evaluation(variant)
    key = f"seed_{seed}/edge_weights"
    arrays = artifacts.read_arrays(path)
    if key not in arrays:
        raise InputError(f"{path}: {key}: missing; run `python -m pipeline evaluate_lifting --variant {variant}` again")
    matrices = arrays[key].astype(np.float64)
    if matrices.ndim != 3 or matrices.shape[1:] != EDGES.shape:
        raise InputError(f"{path}: {key}: expected [layers, 16, 16], found {list(matrices.shape)}")
    return matrices


def joint_weights(matrices: Matrices) -> NDArray[np.float64]:
    """The weight of each joint, [16]: its own entry, averaged over the layers."""
    return matrices.diagonal(axis1=1, axis2=2).mean(axis=0)


def uniform_weights() -> NDArray[np.float64]:
    """The weight of each joint if no layer had learned anything, [16]."""
    return joint_weights(UNIFORM[None])


def joint_weight(matrices: Matrices, joint: str) -> float:
    return float(joint_weights(matrices)[HUMAN36M_16.names.index(joint)])


def layer_correlation(matrices: Matrices) -> float:
    """Mean correlation of two layers' weights on the skeleton's 46 edges: 1 if every layer learned the same."""
    correlations = np.atleast_2d(np.corrcoef(matrices[:, EDGES]))
    return float(correlations[np.triu_indices(len(matrices), k=1)].mean())


def hop_correlation(matrices: Matrices) -> float:
    """Spearman's rank correlation of the joints' weights with their distance from the pelvis in bones."""
    return float(spearmanr(joint_weights(matrices), hop_distance(HUMAN36M_16)).statistic)
