"""The training batches of a detection task: images and targets, made on the host and moved to the device.

On a GPU the next batch is made and pinned by a thread while the device works on this one, and moved without waiting.
Its random numbers are drawn when it is announced, but the generator goes on from there only when the batch is used: a
state saved in between resumes with the same numbers.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.config.presets import Augmentation
from pipeline.detection import STRIDE, augment
from pipeline.detection.augment import Drawn
from pipeline.detection.image_set import ImageSet
from pipeline.detection.targets import Targets, make_targets


@dataclass(frozen=True)
class Announced:
    """A batch that is being made: of which images, and torch's generator before and after its numbers were drawn."""

    indices: Tensor
    before: Tensor
    after: Tensor
    drawn: Drawn
    made: Future[tuple[Tensor, Targets]]


class Batches:
    """Batches of a set of images, square ones of `size` px."""

    def __init__(self, data: ImageSet, size: int, augmentation: Augmentation, device: str) -> None:
        self.data, self.size, self.augmentation, self.device = data, size, augmentation, device
        self.pinned = device.startswith("cuda")
        self.announced: Announced | None = None
        self.worker = ThreadPoolExecutor(1)  # its thread starts with the first announcement

    def images(self, indices: Tensor) -> Tensor:
        """The network's inputs [B, 3, size, size] of the images with these indices [B], without targets."""
        return augment.training_batch(self.data, indices, self.size, self.augmentation, self.device)[0]

    def of(self, indices: Tensor) -> tuple[Tensor, Targets]:
        """Inputs and targets, on the device."""
        announced, self.announced = self.announced, None
        if announced and _fits(announced, indices):
            torch.set_rng_state(announced.after)
            drawn, (pixels, targets) = announced.drawn, announced.made.result()
        else:
            drawn = self._draw(indices)
            pixels, targets = self._make(indices, drawn)
        return augment.coloured(pixels.to(self.device, non_blocking=True), drawn), targets.to(self.device)

    def announce(self, indices: Tensor) -> None:
        """Begin to make a batch that `of` will be asked for next."""
        before = torch.get_rng_state()
        drawn = self._draw(indices)
        after = torch.get_rng_state()
        torch.set_rng_state(before)
        made = self.worker.submit(self._make, indices, drawn)
        self.announced = Announced(indices, before, after, drawn, made)

    def _draw(self, indices: Tensor) -> Drawn:
        return augment.draw(self.data.sizes[indices.cpu().numpy()], self.augmentation)

    def _make(self, indices: Tensor, drawn: Drawn) -> tuple[Tensor, Targets]:
        pixels, annotations = augment.cropped(self.data, indices.cpu().numpy(), drawn, self.size)
        categories = len(self.data.category_ids)
        targets = make_targets(annotations, self.data.task, categories, len(indices), self.size // STRIDE)
        return (pixels.pin_memory(), targets.pinned()) if self.pinned else (pixels, targets)


def _fits(announced: Announced, indices: Tensor) -> bool:
    """Whether it is the batch asked for, and nobody has drawn random numbers since it was announced."""
    same = torch.equal(announced.indices, indices.cpu())
    return same and torch.equal(announced.before, torch.get_rng_state())
