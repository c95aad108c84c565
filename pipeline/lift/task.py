"""Lifting as a task for the training loop: one variant, its loss, and its figures on the test subjects."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lift.dataset import MILLIMETRES, LiftData
from pipeline.lift.losses import joints_and_bones, mean_squared_error, node_nll, pose_nll
from pipeline.lift.metrics import average_by_group, mpjpe
from pipeline.lift.mixture_metrics import main_prediction, oracle_prediction
from pipeline.lift.models import PoseMixture
from pipeline.params import LiftVariant

BATCH = 256  # poses at a time where no gradient is needed: what a processor cache holds; a GPU takes more at once


class LiftTask:
    """A variant's model with the data it learns from and the data it is watched on."""

    unit = "poses"

    def __init__(self, variant: LiftVariant, model: nn.Module, train: LiftData, test: LiftData) -> None:
        self.variant = variant
        self.model = model.to(train.inputs.device)
        self.train = train
        self.test = test
        self.device = str(train.inputs.device)

    @property
    def examples(self) -> int:
        return len(self.train)

    @property
    def batch_size(self) -> int:
        return self.variant.optimizer.batch_size

    def loss(self, indices: Tensor) -> dict[str, Tensor]:
        return loss_terms(
            self.variant, self.train.skeleton, self.model(self.train.inputs[indices]), self.train.targets[indices]
        )

    def validate(self) -> dict[str, float]:
        """MPJPE in mm, averaged action by action, and the loss; a mixture's oracle first: the authors chose by it."""
        output = predict(self.model, self.test.inputs)
        figures: dict[str, float] = {}
        if isinstance(output, PoseMixture):
            figures["test_oracle_mpjpe"] = self._action_average(oracle_prediction(output, self.test.targets))
        figures["test_mpjpe"] = self._action_average(main_prediction(output))
        terms = loss_terms(self.variant, self.test.skeleton, output, self.test.targets)
        return figures | {"test_loss": float(sum(terms.values()))}

    def _action_average(self, prediction: Tensor) -> float:
        errors = mpjpe(prediction, self.test.targets, per_pose=True) * MILLIMETRES
        averages = average_by_group(errors, self.test.action, self.test.pose_set.actions)
        return sum(averages.values()) / len(averages)


def loss_terms(
    variant: LiftVariant, skeleton: Skeleton, output: Tensor | PoseMixture, targets: Tensor
) -> dict[str, Tensor]:
    """What the variant minimises, by name, as means over the batch."""
    if isinstance(output, PoseMixture):
        nll = pose_nll if variant.head.level == "pose" else node_nll
        return {"negative log-likelihood": nll(output, targets)}
    if variant.loss == "joints_and_bones":
        return joints_and_bones(output, targets, skeleton)
    return {"mean squared error": mean_squared_error(output, targets)}


@torch.no_grad()
def predict(model: nn.Module, inputs: Tensor) -> Tensor | PoseMixture:
    """The model's output for all N inputs, in evaluation mode and in batches that fit anywhere."""
    was_training = model.training
    model.eval()
    outputs = [model(batch) for batch in inputs.split(BATCH)]
    model.train(was_training)
    return PoseMixture.concatenate(outputs) if isinstance(outputs[0], PoseMixture) else torch.cat(outputs)
