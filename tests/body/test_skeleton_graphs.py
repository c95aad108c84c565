"""The skeleton's graph, coarsened: neighbours become one node, and a node is the mean of its joints."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.body.mesh_graphs import SKELETON_LEVELS, skeleton_graphs
from pipeline.geometry.skeleton import HUMAN36M_17

ARRAYS = skeleton_graphs()


@pytest.mark.parametrize("level", range(1, SKELETON_LEVELS + 1))
def test_sizes_halve_and_every_joint_belongs_to_one_node(level: int) -> None:
    real, average = ARRAYS[f"level_{level}_real"], ARRAYS[f"level_{level}_average"]
    assert len(real) == len(ARRAYS["permutation"]) >> level
    assert average.shape == (real.sum(), HUMAN36M_17.joint_count)
    assert ((average > 0).sum(axis=0) == 1).all()
    np.testing.assert_allclose(average.sum(axis=1), 1.0)


def test_the_first_level_pairs_neighbours() -> None:
    bones = {frozenset(edge) for edge in HUMAN36M_17.edges}
    for row in ARRAYS["level_1_average"]:
        joints = np.flatnonzero(row)
        assert len(joints) == 1 or frozenset(joints.tolist()) in bones
        np.testing.assert_allclose(row[joints], 1 / len(joints))


@pytest.mark.parametrize("level", range(1, SKELETON_LEVELS + 1))
def test_nodes_touch_where_a_bone_runs_between_their_joints(level: int) -> None:
    real, members = ARRAYS[f"level_{level}_real"], ARRAYS[f"level_{level}_average"] > 0
    adjacency = ARRAYS[f"level_{level}_adjacency"]
    expected = np.zeros((len(members), len(members)), dtype=bool)
    for parent, child in HUMAN36M_17.edges:
        one, other = members[:, parent].argmax(), members[:, child].argmax()
        expected[one, other] = expected[other, one] = True
    assert ((adjacency[real][:, real] > 0) == expected).all()
    assert not adjacency[~real].any() and not adjacency[:, ~real].any()
