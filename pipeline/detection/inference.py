"""A network's detections in a set of images, in every mode of testing that the papers use.

`plain`: one size, the component with the largest weight. `mean`: the components' weighted mean. `refined`: keypoints
moved to heatmap peaks. `flip`: averaged with the mirrored image's, as in the authors' code. `flip_aligned`: the same
with mirrored keypoints at their true place (decode.py). `scales_5`: CenterNet's five test sizes 0.5, 0.75, 1, 1.25 and
1.5. `scales_3`: 0.75, 1 and 1.25, which no text states. Both have flip and are merged by soft-NMS. Modes share forward
passes where possible.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pipeline.config.detection import DetectionVariant
from pipeline.detection.augment import test_batch
from pipeline.detection.decode import Choice, decode, to_detections
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.peaks import NetworkHeads
from pipeline.detection.soft_nms import soft_nms

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet
    from pipeline.detection.results import Mode

SCALES: dict[Mode, tuple[float, ...]] = {"scales_3": (0.75, 1.0, 1.25), "scales_5": (0.5, 0.75, 1.0, 1.25, 1.5)}
OBJECTS = 100  # kept per image


def predict(
    model: CenterNet,
    variant: DetectionVariant,
    data: ImageSet,
    size: int,
    device: str,
    sigma_factor: float,
    mode: Mode,
    batch: int = 16,
    progress: str | None = None,
) -> Detections:
    """What the network finds in every image of `data`, at most 100 objects each, in one mode; see `predict_modes`."""
    return predict_modes(model, variant, data, size, device, sigma_factor, [mode], batch, progress)[mode]


@torch.inference_mode()
def predict_modes(
    model: CenterNet,
    variant: DetectionVariant,
    data: ImageSet,
    size: int,
    device: str,
    sigma_factor: float,
    modes: Sequence[Mode],
    batch: int = 16,
    progress: str | None = None,
) -> dict[Mode, Detections]:
    """The same in several modes, in one pass over the images.

    `size`: px of the square input at scale 1, a multiple of the network's `divisor`; other scales are rounded to one.
    `progress`: the label of a progress bar, shown at a terminal. The model is in evaluation mode during the call.
    """
    scales = sorted({scale for mode in modes for scale in SCALES.get(mode, (1.0,))})
    sizes = {scale: scaled_size(size, scale, model.divisor) for scale in scales}
    parts: dict[Mode, list[Detections]] = {mode: [] for mode in modes}
    training = model.training
    model.eval()
    try:
        for first, inputs in _ahead(data, batch, list(sizes.values()), progress):
            networks = [
                _Pass(model, variant, sigma_factor, images.to(device), matrices, first) for images, matrices in inputs
            ]
            passes = dict(zip(sizes, networks, strict=True))
            for mode, found in parts.items():
                found.append(_detections(mode, passes))
    finally:
        model.train(training)
    return {mode: Detections.concatenate(found) for mode, found in parts.items()}


def scaled_size(size: int, scale: float, divisor: int) -> int:
    """`size` times `scale`, rounded to a multiple of `divisor`, at least one."""
    return max(1, int(size * scale / divisor + 0.5)) * divisor


def merge(parts: Sequence[Detections], keep: int = OBJECTS) -> Detections:
    """Detections of the same images at several sizes, joined by soft-NMS within each category: the `keep` best."""
    order = np.argsort(np.concatenate([part.image for part in parts]), kind="stable")
    together = Detections.concatenate(parts).rows(order)
    if not len(together):
        return together
    images, first, counts = np.unique(together.image, return_index=True, return_counts=True)
    rank = np.arange(len(together)) - np.repeat(first, counts)
    image = np.repeat(np.arange(len(images)), counts)
    shape = (len(images), int(counts.max()))

    def table(values: NDArray) -> Tensor:
        filled = np.zeros((*shape, *values.shape[1:]), dtype=values.dtype)
        filled[image, rank] = values
        return torch.from_numpy(filled)

    index, score = soft_nms(table(together.boxes), table(together.score), table(together.category), keep)
    row = torch.from_numpy(first)[:, None] + index
    there = score > 0
    return replace(together.rows(row[there].numpy()), score=score[there].numpy())


class _Pass:
    """One batch of images through the network at one size, and mirrored as soon as a mode needs it."""

    def __init__(
        self,
        model: CenterNet,
        variant: DetectionVariant,
        sigma_factor: float,
        images: Tensor,
        matrices: NDArray[np.float64],
        first: int,
    ) -> None:
        self._model, self._variant, self._sigma_factor = model, variant, sigma_factor
        self._images, self._matrices, self._first = images, matrices, first
        self._heads = NetworkHeads(model, model.features(images))
        self._mirrored: NetworkHeads | None = None

    def detections(
        self, choice: Choice = "largest", refined: bool = False, flip: bool = False, aligned: bool = False
    ) -> Detections:
        if flip and self._mirrored is None:
            self._mirrored = NetworkHeads(self._model, self._model.features(self._images.flip(-1)))
        mirrored = self._mirrored if flip else None
        found = decode(self._heads, self._variant, self._sigma_factor, choice, refined, OBJECTS, mirrored, aligned)
        return to_detections(found, self._matrices, self._first, self._images.shape[-1])


def _detections(mode: Mode, passes: Mapping[float, _Pass]) -> Detections:
    if mode in SCALES:
        return merge([passes[scale].detections(flip=True) for scale in SCALES[mode]])
    return passes[1.0].detections(
        choice="mean" if mode == "mean" else "largest",
        refined=mode in ("refined", "flip_refined"),
        flip=mode in ("flip", "flip_aligned", "flip_refined"),
        aligned=mode == "flip_aligned",
    )


Inputs = list[tuple[Tensor, NDArray[np.float64]]]  # images and matrices, one for every size


def _ahead(data: ImageSet, batch: int, sizes: Sequence[int], progress: str | None) -> Iterator[tuple[int, Inputs]]:
    """The first index and the inputs of each batch. The next batch is read while the network works on this one."""

    def read(first: int) -> Inputs:
        images = torch.arange(first, min(first + batch, len(data)))
        return [test_batch(data, images, size) for size in sizes]

    hidden = progress is None or not sys.stderr.isatty()
    with (
        ThreadPoolExecutor(max_workers=1) as reader,
        tqdm(total=len(data), desc=progress, unit=" images", disable=hidden) as bar,
    ):
        following = reader.submit(read, 0)
        for first in range(0, len(data), batch):
            inputs = following.result()
            if first + batch < len(data):
                following = reader.submit(read, first + batch)
            yield first, inputs
            bar.update(len(inputs[0][1]))
