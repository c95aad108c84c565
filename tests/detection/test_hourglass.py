"""Stacked hourglasses: sizes, stacks, what a level does, and the three networks of the papers."""

from __future__ import annotations

import pytest
import torch
from detection_variants import detection_variant
from torch import nn

from pipeline.detection.models import Hourglass, build_model
from pipeline.detection.models.hourglass import Convolution, Level, Residual


def weights(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("architecture", "components", "expected"),
    [
        ("large_hourglass", 0, 194_811_124),
        ("large_hourglass", 1, 197_172_986),
        ("large_hourglass", 2, 197_192_004),
        ("large_hourglass", 3, 197_211_022),
        ("small_hourglass", 0, 101_426_420),
        ("extra_small_hourglass", 0, 58_640_116),
    ],
)
def test_the_papers_networks_have_their_weights(architecture: str, components: int, expected: int):
    with torch.device("meta"):
        assert weights(build_model(detection_variant("pose", architecture, components), 1)) == expected


@pytest.mark.parametrize("layers", ["residual", "convolution"])
def test_features_of_every_stack_in_training_and_of_the_last_in_evaluation(layers: str):
    torch.manual_seed(0)
    model = Hourglass((4, 6, 8), (1, 2, 1), 3, layers)
    images = torch.randn(2, 3, 32, 48)
    assert [list(one.shape) for one in model(images)] == 3 * [[2, 4, 8, 12]]
    model.eval()
    (last,) = model(images)
    model.training = True  # all stacks, but norms as they were
    torch.testing.assert_close(model(images)[-1], last)


def test_a_later_stack_sees_the_image_and_the_stack_before():
    torch.manual_seed(0)
    model = Hourglass((4, 6), (1, 1), 2).eval()
    images = torch.randn(1, 3, 16, 16)
    (before,) = model(images)
    for part in (model.from_inputs, model.from_outputs):
        kept = part[0][0].weight.detach().clone()
        with torch.no_grad():
            part[0][0].weight.zero_()
        assert not torch.allclose(model(images)[0], before)
        with torch.no_grad():
            part[0][0].weight.copy_(kept)


def test_a_level_adds_the_branch_to_the_enlarged_inside():
    torch.manual_seed(0)
    level = Level((4, 6), (2, 3), Residual).eval()
    values = torch.randn(1, 4, 8, 8)
    inside = level.up(level.inner(level.down(values)))
    assert inside.shape == (1, 4, 4, 4) and len(level.inner) == 3 and len(level.up) == 2
    cell = level(values)[0, :, 5, 2] - level.branch(values)[0, :, 5, 2]
    torch.testing.assert_close(cell, inside[0, :, 2, 1])


def test_the_last_layer_on_the_way_up_changes_the_width():
    level = Level((4, 6), (2, 1), Convolution)
    shapes = [tuple(layer.convolution.weight.shape[:2]) for layer in level.up]
    assert shapes == [(6, 6), (4, 6)]
    assert [layer.convolution.stride[0] for layer in level.down] == [2, 1]


def test_sizes_that_do_not_halve_are_refused():
    model = Hourglass((4, 6, 6), (1, 1, 1))
    assert model.divisor == 16
    with pytest.raises(ValueError, match="multiples of 16"):
        model(torch.zeros(1, 3, 24, 32))
    with pytest.raises(ValueError, match="expected equally many"):
        Hourglass((4, 6), (1,))
