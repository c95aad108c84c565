"""Lifting as a task of the training loop: one variant, its loss, and its numbers on the test subjects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.lifting.data import MILLIMETRES, LiftingData, Rows
from pipeline.lifting.losses import loss_terms
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.metrics import average_by_group, mpjpe
from pipeline.lifting.mirror import mirrored
from pipeline.lifting.outputs import (
    Output,
    PoseMixture,
    SampleDrawing,
    closest_pose,
    concatenate,
    length,
    main_prediction,
    poses_of,
    select,
)
from pipeline.training.moment import Done

BATCH = 256  # poses at once where no gradient is needed: as many as a processor's cache holds
BATCH_ON_A_GPU = 4096  # there a batch of 256 takes as long, because Python launches as much
WATCHED_SAMPLES = 5  # per pose, in validations of a model that draws samples: 200 would take longer than training


class LiftingTask:
    """A variant's model with its training data and the test data on which it is watched."""

    unit = "poses"
    best: Literal["lowest", "highest"] = "lowest"

    def __init__(self, variant: LiftingVariant, model: nn.Module, train: LiftingData, test: LiftingData) -> None:
        self.variant = variant
        self.model = model.to(train.device)
        self.train = train
        self.test = test
        self.device = train.device

    @property
    def examples(self) -> int:
        return len(self.train)

    @property
    def batch_size(self) -> int:
        return self.variant.optimizer.batch_size

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        inputs, targets, meshes = self._batch(indices)
        if isinstance(self.model, SampleDrawing):
            return self.model.loss(inputs, targets)
        return loss_terms(self.variant, self.model(inputs), targets, meshes, done)

    def forward(self, indices: Tensor) -> None:
        """The network's pass over one training batch. A model that draws samples also sees the targets in training."""
        inputs, targets, _ = self._batch(indices)
        if isinstance(self.model, SampleDrawing):
            self.model.loss(inputs, targets)
        else:
            self.model(inputs)

    def _batch(self, indices: Tensor) -> tuple[Tensor, Tensor, MeshBatch | None]:
        """Inputs, targets and meshes of some training poses; mirrored at random where the variant asks for it."""
        inputs, targets = self.train.batch(indices)
        meshes = self.train.meshes_of(indices)
        if self.variant.flip.training:
            chosen = (torch.rand(len(inputs), device=inputs.device) < 0.5)[:, None, None]
            inputs = torch.where(chosen, mirrored(inputs, self.train.skeleton), inputs)
            targets = torch.where(chosen, mirrored(targets, self.train.skeleton), targets)
            # The nodes of a coarse mesh have no mirrored partners, so a mirrored pose has no mesh to learn.
            meshes = meshes and replace(meshes, usable=meshes.usable & ~chosen[:, 0, 0])
        return inputs, targets, meshes

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """MPJPE in mm, averaged action by action, and the loss. A mixture's oracle is first and selects the epoch."""
        predict = predictor(self.model, self.test, WATCHED_SAMPLES)
        errors: dict[str, list[Tensor]] = {"test_oracle_mpjpe": [], "test_mpjpe": []}
        loss = 0.0
        for rows in torch.arange(len(self.test), device=self.device).split(at_once(self.device)):
            output, targets = predict(rows), self.test.targets_of(rows)
            if isinstance(poses_of(output), PoseMixture):
                errors["test_oracle_mpjpe"].append(mpjpe(closest_pose(output, targets), targets, per_pose=True))
            errors["test_mpjpe"].append(mpjpe(main_prediction(output), targets, per_pose=True))
            loss += len(rows) * total(loss_terms(self.variant, output, targets, self.test.meshes_of(rows)))
        figures = {name: self._action_average(torch.cat(parts)) for name, parts in errors.items() if parts}
        return figures | {"test_loss": loss / len(self.test)}

    def _action_average(self, errors: Tensor) -> float:
        averages = average_by_group(MILLIMETRES * errors, self.test.action, self.test.pose_set.actions)
        return sum(averages.values()) / len(averages)


def at_once(device: str) -> int:
    """How many poses are predicted at once on a device."""
    return BATCH if device == "cpu" else BATCH_ON_A_GPU


def total(terms: dict[str, Tensor]) -> float:
    return float(sum(terms.values()))


@dataclass
class MeanLoss:
    """The mean loss over a split, batch by batch, from outputs that arrive in portions of any size."""

    variant: LiftingVariant
    data: LiftingData
    waiting: list[Output] = field(default_factory=list)  # outputs of less than a batch
    seen: int = 0
    total: float = 0.0

    @torch.no_grad()
    def add(self, output: Output) -> None:
        """The output for the next poses of the split."""
        self.waiting.append(output)
        count = sum(map(length, self.waiting))
        size = at_once(self.data.device)
        if count < size and self.seen + count < len(self.data):
            return
        whole = concatenate(self.waiting)
        end = count if self.seen + count == len(self.data) else count - count % size
        for first in range(0, end, size):
            part = select(whole, slice(first, min(first + size, end)))
            rows = slice(self.seen, self.seen + length(part))
            targets, meshes = self.data.targets_of(rows), self.data.meshes_of(rows)
            self.total += length(part) * total(loss_terms(self.variant, part, targets, meshes))
            self.seen += length(part)
        self.waiting = [select(whole, slice(end, count))] if end < count else []

    def result(self) -> float:
        assert self.seen == len(self.data), f"{self.seen} of {len(self.data)} poses were added"
        return self.total / self.seen


def mean_loss(variant: LiftingVariant, predict: Callable[[Rows], Output], data: LiftingData) -> float:
    """The loss over all poses of a split."""
    loss = MeanLoss(variant, data)
    for rows in torch.arange(len(data), device=data.device).split(at_once(data.device)):
        loss.add(predict(rows))
    return loss.result()


def predictor(model: nn.Module, data: LiftingData, samples: int | None = None) -> Callable[[Rows], Output]:
    """A function from rows of the data to the model's output. A model that draws samples draws `samples` of them."""
    return lambda rows: predict(model, data.inputs_of(rows), samples)


@torch.no_grad()
def predict(model: nn.Module, inputs: Tensor, samples: int | None = None) -> Output:
    """The model's output for inputs [N, J, 2], in evaluation mode and in batches."""
    was_training = model.training
    model.eval()
    options = {"samples": samples} if samples and isinstance(model, SampleDrawing) else {}
    outputs = [model(batch, **options) for batch in inputs.split(at_once(inputs.device.type))]
    model.train(was_training)
    return concatenate(outputs)
