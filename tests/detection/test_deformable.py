"""Deformable convolution: against a loop, a plain convolution, a shift, and finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from plain_centernet import by_grid_sample
from torch import Tensor
from torch.nn import functional

from pipeline.detection.models import deform_conv2d, deformable
from pipeline.detection.models.deformable import DeformableConvolution

BATCH, INPUTS, OUTPUTS, HEIGHT, WIDTH = 2, 3, 4, 5, 6


def drawn(spread: float = 1.5, rows: int = HEIGHT, columns: int = WIDTH) -> tuple[Tensor, ...]:
    """values, offset, mask, weight and bias in float64."""
    random = torch.Generator().manual_seed(0)
    shapes = (
        (BATCH, INPUTS, HEIGHT, WIDTH),
        (BATCH, 18, rows, columns),
        (BATCH, 9, rows, columns),
        (OUTPUTS, INPUTS, 3, 3),
        (OUTPUTS,),
    )
    values, offset, mask, weight, bias = (torch.randn(shape, generator=random).double() for shape in shapes)
    return values, spread * offset, mask.sigmoid(), weight, bias


def loop(values, offset, mask, weight, bias, padding: int, stride: int, dilation: int) -> Tensor:
    """The definition, one value at a time."""
    rows, columns = offset.shape[2:]
    found = torch.zeros(BATCH, OUTPUTS, rows, columns, dtype=torch.float64)

    def pixel(image: int, y: int, x: int) -> Tensor:
        return values[image, :, y, x] if 0 <= y < HEIGHT and 0 <= x < WIDTH else torch.zeros(INPUTS).double()

    for image in range(BATCH):
        for row in range(rows):
            for column in range(columns):
                total = bias.clone()
                for tap in range(9):
                    y = row * stride - padding + tap // 3 * dilation + offset[image, 2 * tap, row, column].item()
                    x = column * stride - padding + tap % 3 * dilation + offset[image, 2 * tap + 1, row, column].item()
                    read = torch.zeros(INPUTS).double()
                    for corner_y in (math.floor(y), math.floor(y) + 1):
                        for corner_x in (math.floor(x), math.floor(x) + 1):
                            share = (1 - abs(y - corner_y)) * (1 - abs(x - corner_x))
                            read += share * pixel(image, corner_y, corner_x)
                    total += mask[image, tap, row, column] * (weight[:, :, tap // 3, tap % 3] @ read)
                found[image, :, row, column] = total
    return found


@pytest.mark.parametrize(
    ("padding", "stride", "dilation", "grid"),
    [(1, 1, 1, (5, 6)), (1, 2, 1, (3, 3)), (2, 1, 2, (5, 6)), (0, 1, 1, (3, 4))],
)
def test_it_equals_the_definition(padding: int, stride: int, dilation: int, grid: tuple[int, int]):
    given = drawn(1.5, *grid)
    expected = loop(*given, padding, stride, dilation)
    torch.testing.assert_close(deform_conv2d(*given, padding, stride, dilation), expected, atol=1e-12, rtol=0)


def test_it_equals_a_grid_sample_per_tap():
    torch.testing.assert_close(deform_conv2d(*drawn()), by_grid_sample(*drawn()), atol=1e-12, rtol=0)


def test_without_offsets_and_with_a_mask_of_one_it_is_a_convolution():
    values, offset, mask, weight, bias = drawn()
    found = deform_conv2d(values, 0 * offset, torch.ones_like(mask), weight, bias)
    torch.testing.assert_close(found, functional.conv2d(values, weight, bias, padding=1), atol=1e-12, rtol=0)


def test_whole_offsets_shift_the_input_and_the_first_of_a_pair_is_y():
    values, offset, mask, weight, bias = drawn()
    offset = torch.zeros_like(offset)
    offset[:, 0::2], offset[:, 1::2] = 2, -1
    shifted = torch.zeros_like(values)
    shifted[:, :, :-2, 1:] = values[:, :, 2:, :-1]
    found = deform_conv2d(values, offset, torch.ones_like(mask), weight, bias)[:, :, 1:-3, 2:-1]
    expected = functional.conv2d(shifted, weight, bias, padding=1)[:, :, 1:-3, 2:-1]
    # (away from what the shift lost)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_the_input_is_zero_outside():
    values, offset, mask, weight, bias = drawn()
    for far in (1e3, -1e3, 1e9):
        found = deform_conv2d(values, offset + far, mask, weight, bias)
        torch.testing.assert_close(found, bias[None, :, None, None].expand_as(found), atol=0, rtol=0)


def test_a_corner_outside_counts_as_zero():
    """Half a cell beyond the edge half of the edge's value is read."""
    values, offset = torch.ones(1, 1, 1, 1).double(), torch.zeros(1, 18, 1, 1).double()
    offset[0, 8] = -0.5  # y of the middle tap
    found = deform_conv2d(values, offset, torch.ones(1, 9, 1, 1).double(), torch.ones(1, 1, 3, 3).double())
    assert found.item() == 0.5


def test_gradients_are_those_of_finite_differences():
    values, offset, mask, weight, bias = drawn(0.7)
    given = [values[:1], offset[:1, :, :3, :3], mask[:1, :, :3, :3], weight, bias]
    given = [part.clone().requires_grad_() for part in given] + [1, 2]
    assert torch.autograd.gradcheck(deform_conv2d, given)


@pytest.mark.parametrize(("place", "name"), [(1, "offset"), (2, "mask"), (3, "weight")])
def test_shapes_that_do_not_fit_are_named(place: int, name: str):
    given = list(drawn())
    given[place] = given[place][:, :-1]
    with pytest.raises(ValueError, match=f"{name}: expected"):
        deform_conv2d(*given)


def test_a_new_layer_is_half_a_convolution():
    """Offsets start at 0 and masks at 1/2."""
    torch.manual_seed(0)
    layer = DeformableConvolution(INPUTS, OUTPUTS)
    values = torch.randn(2, INPUTS, 6, 6)
    expected = functional.conv2d(values, layer.weight / 2, layer.bias, padding=1)
    torch.testing.assert_close(layer(values), expected, atol=1e-6, rtol=1e-5)


def test_torchvisions_operator_gives_the_same_where_it_works():
    deformable._torchvision_works.cache_clear()
    if not deformable._torchvision_works("cpu"):
        pytest.skip("torchvision is not here")
    given = [part.float() for part in drawn()]
    torch.testing.assert_close(deformable._by_torchvision(*given, 1, 1, 1), deformable._by_corners(*given, 1, 1, 1))


def test_a_torchvision_that_does_not_work_is_not_used(monkeypatch: pytest.MonkeyPatch):
    """Its import or its operator fails, because it was built for another torch."""

    def fails(name: str) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(deformable.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(deformable.importlib, "import_module", fails)
    deformable._torchvision_works.cache_clear()
    try:
        torch.testing.assert_close(deform_conv2d(*drawn()), by_grid_sample(*drawn()), atol=1e-12, rtol=0)
    finally:
        deformable._torchvision_works.cache_clear()


def test_in_bfloat16_the_taps_stay_at_their_places() -> None:
    """A place of 200 cells has no fraction in bfloat16, so an error of up to half a cell would be seen."""
    torch.manual_seed(0)
    layer = DeformableConvolution(2, 3)
    torch.nn.init.constant_(layer.offsets.bias, 0.5)
    values = torch.arange(256.0).sin().view(1, 1, 1, 256).expand(1, 2, 4, 256)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(values)
    expected = layer(values)
    assert found.dtype == torch.bfloat16
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()
