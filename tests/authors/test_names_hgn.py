"""HGN's weights as ours: names, equal outputs, import and export."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import hgn_graphs
import pytest
import torch
from lively_norms import draw_norms
from repository import ROOT
from torch import Tensor, nn

from pipeline.authors.names import export_weights, import_weights, likely_paper
from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency
from pipeline.lifting.models import HGN, build_model
from pipeline.training.checkpoint import CheckpointError

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from plain_hgn import PlainHGN

GRAPHS = hgn_graphs.authors_sized()
ADJACENCIES = (adjacency(HUMAN36M_17), *(torch.from_numpy(one.adjacency) for one in (GRAPHS.coarse, GRAPHS.fine)))


def our_network(channels: int = 12, **model: object) -> HGN:
    settings = {"name": "hierarchical_graph_network", "non_local": "ungrouped", "fusion": "sequential", **model}
    settings["channels"] = channels
    variant = {"paper": "hgn", "title": "x", "joints": 17, "targets": "meshes", "model": settings}
    return build_model(LiftingVariant.model_validate(variant), HUMAN36M_17, GRAPHS)


def plain_network(channels: int) -> PlainHGN:
    """In evaluation mode, with batch norms and edge scores that differ from their initial values."""
    torch.manual_seed(0)
    plain = PlainHGN(*ADJACENCIES, channels=channels)
    for name, parameter in plain.named_parameters():
        if name.endswith(".e"):
            nn.init.normal_(parameter)
    return draw_norms(plain)


def state_of(plain: PlainHGN) -> dict[str, Tensor]:
    return {name: value for name, value in plain.state_dict().items() if not name.endswith(".mask")}


def test_names_shapes_and_their_order_are_the_released_ones():
    """The released list is compared where it is available, the plain network always."""
    exported = export_weights(our_network(128).state_dict(), "hgn")
    weights = {name: list(value.shape) for name, value in exported.items() if not name.endswith("num_batches_tracked")}
    released = ROOT.parent / "shared" / "checkpoints" / "hgn_h128.json"
    if released.exists():
        expected = json.loads(released.read_text())
        assert weights == expected and list(weights) == list(expected)
    plain = {name: list(value.shape) for name, value in state_of(PlainHGN(*ADJACENCIES)).items()}
    assert {name: list(value.shape) for name, value in exported.items()} == plain


@pytest.mark.parametrize("channels", [16, 12])
def test_it_computes_what_the_authors_computes(channels: int):
    plain = plain_network(channels).double()
    ours = our_network(channels).eval().double()
    ours.load_state_dict(import_weights(state_of(plain), "hgn"))
    keypoints_2d = 0.5 * torch.randn(8, 17, 2, dtype=torch.float64)
    output, expected = ours(keypoints_2d), plain(keypoints_2d)
    for found, wanted in zip((output.pose, output.coarse, output.fine), expected, strict=True):
        assert wanted.std() > 0.1
        torch.testing.assert_close(found, wanted, atol=1e-9, rtol=1e-9)


def test_export_and_import_change_no_bit():
    state = our_network().state_dict()
    returned = import_weights(export_weights(state, "hgn"), "hgn")
    assert returned.keys() == state.keys() and all(torch.equal(returned[name], value) for name, value in state.items())
    our_network().load_state_dict(returned)


def test_import_and_export_change_no_bit_with_a_prefix_or_without():
    state = state_of(plain_network(12))
    for given in (state, {f"module.{name}": value for name, value in state.items()}):
        returned = export_weights(import_weights(given, "hgn"), "hgn")
        assert returned.keys() == state.keys()
        assert all(torch.equal(returned[name], value) for name, value in state.items())


def test_its_names_are_recognised():
    state = state_of(plain_network(8))
    assert likely_paper(state) == "hgn"
    with pytest.raises(CheckpointError, match=r"semgcn's network .* by its names this is hgn's"):
        import_weights(state, "semgcn")


@pytest.mark.parametrize(
    "missing", ["fc_3_2_5.conv.bias", "gconv_layers_3_4.1.nonlocal1.phi.weight", "gconv_output_96.e"]
)
def test_the_first_missing_name_is_reported(missing: str):
    state = state_of(plain_network(8))
    del state[missing]
    with pytest.raises(CheckpointError, match=rf"hgn's network .* needs {missing}, which is missing"):
        import_weights(state, "hgn")


def test_a_network_with_one_mesh_cannot_be_exported():
    with pytest.raises(CheckpointError, match=r"needs fusions\.2\.maps\.joints_to_fine\.weight, which is missing"):
        export_weights(our_network(meshes="coarse").state_dict(), "hgn")
