"""The authors' weights as ours: our networks must compute the same as plain transcriptions of theirs."""

import json
import sys
from pathlib import Path

import pytest
import torch
from repository import ROOT
from torch import Tensor, nn

from pipeline.authors.names import Means, export_weights, import_weights, likely_paper, weights_in
from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_16, adjacency
from pipeline.lifting.models import FullyConnected, build_model
from pipeline.training.checkpoint import CheckpointError

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from plain_graphmdn import PlainGraphMDN

State = dict[str, Tensor]
OUTPUTS = {"semgcn": 3, "graphmdn": 25}
MEANS: dict[str, Means] = {"graphmdn": "tanh"}  # by the paper; the others have no means
NORM = ("weight", "bias", "running_mean", "running_var")


# --- the authors' names, listed a second time: a Python function a module of theirs -----------------------------------


def graph_names(paper: str, channels: int, blocks: int, non_local: bool, outputs: int) -> dict[str, list[int]]:
    word = "nonlocal" if paper == "semgcn" else "non_local"
    shapes = {}

    def convolution(name: str, into: int, out: int) -> None:
        shapes.update({f"{name}.W": [2, into, out], f"{name}.e": [1, 46], f"{name}.bias": [out]})

    def block(name: str, into: int) -> None:
        convolution(f"{name}.gconv", into, channels)
        shapes.update({f"{name}.bn.{part}": [channels] for part in NORM})

    def attention(name: str) -> None:
        half = channels // 2
        for part in ("g.0", "theta", "phi.0"):
            shapes.update({f"{name}.{part}.weight": [half, channels, 1], f"{name}.{part}.bias": [half]})
        shapes[f"{name}.concat_project.0.weight"] = [1, channels, 1, 1]
        shapes.update({f"{name}.W.0.weight": [channels, half, 1], f"{name}.W.0.bias": [channels]})
        shapes.update({f"{name}.W.1.{part}": [channels] for part in NORM})

    block("gconv_input.0", 2)
    if non_local:
        attention(f"gconv_input.1.{word}")
    layer = 0
    for _ in range(blocks):
        block(f"gconv_layers.{layer}.gconv1", channels)
        block(f"gconv_layers.{layer}.gconv2", channels)
        layer += 1
        if non_local:
            attention(f"gconv_layers.{layer}.{word}")
            layer += 1
    convolution("gconv_output", channels, outputs)
    return shapes


def random_state(shapes: dict[str, list[int]], counters: bool = True) -> State:
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in shapes.items():
        spread = 1.0 if len(shape) == 1 or name.endswith(".e") else (2 / max(shape[:2])) ** 0.5
        state[name] = torch.randn(shape, generator=generator) * spread
        if name.endswith("running_var"):
            state[name] = state[name].abs() + 0.5
            if counters:
                counter = name.replace("running_var", "num_batches_tracked")
                state[counter] = torch.randint(1, 10**6, (), generator=generator)
    return state


# --- plain networks with the authors' names ---------------------------------------------------------------------------


def plain_graph_network(state: State, channels: int, blocks: int, non_local: bool, outputs: int) -> PlainGraphMDN:
    plain = PlainGraphMDN(adjacency(HUMAN36M_16), HUMAN36M_16.groups, channels, blocks, outputs)
    if not non_local:
        plain.gconv_input = nn.Sequential(*list(plain.gconv_input)[:1])
        plain.gconv_layers = nn.Sequential(*list(plain.gconv_layers)[::2])
    masks = {name: mask for name, mask in plain.state_dict().items() if name.endswith(".mask")}
    plain.load_state_dict({name.replace("nonlocal", "non_local"): value for name, value in state.items()} | masks)
    return plain.eval()


class PlainStage(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.w1, self.batch_norm1 = nn.Linear(width, width), nn.BatchNorm1d(width)
        self.w2, self.batch_norm2 = nn.Linear(width, width), nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.batch_norm1(self.w1(x)))
        return x + torch.relu(self.batch_norm2(self.w2(y)))


class PlainMartinez(nn.Module):
    """Flat 2D joints [B, 32] to the 15 joints without the root, [B, 45]. Evaluation has no dropout."""

    def __init__(self, width: int, stages: int, outputs: int) -> None:
        super().__init__()
        self.w1, self.batch_norm1 = nn.Linear(32, width), nn.BatchNorm1d(width)
        self.linear_stages = nn.ModuleList(PlainStage(width) for _ in range(stages))
        self.w2 = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.batch_norm1(self.w1(x)))
        for stage in self.linear_stages:
            x = stage(x)
        return self.w2(x)


def away_from_start(plain: nn.Module) -> State:
    """The state of a network with random batch norms, so that none is the identity."""
    state = plain.state_dict()
    generator = torch.Generator().manual_seed(2)
    for name, value in state.items():
        if "batch_norm" in name and value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return state


# --- our networks -----------------------------------------------------------------------------------------------------


def our_graph_network(paper: str, channels: int, blocks: int, non_local: bool) -> nn.Module:
    model = {"channels": channels, "blocks": blocks, "non_local": "grouped" if non_local else "none"}
    head = {"name": "mixture" if paper == "graphmdn" else "point"}
    settings = {"paper": paper, "title": paper, "model": model, "head": head}
    return build_model(LiftingVariant.model_validate(settings)).eval()


def our_network(paper: str) -> nn.Module:
    torch.manual_seed(3)
    if paper == "martinez":
        return FullyConnected(16, 3, nn.Identity(), channels=24, blocks=2, omit_root=True).eval()
    return our_graph_network(paper, 12, 2, non_local=True)


def keypoints(dtype: torch.dtype = torch.float64) -> Tensor:
    return 0.5 * torch.randn(32, 16, 2, generator=torch.Generator().manual_seed(1), dtype=dtype)


# --- names and meanings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paper", "file"), [("semgcn", "semgcn_h128_l4_nonlocal.json"), ("graphmdn", "graphmdn_h128_5g_pose.json")]
)
def test_names_and_shapes_are_the_released_ones(paper: str, file: str):
    """Our export has the names above, and those of the released lists where these are available."""
    shapes = graph_names(paper, 128, 4, True, OUTPUTS[paper])
    released = ROOT.parent / "shared" / "checkpoints" / file
    if released.exists():
        assert shapes == json.loads(released.read_text())
    exported = export_weights(our_graph_network(paper, 128, 4, non_local=True).state_dict(), paper)
    weights = {name: list(value.shape) for name, value in exported.items() if not name.endswith("num_batches_tracked")}
    assert weights == shapes
    assert len(exported) == len(shapes) + 14  # a counter a batch norm: nine graph blocks, five non-local layers


@pytest.mark.parametrize("paper", ["semgcn", "graphmdn"])
@pytest.mark.parametrize(("channels", "blocks", "non_local"), [(128, 4, True), (16, 1, True), (20, 3, False)])
def test_a_graph_network_computes_what_the_authors_computes(paper: str, channels: int, blocks: int, non_local: bool):
    state = random_state(graph_names(paper, channels, blocks, non_local, OUTPUTS[paper]))
    plain = plain_graph_network(state, channels, blocks, non_local, OUTPUTS[paper]).double()
    ours = our_graph_network(paper, channels, blocks, non_local)
    ours.load_state_dict(import_weights(state, paper, MEANS.get(paper)))
    expected = plain(keypoints())
    assert expected.std() > 0.1
    torch.testing.assert_close(ours.double().raw(keypoints()), expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(("width", "stages", "omit_root"), [(64, 2, True), (16, 3, False)])
def test_the_fully_connected_network_computes_what_the_authors_computes(width: int, stages: int, omit_root: bool):
    torch.manual_seed(0)
    plain = PlainMartinez(width, stages, outputs=45 if omit_root else 48).double().eval()
    state = away_from_start(plain)
    ours = FullyConnected(16, 3, nn.Identity(), channels=width, blocks=stages, omit_root=omit_root).double().eval()
    ours.load_state_dict(import_weights(state, "martinez"))
    poses = plain(keypoints().flatten(1)).view(32, -1, 3)
    root = torch.zeros(32, 1 if omit_root else 0, 3, dtype=torch.float64)
    torch.testing.assert_close(ours(keypoints()), torch.cat([root, poses], dim=1), atol=1e-12, rtol=1e-12)


# --- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", ["semgcn", "graphmdn", "martinez"])
def test_export_and_import_change_no_bit_of_weights_and_outputs(paper: str):
    first, second = our_network(paper), our_network(paper)
    for parameter in second.parameters():
        nn.init.constant_(parameter, 0.5)
    raw = first.raw(keypoints(torch.float32))
    assert not torch.equal(second.raw(keypoints(torch.float32)), raw)
    returned = import_weights(export_weights(first.state_dict(), paper), paper, MEANS.get(paper))
    assert returned.keys() == first.state_dict().keys()
    assert all(torch.equal(returned[name], value) for name, value in first.state_dict().items())
    second.load_state_dict(returned)
    assert (second.raw(keypoints(torch.float32)) - raw).abs().max() == 0


@pytest.mark.parametrize("paper", ["semgcn", "graphmdn", "martinez"])
def test_import_and_export_change_no_bit_and_keep_the_order(paper: str):
    if paper == "martinez":
        state = away_from_start(PlainMartinez(16, 2, 45))
    else:
        state = random_state(graph_names(paper, 12, 2, True, OUTPUTS[paper]))
    returned = export_weights(import_weights(state, paper, MEANS.get(paper)), paper)
    assert list(returned) == list(state)
    assert all(torch.equal(returned[name], value) for name, value in state.items())


def test_a_file_without_counters_gets_zeros():
    shapes = graph_names("semgcn", 8, 1, True, 3)
    imported = import_weights(random_state(shapes, counters=False), "semgcn")
    our_graph_network("semgcn", 8, 1, non_local=True).load_state_dict(imported)
    counters = [value for name, value in imported.items() if name.endswith("num_batches_tracked")]
    assert len(counters) == 5 and all(counter == 0 and counter.dtype == torch.int64 for counter in counters)


def test_the_prefix_of_several_gpus_is_removed():
    state = random_state(graph_names("graphmdn", 8, 1, True, 25))
    prefixed = {f"module.{name}": value for name, value in state.items()}
    plainly, stripped = (import_weights(one, "graphmdn", means="tanh") for one in (state, prefixed))
    assert plainly.keys() == stripped.keys() and all(torch.equal(plainly[name], stripped[name]) for name in plainly)
    prefixed["gconv_output.bias"] = prefixed.pop("module.gconv_output.bias")
    with pytest.raises(CheckpointError, match=r"has no module\.gconv_input\.0\.gconv\.W"):
        import_weights(prefixed, "graphmdn")


# --- what names and shapes do not show --------------------------------------------------------------------------------


def test_graphmdns_weights_are_imported_only_when_their_tanh_is_stated():
    """Weights trained without tanh on the means have the same names and shapes, but predict other poses."""
    state = random_state(graph_names("graphmdn", 8, 1, True, 25))
    with pytest.raises(CheckpointError, match=r"^means: not stated, .* the same names and shapes"):
        import_weights(state, "graphmdn")
    with pytest.raises(CheckpointError, match=r"^means='linear': our GraphMDN applies tanh to its means"):
        import_weights(state, "graphmdn", means="linear")
    our_graph_network("graphmdn", 8, 1, non_local=True).load_state_dict(import_weights(state, "graphmdn", means="tanh"))


def test_a_network_without_a_mixture_has_no_means():
    with pytest.raises(CheckpointError, match=r"^means='tanh': only graphmdn's networks have means; leave it out"):
        import_weights(state_of_semgcn(), "semgcn", means="tanh")


# --- what does not fit ------------------------------------------------------------------------------------------------


def state_of_semgcn() -> State:
    return random_state(graph_names("semgcn", 8, 2, True, 3))


@pytest.mark.parametrize(
    "missing", ["gconv_input.0.gconv.W", "gconv_layers.2.gconv2.bn.running_mean", "gconv_layers.3.nonlocal.phi.0.bias"]
)
def test_the_first_missing_name_is_reported(missing: str):
    state = state_of_semgcn()
    del state[missing]
    with pytest.raises(CheckpointError, match=rf"needs {missing}, which is missing"):
        import_weights(state, "semgcn")


def test_a_missing_layer_is_reported_by_its_first_name():
    state = {name: value for name, value in state_of_semgcn().items() if not name.startswith("gconv_layers.3")}
    with pytest.raises(CheckpointError, match=r"needs gconv_layers\.3\.nonlocal\.g\.0\.weight"):
        import_weights(state, "semgcn")


@pytest.mark.parametrize("unknown", ["fc.weight", "gconv_layers.9.gconv1.gconv.W", "gconv_input.1.nonlocal.g.weight"])
def test_the_first_unknown_name_is_reported(unknown: str):
    state = state_of_semgcn() | {unknown: torch.zeros(3)}
    with pytest.raises(CheckpointError, match=rf"has no {unknown}"):
        import_weights(state, "semgcn")


def test_another_papers_weights_are_recognised():
    state = state_of_semgcn()
    with pytest.raises(CheckpointError, match=r"graphmdn's network .* by its names this is semgcn's"):
        import_weights(state, "graphmdn")
    assert likely_paper(PlainMartinez(8, 1, 45).state_dict()) == "martinez"
    assert likely_paper({"conv1.weight": torch.zeros(1)}) is None


def test_a_number_in_a_name_is_not_trusted():
    """Otherwise a file of a few bytes would make the import count to a billion."""
    state = {"gconv_layers.999999999.gconv1.gconv.W": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"has no gconv_layers\.999999999"):
        import_weights(state, "semgcn")


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("gconv_input.1.nonlocal.theta.weight", (4, 8), r"\[out, in, 1\], found \[4, 8\]"),
        ("gconv_input.1.nonlocal.theta.weight", (4, 8, 3), r"\[out, in, 1\], found \[4, 8, 3\]"),
        ("gconv_input.1.nonlocal.concat_project.0.weight", (2, 8, 1, 1), r"even C, found \[2, 8, 1, 1\]"),
        ("gconv_input.1.nonlocal.concat_project.0.weight", (1, 7, 1, 1), r"even C, found \[1, 7, 1, 1\]"),
    ],
)
def test_a_convolution_of_another_shape_is_reported(name: str, shape: tuple[int, ...], expected: str):
    with pytest.raises(CheckpointError, match=rf"{name}.*{expected}"):
        import_weights(state_of_semgcn() | {name: torch.zeros(shape)}, "semgcn")


def test_a_network_with_other_weights_than_the_authors_cannot_be_exported():
    settings = {"paper": "semgcn", "title": "x", "model": {"convolution": "vanilla", "channels": 8, "blocks": 1}}
    vanilla = build_model(LiftingVariant.model_validate(settings)).state_dict()
    with pytest.raises(CheckpointError, match=r"needs input\.convolution\.edge_scores, which is missing"):
        export_weights(vanilla, "semgcn")
    detection = our_graph_network("graphmdn", 8, 1, non_local=True).state_dict() | {
        "head.detection.weight": torch.zeros(1)
    }
    with pytest.raises(CheckpointError, match=r"has no head\.detection\.weight"):
        export_weights(detection, "graphmdn")


def test_a_paper_without_released_weights_is_refused():
    for direction in (import_weights, export_weights):
        with pytest.raises(CheckpointError, match=r"'mdn': expected one of semgcn, graphmdn, martinez, hgn"):
            direction({}, "mdn")


# --- the dictionary around the weights --------------------------------------------------------------------------------


def test_weights_are_found_under_state_dict_or_alone():
    weights = {"module.w2.bias": nn.Parameter(torch.ones(3))}
    wrapped = {"epoch": 3, "lr": 1e-3, "optimizer": {"state": {}}, "state_dict": weights}
    for content in (wrapped, weights):
        (found,) = weights_in(content).items()
        assert found[0] == "w2.bias" and torch.equal(found[1], torch.ones(3)) and not found[1].requires_grad


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": [1, 2]}, r"state_dict: expected names with tensors, found list"),
        ({"state_dict": {"w1.bias": 3.0}}, r"^w1\.bias: expected a tensor, found float"),
        ({"epoch": 3, "model": {}}, r"no state_dict in it, and epoch: expected a tensor, found int"),
        ({"state_dict": {"w1.bias": torch.zeros(3).to_sparse()}}, r"w1\.bias: a tensor without plain values"),
        ({"state_dict": {"w1.bias": torch.zeros(3, device="meta")}}, r"w1\.bias: a tensor without plain values"),
    ],
)
def test_entries_that_are_no_weights_are_reported(content: dict, message: str):
    with pytest.raises(CheckpointError, match=message):
        weights_in(content)
