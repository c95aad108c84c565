"""RoIAlign: against closed forms, scipy, finite differences, and torchvision's operator where it works."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from pipeline.pixels.models import roi_align

HEIGHT, WIDTH = 9, 12
TORCHVISION = (
    *(19.8, 33.05, 64.4, 88.29),
    *(26.75, 31.75, 80.75, 89.75),
)  # bin by bin, row by row, of two boxes


def drawn(seed: int = 0, beyond: float = 0.0) -> tuple[Tensor, Tensor]:
    """Features [3, 5, H, W] and boxes [3, 6, 4] in cells; centres up to `beyond` cells outside the map."""
    random = torch.Generator().manual_seed(seed)
    size = torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)
    centre = torch.rand(3, 6, 2, generator=random, dtype=torch.float64) * (size + 2 * beyond) - beyond
    half = 0.2 + 3 * torch.rand(3, 6, 2, generator=random, dtype=torch.float64)
    features = torch.randn(3, 5, HEIGHT, WIDTH, generator=random, dtype=torch.float64)
    return features, torch.cat((centre - half, centre + half), dim=-1)


def test_a_ramp_has_its_value_at_the_middle_of_each_bin() -> None:
    """Linear interpolation is exact on a ramp, and the mean of a ramp is its value in the middle."""
    x, y = torch.arange(WIDTH).double() + 0.5, torch.arange(HEIGHT).double() + 0.5  # the cells' centres
    ramp = (2 + 3 * x[None, :] - 5 * y[:, None]).expand(1, 1, -1, -1)
    box = torch.tensor([[[1.7, 2.2, 7.3, 6.4]]], dtype=torch.float64)
    for bins, samples in ((1, 1), (1, 4), (2, 3)):
        width, height = 5.6 / bins, 4.2 / bins
        middle = torch.arange(bins).double() + 0.5
        expected = 2 + 3 * (1.7 + width * middle[None, :]) - 5 * (2.2 + height * middle[:, None])
        torch.testing.assert_close(roi_align(ramp, box, bins, samples=samples)[0, 0, 0], expected)


def test_a_box_around_a_cell_without_extent_is_that_cell() -> None:
    features, _ = drawn()
    place = torch.tensor([4.5, 2.5, 4.5, 2.5], dtype=torch.float64).expand(3, 1, 4)
    torch.testing.assert_close(roi_align(features, place)[:, 0, :, 0, 0], features[:, :, 2, 4])


@pytest.mark.parametrize(("bins", "samples"), [(1, 4), (3, 2)])
def test_agrees_with_scipys_interpolation(bins: int, samples: int) -> None:
    features, boxes = drawn()
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples)
    found = roi_align(features, boxes, bins, samples=samples)
    for image in range(3):
        for row, (x1, y1, x2, y2) in enumerate(boxes[image].tolist()):
            places = np.meshgrid(y1 + (y2 - y1) * steps - 0.5, x1 + (x2 - x1) * steps - 0.5, indexing="ij")
            # scipy's "nearest" continues the border for ever; the map does so for a cell.
            inside = [(at >= -1) & (at <= size) for at, size in zip(places, (HEIGHT, WIDTH), strict=True)]
            for channel in range(5):
                read = ndimage.map_coordinates(features[image, channel].numpy(), places, order=1, mode="nearest")
                read = (read * inside[0] * inside[1]).reshape(bins, samples, bins, samples).mean(axis=(1, 3))
                np.testing.assert_allclose(found[image, row, channel].numpy(), read, atol=1e-12)


def test_boxes_in_pixels_of_a_larger_image() -> None:
    features, boxes = drawn()
    torch.testing.assert_close(roi_align(features, 4 * boxes, spatial_scale=1 / 4), roi_align(features, boxes))


def test_far_outside_is_zero() -> None:
    features, boxes = drawn()
    assert (roi_align(features, boxes + 100) == 0).all()


def test_gradients_reach_features_and_boxes() -> None:
    features, boxes = drawn()
    chosen = boxes[:1, :2].clone()  # no sample lies on a cell's centre, where a hat has a corner
    assert torch.autograd.gradcheck(
        lambda values, places: roi_align(values, places, 2, samples=3),
        (features[:1, :2, :5, :6].clone().requires_grad_(), chosen.requires_grad_()),
    )


def test_agrees_with_numbers_of_torchvision() -> None:
    """Of `torchvision.ops.roi_align`, version 0.28, `aligned=True`, for the features 0, 1, 4, 9, ... of 4 x 4 cells."""
    features = torch.arange(16.0, dtype=torch.float64).square().view(1, 1, 4, 4)
    boxes = torch.tensor([[[0.3, 0.9, 3.1, 2.8], [1.0, 1.0, 2.0, 3.0]]], dtype=torch.float64)
    expected = torch.tensor(TORCHVISION, dtype=torch.float64).view(1, 2, 1, 2, 2)
    torch.testing.assert_close(roi_align(features, boxes, 2, samples=2), expected)


def test_agrees_with_torchvisions_operator() -> None:
    try:
        operator = importlib.import_module("torchvision").ops.roi_align
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchvision does not import here: {error}")
    features, boxes = drawn(seed=1, beyond=3)
    for bins, samples in ((1, 4), (3, 2)):
        theirs = operator(features, list(4 * boxes), bins, 0.25, samples, True)
        torch.testing.assert_close(roi_align(features, 4 * boxes, bins, 0.25, samples).flatten(0, 1), theirs)


def test_other_shapes_are_refused() -> None:
    features, boxes = drawn()
    wrong = ((features[0], boxes), (features, boxes[0]), (features[:2], boxes), (features, boxes[..., 1:]))
    for values, places in wrong:
        with pytest.raises(ValueError, match="expected features"):
            roi_align(values, places)
