"""Heads at cells and as maps, their channels, and the weights of mixtures."""

from __future__ import annotations

import pytest
import torch
from detection_variants import detection_variant
from torch.nn import functional

from pipeline.detection.models import Head, head_channels, log_weights
from pipeline.detection.models.heads import patches_at

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


def test_and_its_gradients():
    """Of the weights and of the features, with a cell that is asked twice."""
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


def test_log_weights_are_log_softmax_without_a_classifier():
    logits = torch.randn(5, 3)
    torch.testing.assert_close(log_weights(logits).exp(), logits.softmax(1))


@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3, 3)])
def test_a_classifier_shares_out_between_the_halves(shape: tuple[int, ...]):
    torch.manual_seed(0)
    logits, classifier = torch.randn(shape), torch.randn(shape[0], 1, *shape[2:])
    weights = log_weights(logits, classifier).exp()
    torch.testing.assert_close(weights.sum(1), torch.ones_like(weights[:, 0]))
    torch.testing.assert_close(weights[:, :2].sum(1), classifier[:, 0].sigmoid())
    torch.testing.assert_close(weights[:, 2] / weights[:, 3], (logits[:, 2] - logits[:, 3]).exp())


def test_sure_classifiers_stay_finite():
    assert log_weights(torch.zeros(2, 2), torch.tensor([[200.0], [-200.0]])).isfinite().all()
