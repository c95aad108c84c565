"""HGN: its sizes, its layers and fusions against plain formulas, its outputs, and that it learns."""

from __future__ import annotations

import hgn_graphs
import mesh_files
import pytest
import torch
from lively_norms import draw_norms
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency
from pipeline.lifting.models import HGN, GraphConv, NonLocal, SemGraphConv, build_model, parameter_count
from pipeline.lifting.models.hgn import (
    Fusion,
    HierarchicalGraphConv,
    HierarchicalNonLocal,
    HierarchicalSemGraphConv,
    fixed_maps,
    node_linear,
)
from pipeline.lifting.outputs import PoseAndMeshes, PoseMixture

SMALL = mesh_files.graphs()  # 6 and 12 nodes, fake ones among them


def network(graphs: MeshGraphs | None = SMALL, head: dict | None = None, **model: object) -> HGN:
    settings = {"name": "hierarchical_graph_network", "non_local": "ungrouped", **model}
    variant = {"paper": "hgn", "title": "x", "joints": 17, "targets": "meshes", "model": settings, "head": head or {}}
    torch.manual_seed(0)
    return build_model(LiftingVariant.model_validate(variant), HUMAN36M_17, graphs)


def parts(output: PoseAndMeshes) -> list[Tensor]:
    return [part for part in (output.pose, output.coarse, output.fine) if part is not None]


# --- sizes ------------------------------------------------------------------------------------------------------------


def expected_size(channels: int, semantic: bool, scales: tuple[tuple[int, int, int], ...]) -> int:
    """By layers; a scale is (nodes, entries of its graph, residual blocks)."""
    matrices = 2 if semantic else 1

    def convolution(ins: int, outs: int, entries: int) -> int:
        return matrices * ins * outs + outs + (entries if semantic else 0)

    half = channels // 2
    non_local = 3 * (channels * half + half) + 2 * half + (half * channels + channels) + 2 * channels
    count = convolution(2, channels, 49) + 2 * channels
    for _, entries, blocks in scales:
        count += blocks * (2 * (convolution(channels, channels, entries) + 2 * channels) + non_local)
        count += convolution(channels, 3, entries)
    sizes = [nodes for nodes, _, _ in scales]

    def maps(pairs: list[tuple[int, int]]) -> int:
        return sum(sizes[one] * sizes[other] + sizes[other] for one, other in pairs)

    count += maps([(0, 1)]) + (4 if len(sizes) == 2 else 2) * maps([(0, 1), (1, 0)])
    if len(sizes) == 3:
        pairs = [(one, other) for one in range(3) for other in range(3) if one != other]
        count += maps([(0, 2), (1, 2)]) + 2 * maps(pairs)
    return count


BOTH = ((17, 49, 4), (48, 340, 4), (96, 581, 2))


@pytest.mark.parametrize(
    ("channels", "convolution", "meshes", "parameters", "printed"),
    [
        (128, "semantic", "both", 1_046_982, "1.05"),  # the paper prints 1.04, which it is without the edge scores
        (128, "semantic", "fine", 821_601, "0.82"),
        (128, "semantic", "coarse", 811_848, "0.81"),
        (91, "semantic", "fine", 427_074, "0.43"),
        (92, "semantic", "coarse", 427_692, "0.43"),
        (79, "semantic", "both", 429_937, "0.43"),
        (64, "semantic", "both", 300_742, "0.30"),  # printed as 0.29, for the same reason
        (64, "vanilla", "both", 211_663, "0.21"),
        (128, "vanilla", "both", 711_439, "0.71"),
    ],
)
def test_sizes_are_those_of_tables_2_to_4(channels: int, convolution: str, meshes: str, parameters: int, printed: str):
    count = parameter_count(
        network(hgn_graphs.authors_sized(), channels=channels, convolution=convolution, meshes=meshes)
    )
    scales = {"both": BOTH, "fine": (BOTH[0], (96, 581, 4)), "coarse": BOTH[:2]}[meshes]
    assert count == parameters == expected_size(channels, convolution == "semantic", scales)
    assert f"{count / 1e6:.2f}" == printed


def test_the_size_is_the_checkpoints_formula():
    edges = hgn_graphs.EDGES
    expected = 1_040_527 + 10 * edges["joints"] + 9 * edges["coarse"] + 5 * edges["fine"]
    assert parameter_count(network(hgn_graphs.authors_sized())) == expected
    narrow = network(hgn_graphs.authors_sized(), channels=64)
    scores = sum(value.numel() for name, value in narrow.named_parameters() if name.endswith("edge_scores"))
    assert f"{(parameter_count(narrow) - scores) / 1e6:.2f}" == "0.29"


def test_a_fixed_fusion_has_no_parameters():
    fixed, learned = network(fusion="fixed", channels=8), network(channels=8)
    maps = sum(value.numel() for name, value in learned.named_parameters() if name.startswith("fusions."))
    assert maps > 0 and parameter_count(learned) - parameter_count(fixed) == maps
    assert not any(name.startswith("fusions.") for name in fixed.state_dict())


# --- layers: the same functions as SemGCN's, in another order of operations -------------------------------------------


@pytest.mark.parametrize("nodes", ["coarse", "fine"])
@pytest.mark.parametrize(("ins", "outs"), [(2, 24), (24, 24), (13, 13), (24, 3)])
@pytest.mark.parametrize(
    ("ours", "plain"), [(HierarchicalSemGraphConv, SemGraphConv), (HierarchicalGraphConv, GraphConv)]
)
def test_a_graph_convolution_is_semgcns(ours: type, plain: type, nodes: str, ins: int, outs: int):
    """With fake nodes, which have no edges: in SemGConv they attend to all nodes alike."""
    graph = torch.from_numpy(getattr(hgn_graphs.authors_sized(), nodes).adjacency).double()
    first, second = ours(ins, outs, graph).double(), plain(ins, outs, graph).double()
    for parameter in first.parameters():
        nn.init.normal_(parameter)
    second.load_state_dict(first.state_dict())
    features = torch.randn(5, len(graph), ins, dtype=torch.float64)
    torch.testing.assert_close(first(features), second(features), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("channels", [16, 13])
def test_a_non_local_layer_is_semgcns_ungrouped_one(channels: int):
    first, second = HierarchicalNonLocal(channels).double(), NonLocal(channels, group_size=1).double()
    for parameter in first.parameters():
        nn.init.normal_(parameter)
    second.load_state_dict(first.state_dict())
    features = torch.randn(5, 48, channels, dtype=torch.float64)
    torch.testing.assert_close(first(features), second(features), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize(("sending", "receiving"), [(17, 48), (48, 17), (48, 96), (96, 48), (6, 6)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_nodes_are_mixed_by_a_matrix(sending: int, receiving: int, with_bias: bool):
    features = torch.randn(3, sending, 10, dtype=torch.float64)
    weight, bias = torch.randn(receiving, sending).double(), torch.randn(receiving).double()
    expected = torch.einsum("rs,bsc->brc", weight, features)
    expected = expected + bias[:, None] if with_bias else expected
    torch.testing.assert_close(node_linear(features, weight, bias if with_bias else None), expected)


# --- fusions ----------------------------------------------------------------------------------------------------------

NODES = {"joints": 3, "coarse": 4, "fine": 8}


def features_of(names: tuple[str, ...]) -> dict[str, Tensor]:
    return {name: torch.randn(2, NODES[name], 5) for name in names}


def weights_of(fusion: Fusion) -> dict[str, tuple[Tensor, Tensor]]:
    return {name: (linear.weight, linear.bias[:, None]) for name, linear in fusion.maps.items()}


def test_a_parallel_fusion_is_eq_3():
    fusion = Fusion(NODES, list(NODES), list(NODES))
    features = features_of(tuple(NODES))
    fused, weights = fusion(features), weights_of(fusion)
    for receiver in NODES:
        expected = features[receiver]
        for sender in NODES:
            if sender != receiver:
                weight, bias = weights[f"{sender}_to_{receiver}"]
                expected = expected + weight @ features[sender] + bias
        torch.testing.assert_close(fused[receiver], expected)


def test_a_sequential_fusion_is_the_authors():
    """A1 = P1 + C21 P2 + C31 P3; A2 = P2 + C12 A1 + C32 P3; A3 = P3 + C13 A1 + C23 A2."""
    fusion = Fusion(NODES, list(NODES), list(NODES), sequential=True)
    p = features_of(tuple(NODES))
    weights = weights_of(fusion)

    def sent(sender: str, receiver: str, features: Tensor) -> Tensor:
        weight, bias = weights[f"{sender}_to_{receiver}"]
        return weight @ features + bias

    a1 = p["joints"] + sent("coarse", "joints", p["coarse"]) + sent("fine", "joints", p["fine"])
    a2 = p["coarse"] + sent("joints", "coarse", a1) + sent("fine", "coarse", p["fine"])
    a3 = p["fine"] + sent("joints", "fine", a1) + sent("coarse", "fine", a2)
    fused = fusion(p)
    for name, expected in zip(NODES, (a1, a2, a3), strict=True):
        torch.testing.assert_close(fused[name], expected)


@pytest.mark.parametrize("sequential", [False, True])
def test_a_graph_that_begins_in_a_fusion_gets_what_the_others_send(sequential: bool):
    fusion = Fusion(NODES, ["joints", "coarse"], list(NODES), sequential)
    features = features_of(("joints", "coarse"))
    fused, weights = fusion(features), weights_of(fusion)
    assert "fine_to_joints" not in weights and "fine_to_coarse" not in weights
    sent = fused if sequential else features
    pairs = [(weights[f"{name}_to_fine"], sent[name]) for name in ("joints", "coarse")]
    torch.testing.assert_close(fused["fine"], sum(weight @ value + bias for (weight, bias), value in pairs))


def test_fixed_maps_copy_to_nodes_and_average_over_them():
    """Joint 1 has the coarse nodes 0 and 2; coarse node 1 is fake. Of its children coarse node 2 has a real one."""
    joint_of = {"coarse": torch.tensor([1, -1, 1, 0]), "fine": torch.tensor([1, 2, -1, -1, 1, -1, 0, 0])}
    maps = fixed_maps(3, joint_of)
    assert maps["joints", "coarse"].tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert maps["coarse", "joints"].tolist() == [[0, 0, 0, 1], [0.5, 0, 0.5, 0], [0, 0, 0, 0]]
    assert maps["coarse", "fine"].nonzero().tolist() == [[0, 0], [1, 0], [4, 2], [6, 3], [7, 3]]
    fine_to_coarse = maps["fine", "coarse"]
    assert fine_to_coarse[0].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0, 0] and fine_to_coarse[1].sum() == 0
    assert fine_to_coarse[2].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    features = features_of(tuple(NODES))
    fused = Fusion(NODES, list(NODES), list(NODES), maps=maps)(features)
    coarse, joints = features["coarse"], features["joints"]
    own_joint = torch.stack([joints[:, 1], 0 * joints[:, 0], joints[:, 1], joints[:, 0]], dim=1)
    fine = features["fine"]
    children = torch.stack(
        [(fine[:, 0] + fine[:, 1]) / 2, 0 * fine[:, 0], fine[:, 4], (fine[:, 6] + fine[:, 7]) / 2], 1
    )
    torch.testing.assert_close(fused["coarse"], (coarse + own_joint + children) / 3)


# --- the whole --------------------------------------------------------------------------------------------------------

VARIANTS = {
    "full": {},
    "sequential": {"fusion": "sequential"},
    "fixed": {"fusion": "fixed"},
    "coarse": {"meshes": "coarse"},
    "fine": {"meshes": "fine"},
    "fine_fixed": {"meshes": "fine", "fusion": "fixed"},
    "vanilla": {"convolution": "vanilla"},
    "local": {"non_local": "none"},
    "dropout": {"dropout": 0.1},
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("channels", [16, 13])
def test_outputs_are_a_pose_and_the_meshes_there_are(name: str, channels: int):
    settings = VARIANTS[name]
    output = network(channels=channels, **settings)(torch.randn(6, 17, 2))
    meshes = settings.get("meshes", "both")
    assert isinstance(output, PoseAndMeshes) and output.pose.shape == (6, 17, 3)
    assert (output.coarse is None) == (meshes == "fine") and (output.fine is None) == (meshes == "coarse")
    assert output.coarse is None or output.coarse.shape == (6, 6, 3)
    assert output.fine is None or output.fine.shape == (6, 12, 3)
    again = network(channels=channels, **settings)
    torch.manual_seed(0)
    first = again(torch.ones(6, 17, 2))
    torch.manual_seed(0)
    assert all(
        torch.equal(one, other) for one, other in zip(parts(first), parts(again(torch.ones(6, 17, 2))), strict=True)
    )


def test_the_subnetworks_have_four_four_and_two_blocks():
    def blocks(**model: object) -> dict[str, int]:
        return {name: len(layers) for name, layers in network(channels=8, **model).residuals.items()}

    assert blocks() == {"joints": 4, "coarse": 4, "fine": 2}
    assert blocks(meshes="fine") == {"joints": 4, "fine": 4}
    assert blocks(meshes="coarse") == {"joints": 4, "coarse": 4}


def test_graphmdns_head_makes_a_mixture_of_the_joints_outputs():
    model = network(head={"name": "mixture", "kernels": 4}, channels=16)
    output = model(torch.randn(6, 17, 2))
    assert isinstance(output.pose, PoseMixture) and output.pose.means.shape == (6, 4, 17, 3)
    assert output.coarse.shape == (6, 6, 3) and output.fine.shape == (6, 12, 3)
    assert model.raw(torch.randn(6, 17, 2))["joints"].shape == (6, 17, 20)


def test_the_orders_of_a_fusion_differ_and_share_their_weights():
    parallel, sequential = network(channels=16), network(channels=16, fusion="sequential")
    sequential.load_state_dict(parallel.state_dict())
    keypoints_2d = torch.randn(8, 17, 2)
    assert not torch.allclose(parallel(keypoints_2d).pose, sequential(keypoints_2d).pose, atol=1e-3)


def test_every_mesh_sees_the_joints_and_the_joints_every_mesh():
    """No output is cut off from any parameter but the outputs' own."""
    model = network(channels=16)
    keypoints_2d = torch.randn(8, 17, 2)
    for name in ("joints", "coarse", "fine"):
        model.zero_grad()
        model.raw(keypoints_2d)[name].square().sum().backward()
        without = [key for key, value in model.named_parameters() if value.grad is None and "outputs." not in key]
        last = [key for key in without if not key.startswith("fusions.4.maps.") or key.endswith((f"_to_{name}", "x"))]
        assert last == []


def test_poses_do_not_see_each_other_in_evaluation():
    model, keypoints_2d = draw_norms(network(channels=16)).double(), torch.randn(12, 17, 2).double()
    together = model(keypoints_2d)
    alone = [parts(model(one)) for one in keypoints_2d.split(1)]
    for place, whole in enumerate(parts(together)):
        torch.testing.assert_close(torch.cat([one[place] for one in alone]), whole)


@pytest.mark.parametrize("name", ["full", "fixed", "fine", "vanilla"])
def test_overfits_one_batch(name: str):
    model = network(channels=24, **VARIANTS[name])
    torch.manual_seed(1)
    keypoints_2d = torch.randn(16, 17, 2)
    joints_3d = 0.5 * torch.sin(adjacency(HUMAN36M_17) @ keypoints_2d @ torch.randn(2, 3))
    vertices = {size: torch.randn(size, 17).softmax(dim=1) @ joints_3d for size in (6, 12)}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        output = model(keypoints_2d)
        pose = (output.pose - joints_3d).square().mean()
        meshes = sum((mesh - vertices[mesh.shape[1]]).square().mean() for mesh in parts(output)[1:])
        (pose + meshes).backward()
        optimizer.step()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert pose / joints_3d.var() < 0.3
    assert meshes / vertices[12].var() < (2.0 if name == "vanilla" else 0.3)


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_settings_that_it_cannot_be_built_from_are_refused():
    with pytest.raises(ValueError, match="built over a body's mesh graphs: none were given"):
        network(None)
    with pytest.raises(ValueError, match="no groups to pool: take non_local: ungrouped"):
        network(non_local="grouped")
    for settings in ({"convolution": "attention"}, {"edge_weights": "raw"}):
        with pytest.raises(ValueError, match="takes convolution: semantic or vanilla and edge_weights: softmax, not"):
            network(**settings)
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 17, 2\], found \[4, 16, 2\]"):
        network(channels=8)(torch.zeros(4, 16, 2))


def test_graphs_that_do_not_fit_are_refused():
    def build(meshes: dict[str, Tensor], **options: object) -> None:
        skeleton = adjacency(HUMAN36M_17)
        HGN(skeleton, meshes, HierarchicalGraphConv, nn.Identity, nn.Identity(), 3, channels=8, **options)

    with pytest.raises(ValueError, match=r"expected coarse, fine or coarse and fine, found \['finest'\]"):
        build({"finest": torch.eye(6)})
    with pytest.raises(ValueError, match=r"coarse: expected a square adjacency, found \[6, 5\]"):
        build({"coarse": torch.ones(6, 5)})
    with pytest.raises(ValueError, match="fine: expected twice the coarse graph's 6 nodes, found 11"):
        build({"coarse": torch.eye(6), "fine": torch.eye(11)})
    with pytest.raises(ValueError, match="a fixed fusion needs the joint of each of the 6 coarse nodes"):
        build({"coarse": torch.eye(6)}, fusion="fixed")
