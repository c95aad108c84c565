"""CenterNet from variants: what the network gives, how it starts, how small ones differ; heads and mixture weights."""

from __future__ import annotations

import pytest
import torch
from detection_variants import ARCHITECTURES, SMALL, detection_variant
from torch.nn import functional

from pipeline.config.presets import SmallNetworks
from pipeline.detection.models import CenterNet, Head, build_model, head_channels, log_weights
from pipeline.detection.models.centernet import patches_at

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
IMAGE, CELL = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 255, 17, 240])


def network(architecture: str = "large_hourglass", task: str = "pose", **head: object) -> CenterNet:
    torch.manual_seed(0)
    return build_model(detection_variant(task, architecture, **head), 3 if task == "boxes" else 1, SMALL)


def images() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@EACH
@pytest.mark.parametrize("head", [{}, {"components": 2}, {"components": 1, "regressors": 2}])
def test_rows_at_cells_are_the_full_maps(architecture: str, head: dict[str, int]):
    model = network(architecture, **head).eval()
    rows = model.at(model.features(images()), IMAGE, CELL, model.head_names)
    full = model(images())
    assert full.keys() == rows.keys() == set(model.head_names)
    for name, values in full.items():
        assert values.shape[2:] == (16, 16)
        torch.testing.assert_close(rows[name], values.flatten(2)[IMAGE, :, CELL], atol=1e-5, rtol=1e-5)


@EACH
def test_every_stack_has_its_own_heads_and_the_last_is_the_result(architecture: str):
    model = network(architecture)
    features = model.features(images())
    assert len(features) == model.stacks == (1 if architecture == "dla_34" else 2)
    for stack in range(model.stacks):
        assert model.maps(features, stack).keys() == {"center", "keypoint_heatmap"}
    first, last = (model.maps(features, stack)["center"] for stack in (0, -1))
    assert torch.equal(first, last) == (model.stacks == 1)


def test_boxes_have_one_map():
    model = network(task="boxes", components=3)
    maps = model.maps(model.features(images()))
    assert {name: values.shape[1] for name, values in maps.items()} == {"center": 3}


@EACH
def test_one_step_on_all_stacks_moves_every_weight_that_is_read(architecture: str):
    model = network(architecture, components=2)
    features = model.features(images())
    every = [model.whole(features, model.head_names, stack) for stack in range(model.stacks)]
    sum(values.square().mean() for maps in every for values in maps.values()).backward()
    idle = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert all(".project." in name for name in idle) and bool(idle) == (architecture == "dla_34")


@EACH
def test_initial_biases_of_heatmaps_and_of_sigma(architecture: str):
    torch.manual_seed(0)
    model = build_model(detection_variant("pose", architecture, 2), 1, SMALL, sigma_start=10.0)
    for stack in range(model.stacks):
        for name, start in {"center": -2.19, "keypoint_heatmap": -2.19, "sigma": 10.0}.items():
            bias = model.head(name, stack).output.bias
            torch.testing.assert_close(bias, torch.full_like(bias, start))


def test_heads_of_maps_and_of_cells_have_their_own_hidden_widths():
    model = network()
    hidden = {name: model.head(name).hidden.out_channels for name in model.head_names}
    assert hidden == {name: 5 if name in ("center", "keypoint_heatmap") else 7 for name in model.head_names}


def test_a_seed_gives_the_same_network():
    first, second = network("dla_34").state_dict(), network("dla_34").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def layers(model: CenterNet) -> int:
    return sum(".down." in name and name.endswith("convolution.weight") for name, _ in model.named_parameters())


def test_the_extra_small_network_has_one_module_less_per_level():
    small, extra = network("small_hourglass"), network("extra_small_hourglass")
    assert layers(small) == 2 * 2 * 2 and layers(extra) == 2 * 2 * 1  # stacks, halvings, modules
    assert small.divisor == extra.divisor == 16


def test_with_one_module_per_level_it_has_one_level_less():
    networks = SmallNetworks(widths=(32, 34, 36), modules=1)
    with torch.device("meta"):
        small, extra = (
            build_model(detection_variant("pose", f"{size}_hourglass"), 1, networks)
            for size in ("small", "extra_small")
        )
    assert (small.divisor, extra.divisor) == (16, 8) and (layers(small), layers(extra)) == (2, 1)


def test_the_demos_network_halves_its_grid_of_16_cells():
    torch.manual_seed(0)
    model = build_model(detection_variant("pose", components=2), 1, SmallNetworks())
    assert model(images())["sigma"].shape == (2, 4, 16, 16)
    assert 1.6e6 < sum(parameter.numel() for parameter in model.parameters()) < 1.7e6


def test_the_memory_format_changes_no_number():
    model, plain = network().eval(), network().eval().to(memory_format=torch.contiguous_format)
    plain.features = plain.backbone.forward  # without the images turned
    for name, values in model(images()).items():
        torch.testing.assert_close(plain(images())[name], values, atol=1e-5, rtol=1e-5)


# --- heads ------------------------------------------------------------------------------------------------------------


GRID = (4, 5)


def features() -> torch.Tensor:
    return torch.randn(3, 6, *GRID, generator=torch.Generator().manual_seed(0))


def every_cell() -> tuple[torch.Tensor, torch.Tensor]:
    """Image and cell of all cells, the corners and borders among them."""
    cells = GRID[0] * GRID[1]
    return torch.arange(3).repeat_interleave(cells), torch.arange(cells).repeat(3)


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_head_at_cells_gives_the_maps_numbers(channels_last: bool):
    torch.manual_seed(0)
    values, head = features(), Head(6, 7, 3)
    if channels_last:
        values, head = (part.to(memory_format=torch.channels_last) for part in (values, head))
    image, cell = every_cell()
    expected = head(values).flatten(2)[image, :, cell]
    torch.testing.assert_close(head.at(patches_at(values, image, cell)), expected, atol=1e-6, rtol=1e-5)


def test_a_head_at_cells_gives_the_maps_gradients():
    """Gradients of the weights and of the features, with a cell that occurs twice."""
    torch.manual_seed(0)
    head = Head(6, 7, 3).double()
    image, cell = torch.tensor([0, 2, 2, 1, 0]), torch.tensor([0, 19, 19, 7, 3])
    towards = torch.randn(5, 3).double()

    def gradients(at_cells: bool) -> list[torch.Tensor]:
        values = features().double().requires_grad_()
        rows = head.at(patches_at(values, image, cell)) if at_cells else head(values).flatten(2)[image, :, cell]
        return list(torch.autograd.grad((rows * towards).sum(), [values, *head.parameters()]))

    for ours, expected in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-12, rtol=0)


def test_patches_are_unfolds():
    image, cell = every_cell()
    expected = functional.unfold(features(), 3, padding=1).view(3, 6, 9, -1)[image, :, :, cell]  # [P, F, 9]
    torch.testing.assert_close(patches_at(features(), image, cell), expected.transpose(1, 2).flatten(1))


def test_no_cell_gives_no_row():
    none = torch.zeros(0, dtype=torch.int64)
    assert Head(6, 7, 3).at(patches_at(features(), none, none)).shape == (0, 3)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (detection_variant("boxes"), {"center": 80, "center_offset": 2, "size": 2}),
        (detection_variant("boxes", per_category=True), {"center": 80, "center_offset": 2, "size": 160}),
        (
            detection_variant("boxes", components=3),
            {"center": 80, "center_offset": 2, "size": 6, "sigma": 6, "logits": 3},
        ),
    ],
)
def test_channels_of_boxes(variant, expected: dict[str, int]):
    assert head_channels(variant, 80) == expected


@pytest.mark.parametrize(("components", "regressors"), [(0, 1), (1, 1), (3, 1), (2, 2)])
def test_channels_of_poses(components: int, regressors: int):
    kernels = max(1, components * regressors)
    expected = {"center": 1, "center_offset": 2, "size": 2, "keypoint_offsets": 34 * kernels}
    expected |= {"keypoint_heatmap": 17, "keypoint_local_offset": 2}
    if components:
        expected |= {"sigma": 2 * kernels, "logits": kernels}
    if regressors == 2:
        expected["classifier"] = 1
    assert head_channels(detection_variant("pose", components=components, regressors=regressors), 1) == expected


# --- mixtures ---------------------------------------------------------------------------------------------------------


def test_log_weights_are_log_softmax_without_a_classifier():
    logits = torch.randn(5, 3)
    torch.testing.assert_close(log_weights(logits).exp(), logits.softmax(1))


@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3, 3)])
def test_a_classifier_weighs_the_two_halves(shape: tuple[int, ...]):
    torch.manual_seed(0)
    logits, classifier = torch.randn(shape), torch.randn(shape[0], 1, *shape[2:])
    weights = log_weights(logits, classifier).exp()
    torch.testing.assert_close(weights.sum(1), torch.ones_like(weights[:, 0]))
    torch.testing.assert_close(weights[:, :2].sum(1), classifier[:, 0].sigmoid())
    torch.testing.assert_close(weights[:, 2] / weights[:, 3], (logits[:, 2] - logits[:, 3]).exp())


def test_log_weights_of_a_sure_classifier_are_finite():
    assert log_weights(torch.zeros(2, 2), torch.tensor([[200.0], [-200.0]])).isfinite().all()
