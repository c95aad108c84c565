"""CenterNet's weights as ours: names, shapes, order, and equal outputs of a network that reads theirs."""

from __future__ import annotations

import json

import plain_centernet
import pytest
import torch
from detection_variants import ARCHITECTURES, SMALL, detection_variant
from lively_norms import draw_norms
from repository import ROOT
from torch import Tensor, nn

from pipeline.authors.centernet_names import HEADS, MIXTURE_HEADS, pairs, without_classifier
from pipeline.authors.names import export_weights, import_weights, likely_paper
from pipeline.detection.augment import normalized
from pipeline.detection.models import CenterNet, build_model
from pipeline.training.checkpoint import CheckpointError

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
PAPERS = pytest.mark.parametrize(("paper", "components"), [("centernet", 0), ("mixture_dense", 2)])


def network(architecture: str, task: str = "pose", components: int = 0, **head: int) -> CenterNet:
    """In evaluation mode, in float64, with norms, offsets and masks that differ from their initial values."""
    torch.manual_seed(0)
    variant = detection_variant(task, architecture, components, **head)
    model = draw_norms(build_model(variant, 1 if task == "pose" else 3, SMALL))
    for name, parameter in model.named_parameters():
        if ".offsets." in name:
            nn.init.normal_(parameter, std=0.3)
    return model.double()


def plain_features(architecture: str, state: dict[str, Tensor], images: Tensor) -> list[Tensor]:
    return (plain_centernet.dla if architecture == "dla_34" else plain_centernet.hourglass)(state, images)


@pytest.mark.parametrize(
    ("architecture", "file"), [("large_hourglass", "largehg_base.json"), ("dla_34", "dla34_base_hc256.json")]
)
def test_names_shapes_and_their_order_are_the_released_ones(architecture: str, file: str):
    """Only where the released lists are available."""
    with torch.device("meta"):
        model = build_model(detection_variant("pose", architecture), 1)
    exported = export_weights(model.state_dict(), "centernet")
    shapes = {name: list(value.shape) for name, value in exported.items()}
    assert len(shapes) == {"large_hourglass": 1008, "dla_34": 410}[architecture]
    released = ROOT.parent / "shared" / "checkpoints" / file
    if released.exists():
        expected = json.loads(released.read_text())
        assert shapes == expected and list(shapes) == list(expected)


@EACH
@pytest.mark.parametrize("task", ["pose", "boxes"])
@pytest.mark.parametrize("components", [0, 2])
def test_the_authors_names_compute_the_same(architecture: str, task: str, components: int):
    model = network(architecture, task, components)
    state = export_weights(model.state_dict(), "mixture_dense")
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    features = plain_features(architecture, state, images.flip(1))  # the authors' colours are blue, green, red
    names = {ours: theirs for theirs, ours in (HEADS | MIXTURE_HEADS).items() if ours in model.head_names}
    stack = None if architecture == "dla_34" else len(features) - 1
    expected = plain_centernet.heads(state, features[-1], list(names.values()), stack)
    found = model(images)
    assert found.keys() == names.keys()
    for name, values in found.items():
        wanted = expected[names[name]]
        torch.testing.assert_close(values, wanted, atol=1e-9 * wanted.abs().max().item(), rtol=1e-9)


@EACH
def test_an_image_of_ours_is_the_authors_image_of_opencv(architecture: str):
    """Both read and normalise the red, green and blue of a file, with mean and std of the authors' code."""
    model, mean, std = network(architecture), (0.408, 0.447, 0.470), (0.289, 0.274, 0.278)
    pixels = torch.randint(0, 256, (1, 64, 64, 3), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    blue_first = (pixels.flip(-1).double() / 255 - torch.tensor(mean)) / torch.tensor(std)
    state = export_weights(model.state_dict(), "centernet")
    expected = plain_features(architecture, state, blue_first.permute(0, 3, 1, 2))[-1]
    with torch.no_grad():
        found = model.features(normalized(pixels).double())[-1]
    torch.testing.assert_close(found, expected, atol=1e-5 * expected.abs().max().item(), rtol=0)


@EACH
def test_the_order_of_colours_is_reversed_and_nothing_else_changes(architecture: str):
    state = network(architecture).state_dict()
    exported = export_weights(state, "centernet")
    ours = dict(pairs(state, ours=True, mixture=False))
    changed = [theirs for theirs, value in exported.items() if not torch.equal(value, state[ours[theirs]])]
    assert changed == ["base.base_layer.0.weight" if architecture == "dla_34" else "pre.0.conv.weight"]
    assert torch.equal(exported[changed[0]], state[ours[changed[0]]][:, [2, 1, 0]])


def test_a_first_layer_without_three_colours_is_refused():
    state = export_weights(network("dla_34").state_dict(), "centernet")
    grey = state["base.base_layer.0.weight"][:, :1]
    with pytest.raises(CheckpointError, match=r"base\.base_layer\.0\.weight .*expected the shape \[out, 3, "):
        import_weights(state | {"base.base_layer.0.weight": grey}, "centernet")


@EACH
@PAPERS
def test_export_and_import_change_nothing(architecture: str, paper: str, components: int):
    model = network(architecture, components=components)
    state = model.state_dict()
    exported = export_weights(state, paper)
    back = import_weights({f"module.{name}": value for name, value in exported.items()}, paper)
    assert back.keys() == state.keys() and all(torch.equal(back[name], state[name]) for name in state)
    model.load_state_dict(back)
    assert likely_paper(exported) == paper


def test_the_hierarchical_models_classifier_has_its_name():
    exported = export_weights(network("large_hourglass", components=1, regressors=2).state_dict(), "mixture_dense")
    assert exported["mdn_H_logits.1.1.weight"].shape == (1, 7, 1, 1)
    assert exported["hps.0.1.weight"].shape == (68, 7, 1, 1)


def test_centernet_has_no_mixture():
    state = export_weights(network("dla_34", components=2).state_dict(), "mixture_dense")
    with pytest.raises(CheckpointError, match=r"has no mdn_sigma\.0\.weight; by its names this is mixture_dense's"):
        import_weights(state, "centernet")


@EACH
def test_a_superfluous_or_missing_name_is_reported(architecture: str):
    state = export_weights(network(architecture).state_dict(), "centernet")
    kept = next(name for name in state if "bn" in name and name.endswith("running_var"))
    with pytest.raises(CheckpointError, match="has no stranger"):
        import_weights(state | {"stranger": torch.zeros(1)}, "centernet")
    with pytest.raises(CheckpointError, match=f"needs {kept}, which is missing"):
        import_weights({name: value for name, value in state.items() if name != kept}, "centernet")


def test_absurd_names_are_refused_quickly():
    deep = "kps.0." + 5000 * "low2." + "up1.0.conv1.weight"
    state = {"pre.0.conv.weight": torch.zeros(1), deep: torch.zeros(1), "kps.999999999.x": torch.zeros(1)}
    with pytest.raises(CheckpointError, match="centernet"):
        import_weights(state, "centernet")


def test_imagenets_classifier_is_left_out():
    state = export_weights(network("dla_34").state_dict(), "centernet")
    fuller = state | {"base.fc.weight": torch.zeros(1000, 10, 1, 1), "base.fc.bias": torch.zeros(1000)}
    assert without_classifier(fuller).keys() == state.keys()
