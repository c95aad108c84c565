"""Skeletons: their joints, their bones, and the graph that a network uses.

The 17 joints are Human3.6M's in VideoPose3D's order. SemGCN and GraphMDN leave out Neck/Nose and use 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Skeleton:
    """A tree of named joints.

    `parents[j]` is the parent of joint j and comes before it; the root, joint 0, has parent -1. `left` and `right` list
    the joints of the person's own left and right side in the same order, so mirroring swaps them pairwise. `groups` are
    the pairs of joints that a non-local layer pools (SemGCN, section 3.3); empty if none are defined.
    """

    name: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    groups: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) != len(self.parents):
            raise ValueError(f"{self.name}: {len(self.names)} names for {len(self.parents)} parents")
        if self.parents[0] != -1 or any(not 0 <= p < j for j, p in enumerate(self.parents) if j):
            raise ValueError(f"{self.name}: joint 0 must be the root and every parent must come before its children")
        if len(self.left) != len(self.right):
            raise ValueError(f"{self.name}: {len(self.left)} joints on the left, {len(self.right)} on the right")

    @property
    def joint_count(self) -> int:
        return len(self.names)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Bones as (parent, child), one for every joint but the root."""
        return tuple((parent, child) for child, parent in enumerate(self.parents) if parent >= 0)


def without(skeleton: Skeleton, joint: int, name: str, groups: tuple[tuple[int, int], ...] = ()) -> Skeleton:
    """The skeleton without one joint, whose children move to its parent; `groups` use the new numbering."""
    if joint == 0:
        raise ValueError(f"{skeleton.name}: the root cannot be left out")
    kept = [j for j in range(skeleton.joint_count) if j != joint]
    renumbered = {old: new for new, old in enumerate(kept)} | {-1: -1}
    renumbered[joint] = renumbered[skeleton.parents[joint]]
    return Skeleton(
        name=name,
        names=tuple(skeleton.names[j] for j in kept),
        parents=tuple(renumbered[skeleton.parents[j]] for j in kept),
        left=tuple(renumbered[j] for j in skeleton.left if j != joint),
        right=tuple(renumbered[j] for j in skeleton.right if j != joint),
        groups=groups,
    )


HUMAN36M_17 = Skeleton(
    name="human36m_17",
    names=(
        *("Hip", "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "Spine", "Thorax", "Neck/Nose", "Head"),
        *("LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist"),
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    left=(4, 5, 6, 11, 12, 13),
    right=(1, 2, 3, 14, 15, 16),
)

NECK_NOSE = HUMAN36M_17.names.index("Neck/Nose")
KEEP_16 = tuple(j for j in range(HUMAN36M_17.joint_count) if j != NECK_NOSE)

# SemGCN's pooling pairs: knee and ankle, both hips, two pairs of the trunk, elbow and wrist, both shoulders.
HUMAN36M_16 = without(
    HUMAN36M_17,
    NECK_NOSE,
    name="human36m_16",
    groups=((2, 3), (5, 6), (1, 4), (0, 7), (8, 9), (14, 15), (11, 12), (10, 13)),
)


def adjacency(skeleton: Skeleton) -> Tensor:
    """The skeleton graph as D^-1 (A + I), [J, J] float32: each row has a joint and its neighbours and sums to 1.

    D has the row sums of A + I. There are 46 non-zeros for 16 joints and 49 for 17.
    """
    import torch  # the report, which uses the rest of this module, does not need torch

    return torch.from_numpy(normalized_edges(skeleton))


def normalized_edges(skeleton: Skeleton) -> NDArray[np.float32]:
    """`adjacency` as an array."""
    graph = np.eye(skeleton.joint_count, dtype=np.float32)
    for parent, child in skeleton.edges:
        graph[parent, child] = graph[child, parent] = 1.0
    return graph / graph.sum(axis=1, keepdims=True)


def hop_distance(skeleton: Skeleton) -> NDArray[np.int64]:
    """Number of bones between the root and each joint, [J]."""
    hops = [0] * skeleton.joint_count
    for parent, child in skeleton.edges:
        hops[child] = hops[parent] + 1
    return np.array(hops)
