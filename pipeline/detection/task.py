"""A detection variant as a task of the training loop: its batches, its loss, and AP on the validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.config import DetectionVariant
from pipeline.config.presets import Augmentation
from pipeline.detection import STRIDE, augment, inference, losses, metrics
from pipeline.detection.image_set import ImageSet
from pipeline.detection.targets import Annotations, make_targets
from pipeline.training.moment import Done

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet


@dataclass(frozen=True)
class DetectionSettings:
    """The settings of a variant's training that the preset decides."""

    input_size: int
    batch_size: int
    augment: Augmentation
    sigma_factor: float


class DetectionTask:
    """A variant's network with its training and validation images."""

    unit = "images"
    best: Literal["lowest", "highest"] = "highest"

    def __init__(
        self,
        variant: DetectionVariant,
        model: CenterNet,
        train: ImageSet,
        val: ImageSet,
        settings: DetectionSettings,
        device: str,
    ) -> None:
        self.variant = variant
        self.model: nn.Module = model.to(device)
        self.network = model  # the same, with its type
        self.train = train
        self.val = val
        self.settings = settings
        self.device = device

    @property
    def examples(self) -> int:
        return len(self.train)

    @property
    def batch_size(self) -> int:
        return self.settings.batch_size

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        size = self.settings.input_size
        images, annotations = self._batch(indices)
        targets = make_targets(
            annotations, self.variant.task, len(self.train.category_ids), len(indices), size // STRIDE
        )
        features = self.network.features(images)
        return losses.loss_terms(self.variant, self.network, features, targets, self.settings.sigma_factor, done)

    def forward(self, indices: Tensor) -> None:
        """The backbone's pass over one training batch; the heads have no batch norms."""
        self.network.features(self._batch(indices)[0])

    def _batch(self, indices: Tensor) -> tuple[Tensor, Annotations]:
        settings = self.settings
        return augment.training_batch(self.train, indices.cpu(), settings.input_size, settings.augment, self.device)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """AP on the validation images in percent: one scale, no flip, no refinement."""
        found = inference.predict(
            self.network,
            self.variant,
            self.val,
            self.settings.input_size,
            self.device,
            self.settings.sigma_factor,
            "plain",
        )
        ap = metrics.evaluate(self.val, found)["ap"]
        assert ap is not None, "AP of all sizes is defined wherever there is an annotated object"
        return {"val_ap": ap}
