"""CenterNet's networks: deformable convolution against plain, heads at centres against maps, and whole steps."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch
from detection_variants import ARCHITECTURES, detection_variant
from torch import Tensor
from torch.nn import functional
from turn_about import compare

from pipeline.config.presets import SmallNetworks
from pipeline.detection.models import CenterNet, build_model, deform_conv2d
from pipeline.detection.models.deformable import _by_corners

THREADS = 1  # as the demo's
MOST_TIMES_SLOWER = 12.0  # than a plain convolution: it reads 36 rows a cell and weighs them
LEAST_RATIO = 1.5  # of maps at every cell to rows at centres
AT_CENTRES = ("center_offset", "size", "keypoint_offsets", "sigma", "logits")
IMAGES, SIZE, PEOPLE, KEYPOINTS = 16, 128, 2, 15


@pytest.mark.benchmark
def test_deformable_convolution_costs_a_few_plain_ones():
    torch.manual_seed(0)
    values, weight = torch.randn(4, 64, 64, 64, requires_grad=True), torch.randn(64, 64, 3, 3, requires_grad=True)
    offset, mask = torch.randn(4, 18, 64, 64, requires_grad=True), torch.rand(4, 9, 64, 64, requires_grad=True)

    def step(convolve: Callable[[], Tensor]) -> Callable[[], None]:
        return lambda: convolve().sum().backward()

    steps = {
        "plain": step(lambda: functional.conv2d(values, weight, padding=1)),
        "ours": step(lambda: deform_conv2d(values, offset, mask, weight)),
    }
    ratio, figures = compare(steps, 4, THREADS, rounds=7, warm_up=2)
    print(f"deformable convolution, 4 x 64 x 64 x 64, forward and backward: {figures}")
    assert ratio > 1 / MOST_TIMES_SLOWER
    expected = _by_corners(values, offset, mask, weight, None, 1, 1, 1)
    torch.testing.assert_close(deform_conv2d(values, offset, mask, weight), expected, atol=1e-3, rtol=1e-5)


@pytest.mark.benchmark
def test_heads_at_centres_save_time_in_a_training_step():
    torch.manual_seed(0)
    model = build_model(detection_variant(components=2), 1, SmallNetworks())
    pixels, grid = torch.randn(IMAGES, 3, SIZE, SIZE), SIZE // 4
    image, point_image = (torch.arange(IMAGES).repeat_interleave(count) for count in (PEOPLE, PEOPLE * KEYPOINTS))
    cell, point_cell = (torch.randint(grid * grid, (len(images),)) for images in (image, point_image))

    def loss(rows: dict[str, Tensor]) -> Tensor:
        return sum(values.square().mean() for values in rows.values())

    def at_every_cell() -> Tensor:
        features = model.features(pixels)
        maps = model.whole(features, model.head_names)
        total = loss({name: maps[name] for name in model.map_names})
        total = total + loss({name: maps[name].flatten(2)[image, :, cell] for name in AT_CENTRES})
        return total + maps["keypoint_local_offset"].flatten(2)[point_image, :, point_cell].square().mean()

    def at_centres() -> Tensor:
        features = model.features(pixels)
        total = loss(model.maps(features)) + loss(model.at(features, image, cell, AT_CENTRES))
        return total + loss(model.at(features, point_image, point_cell, ("keypoint_local_offset",)))

    torch.testing.assert_close(at_centres(), at_every_cell(), rtol=1e-4, atol=1e-6)
    steps = {"plain": lambda: at_every_cell().backward(), "ours": lambda: at_centres().backward()}
    ratio, figures = compare(steps, IMAGES, THREADS, rounds=9, warm_up=2)
    print(f"a training step, batch {IMAGES}, {SIZE} px: {figures} (for poses read: images)")
    assert ratio > LEAST_RATIO


@pytest.mark.benchmark
@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_step_of_the_papers_network(architecture: str):
    """One image of 512 px, forward and backward, without a warm-up, which would take minutes."""
    torch.manual_seed(0)
    model = build_model(detection_variant(architecture=architecture), 1)
    images = torch.randn(1, 3, 512, 512)
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        taken = _timed(lambda: _whole_loss(model, images).backward())
        model.eval()
        with torch.inference_mode():
            seen = _timed(lambda: model(images))
    finally:
        torch.set_num_threads(before)
    print(f"{architecture}: {taken:.1f} s a training step of 1 image of 512 px, {seen:.1f} s to read one")
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in model.parameters())


def _whole_loss(model: CenterNet, images: Tensor) -> Tensor:
    features = model.features(images)
    image, cell = torch.zeros(5, dtype=torch.int64), torch.arange(5)
    names = [name for name in model.head_names if name not in model.map_names]
    total = torch.zeros(())
    for stack in range(model.stacks):
        rows = {**model.maps(features, stack), **model.at(features, image, cell, names, stack)}
        total = total + sum(values.square().mean() for values in rows.values())
    return total


def _timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
