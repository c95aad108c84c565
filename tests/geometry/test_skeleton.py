"""geometry.skeleton: joint order, tree and graph, compared with the published counts."""

import pytest
import torch

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16, Skeleton, adjacency, hop_distance, without


def named_edges(skeleton: Skeleton) -> set[tuple[str, str]]:
    return {(skeleton.names[parent], skeleton.names[child]) for parent, child in skeleton.edges}


def test_order_is_human36m() -> None:
    order = (
        "Hip RHip RKnee RAnkle LHip LKnee LAnkle Spine Thorax Neck/Nose Head LShoulder LElbow LWrist RShoulder RElbow"
    )
    assert HUMAN36M_17.names == (*order.split(), "RWrist")
    assert HUMAN36M_17.joint_count == 17
    assert HUMAN36M_16.joint_count == 16


def test_16_joints_are_the_17_without_neck() -> None:
    assert HUMAN36M_16.names == tuple(HUMAN36M_17.names[joint] for joint in KEEP_16)
    assert "Neck/Nose" not in HUMAN36M_16.names
    neck = {("Thorax", "Neck/Nose"), ("Neck/Nose", "Head")}
    assert named_edges(HUMAN36M_16) == named_edges(HUMAN36M_17) - neck | {("Thorax", "Head")}


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17])
def test_left_and_right_pair_up(skeleton: Skeleton) -> None:
    pairs = zip(skeleton.left, skeleton.right, strict=True)
    assert all(skeleton.names[left][1:] == skeleton.names[right][1:] for left, right in pairs)
    assert all(skeleton.names[joint].startswith("L") for joint in skeleton.left)
    mirrored = dict(zip(skeleton.left + skeleton.right, skeleton.right + skeleton.left, strict=True))
    for parent, child in skeleton.edges:  # mirroring maps bones to bones
        assert (mirrored.get(parent, parent), mirrored.get(child, child)) in skeleton.edges


def test_groups_pair_every_joint_once() -> None:
    grouped = [joint for pair in HUMAN36M_16.groups for joint in pair]
    assert sorted(grouped) == list(range(16))
    assert [HUMAN36M_16.names[joint] for joint in HUMAN36M_16.groups[0]] == ["RKnee", "RAnkle"]


@pytest.mark.parametrize(("skeleton", "entries"), [(HUMAN36M_16, 46), (HUMAN36M_17, 49)])
def test_adjacency_is_row_normalised_with_the_published_entries(skeleton: Skeleton, entries: int) -> None:
    graph = adjacency(skeleton)
    assert int((graph > 0).sum()) == entries
    torch.testing.assert_close(graph.sum(dim=1), torch.ones(skeleton.joint_count))
    assert torch.equal(graph > 0, (graph > 0).T)
    thorax, hip = skeleton.names.index("Thorax"), 0
    # Thorax is next to Spine, both shoulders and neck or head (with itself 5), Hip to both hips and Spine (4).
    assert graph[thorax, thorax] == pytest.approx(1 / 5)
    assert graph[hip, hip] == pytest.approx(1 / 4)


def test_hop_distance_equals_powers_of_the_graph() -> None:
    graph = adjacency(HUMAN36M_17)
    reached, expected = torch.eye(17)[0], torch.full((17,), -1)
    for hops in range(17):
        newly = (reached > 0) & (expected < 0)
        expected[newly] = hops
        reached = graph @ reached
    assert hop_distance(HUMAN36M_17).tolist() == expected.tolist()


def test_malformed_skeletons_are_refused() -> None:
    with pytest.raises(ValueError, match="names"):
        Skeleton("bad", ("a", "b"), (-1,), (), ())
    with pytest.raises(ValueError, match="parent"):
        Skeleton("bad", ("a", "b", "c"), (-1, 2, 0), (), ())
    with pytest.raises(ValueError, match="left"):
        Skeleton("bad", ("a", "b"), (-1, 0), (1,), ())
    with pytest.raises(ValueError, match="root"):
        without(HUMAN36M_17, 0, "no hip")
