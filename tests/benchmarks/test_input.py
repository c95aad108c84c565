"""Images per second on one core, warped, recoloured and with targets; and the speed of drawing Gaussians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import turn_about
from image_files import some_people
from torch import Tensor

from pipeline.detection import augment
from pipeline.detection.image_set import ImageSet
from pipeline.detection.image_store import ImageStore
from pipeline.detection.targets import draw_gaussian, make_targets

pytestmark = pytest.mark.benchmark
TARGETS = {64: 2_000, 128: 1_000, 512: 92}  # images/s; 92: opencv, decoding and colours included, one step at a time


@pytest.mark.parametrize("side", TARGETS)
def test_images_per_second(tmp_path: Path, side: int) -> None:
    """Made images in an array, two people each; of 512 px also JPEG files that are decoded every time."""
    batch = 16 if side < 512 else 8
    data = some_people(tmp_path, images=4 * batch, people=2, side=side)
    paths = [tmp_path / f"{index}.jpg" for index in range(len(data))]
    for index, path in enumerate(paths):
        cv2.imwrite(str(path), data.images[index])
    files = replace(data, images=ImageStore.of_files(paths, data.sizes, memory_bytes=0))

    def step(data: ImageSet, changed: bool) -> None:
        chosen = torch.randperm(len(data))[:batch]
        _, annotations = augment.training_batch(data, chosen, side, augment="full" if changed else "none", device="cpu")
        make_targets(annotations, "pose", 1, batch, side // 4)

    ways = {"augmented": (data, True), "as they are": (data, False), "augmented, decoded from files": (files, True)}
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    rates = {}
    try:
        for name, way in ways.items():
            seconds = []
            for _ in range(24):
                start = time.process_time()
                step(*way)
                seconds.append(time.process_time() - start)
            rates[name] = batch / statistics.median(seconds[4:])
    finally:
        torch.set_num_threads(before)
    print(f"\n{side} px: " + ", ".join(f"{name} {rate:,.0f} images/s" for name, rate in rates.items()))
    assert rates["augmented"] >= TARGETS[side]


def plain_gaussians(shape: tuple[int, int, int], rows: list[list[int]]) -> np.ndarray:
    """One after the other, as in CenterNet's loader."""
    maps = np.zeros(shape, np.float32)
    for plane, x, y, radius in rows:
        steps = np.arange(-radius, radius + 1)
        sigma = (2 * radius + 1) / 6
        gaussian = np.exp(-(steps**2 + steps[:, None] ** 2) / (2 * sigma**2))
        left, right = min(x, radius), min(shape[2] - x, radius + 1)
        top, bottom = min(y, radius), min(shape[1] - y, radius + 1)
        part = maps[plane, y - top : y + bottom, x - left : x + right]
        np.maximum(part, gaussian[radius - top : radius + bottom, radius - left : radius + right], out=part)
    return maps


@pytest.mark.parametrize(("grid", "people"), [(16, 1), (32, 3), (128, 5)])
def test_gaussians_against_a_plain_loop(grid: int, people: int) -> None:
    """The keypoints of a batch of 8 images; 5 people of radius up to 16 in an image of 512 px."""
    torch.manual_seed(0)
    batch, count = 8, 8 * people * 17
    plane = (torch.arange(batch)[:, None, None] * 17 + torch.arange(17)).expand(batch, people, 17).reshape(-1)
    x, y = torch.randint(grid, (2, count))
    radius = torch.randint(grid // 16, grid // 8 + 1, (batch * people,)).repeat_interleave(17)
    shape = (batch * 17, grid, grid)
    rows = torch.stack([plane, x, y, radius], dim=1).tolist()

    def ours() -> Tensor:
        return draw_gaussian(torch.zeros(shape), plane, x, y, radius)

    np.testing.assert_allclose(ours().numpy(), plain_gaussians(shape, rows), atol=1e-6)
    steps: dict[str, Callable[[], object]] = {"ours": ours, "plain": lambda: plain_gaussians(shape, rows)}
    ratio, figures = turn_about.compare(steps, batch, threads=1, rounds=30, warm_up=3)
    print(f"\nGaussians of {people} people on {grid} x {grid} cells: " + figures.replace("poses", "images"))
    assert ratio >= 1.5
