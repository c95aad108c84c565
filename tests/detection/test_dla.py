"""DLA-34: sizes, levels, initially bilinear upsampling, and its unused weights."""

from __future__ import annotations

import pytest
import torch
from detection_variants import detection_variant
from torch import nn
from torch.nn import functional

from pipeline.detection.models import DLA34, build_model
from pipeline.detection.models.dla import Base, Tree, _bilinear

WIDTHS = (4, 4, 6, 8, 8, 10)


def weights(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("task", "categories", "components", "expected"),
    [("pose", 1, 0, 20_112_346), ("boxes", 80, 0, 19_675_892), ("boxes", 80, 3, 19_974_657)],
)
def test_the_papers_networks_have_their_weights(task: str, categories: int, components: int, expected: int):
    with torch.device("meta"):
        assert weights(build_model(detection_variant(task, "dla_34", components), categories)) == expected


def test_features_have_a_quarter_of_the_image():
    model = DLA34(WIDTHS)
    (features,) = model(torch.randn(2, 3, 64, 96))
    assert features.shape == (2, 6, 16, 24) and model.width == 6 and model.divisor == 32
    with pytest.raises(ValueError, match="multiples of 32"):
        model(torch.zeros(1, 3, 48, 64))


def test_every_level_of_the_base_has_half_the_grid_of_the_one_before():
    shapes = [tuple(level.shape[1:]) for level in Base(WIDTHS)(torch.randn(2, 3, 64, 64))]
    assert shapes == [(width, 64 >> level, 64 >> level) for level, width in enumerate(WIDTHS)]


def test_the_whole_image_reaches_a_feature():
    """Through the coarsest level, which sees all of it."""
    torch.manual_seed(0)
    model = DLA34(WIDTHS).eval()
    images = torch.randn(1, 3, 128, 128, requires_grad=True)
    model(images)[0][0, :, 16, 16].sum().backward()
    assert images.grad[0, :, :8, :8].abs().sum() > 0 and images.grad[0, :, -8:, -8:].abs().sum() > 0


def test_all_weights_have_gradients_except_unused_projections():
    model = DLA34(WIDTHS)
    model(torch.randn(2, 3, 64, 64))[0].square().sum().backward()
    idle = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert idle == {
        f"base.levels.3.project.{name}" for name in ("0.weight", "1.weight", "1.bias")
    }  # of level 4 there is none here: its width is the one of level 3


def test_a_deep_trees_second_root_reads_the_input_and_the_first_tree():
    tree = Tree(2, 4, 6, 2, with_input=True)
    assert tree.second.root.convolution.in_channels == 2 * 6 + 4 + 6
    assert tree.first.root.convolution.in_channels == 2 * 6


@pytest.mark.parametrize("factor", [2, 4])
def test_up_sampling_starts_bilinear(factor: int):
    """Except at the border, where a transposed convolution reads zeros."""
    values = torch.randn(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    found = _bilinear(3, factor)(values)
    expected = functional.interpolate(values, scale_factor=factor, mode="bilinear", align_corners=False)
    inner = slice(factor, -factor)
    torch.testing.assert_close(found[..., inner, inner], expected[..., inner, inner])
