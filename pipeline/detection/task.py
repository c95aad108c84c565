"""A detection variant as a task of the training loop: its batches, its loss, and AP on the validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.config import DetectionVariant
from pipeline.config.presets import Augmentation
from pipeline.detection import inference, losses, metrics
from pipeline.detection.batches import Batches
from pipeline.detection.image_set import ImageSet
from pipeline.training import parallel
from pipeline.training.compiled import Compiled
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
    """A variant's network with its training and validation images.

    On a GPU the network's passes in training are in bfloat16, its losses and all else in float32. `compiled`: torch
    compiles the backbone for whole batches, which takes a minute and is worth it for a network in its full size.
    """

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
        compiled: bool = False,
    ) -> None:
        self.variant = variant
        self.model: nn.Module = model.to(device)
        self.network = model  # the same, with its type
        self.train = train
        self.val = val
        self.settings = settings
        self.device = device
        self.batches = Batches(train, settings.input_size, settings.augment, device)
        model.mixed = "cuda" if device.startswith("cuda") else None
        self.compiled = Compiled(model.features, device) if compiled and parallel.size() == 1 else None
        self.shared = parallel.Shared(model.backbone) if parallel.size() > 1 else None

    @property
    def examples(self) -> int:
        return len(self.train)

    @property
    def batch_size(self) -> int:
        return self.settings.batch_size

    def announce(self, indices: Tensor) -> None:
        """Begin to make the next batch. On a CPU there is nobody who could."""
        if self.device != "cpu":
            self.batches.announce(indices)

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        images, targets = self.batches.of(indices)
        whole = len(images) == self.batch_size
        if self.shared:
            features = self.shared.features(self.network.features, images)
        else:
            features = self.compiled(images) if self.compiled and whole else self.network.features(images)
        return losses.loss_terms(self.variant, self.network, features, targets, self.settings.sigma_factor, done)

    def forward(self, indices: Tensor) -> None:
        """The backbone's pass over one training batch; the heads have no batch norms."""
        self.network.features(self.batches.images(indices))

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
