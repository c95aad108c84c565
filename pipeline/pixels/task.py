"""What the training loop needs: the three stages of SemGCN's Section 5.1, and training from scratch end to end.

Stage one trains the 2D network with the integral loss; stage two the graph network with Eq. 7 on what the fixed 2D
network sees; stage three everything with both losses. From scratch (claim SG-16) is stage three without the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.config.pixels import PixelsSettings
from pipeline.lifting.data import MILLIMETRES, Rows
from pipeline.lifting.metrics import average_by_group, mpjpe
from pipeline.lifting.outputs import main_prediction
from pipeline.pixels.data import CropSet
from pipeline.pixels.losses import integral_loss, joint_and_bone_loss, joint_loss
from pipeline.pixels.models import PerceptualSemGCN, Poses
from pipeline.training.moment import Done

AT_ONCE = 64  # images in evaluation


@dataclass
class PixelsTask:
    """A stage of training. `network` continues from where the stage before left it."""

    network: PerceptualSemGCN
    train: CropSet
    test: CropSet
    settings: PixelsSettings
    batch_size: int = 64
    unit = "images"
    best: Literal["lowest", "highest"] = "lowest"

    def __post_init__(self) -> None:
        self.model: nn.Module = self.network
        self.network.fix_detector(self.settings.stage == "graph")
        self.device = self.train.poses.device

    @property
    def examples(self) -> int:
        return len(self.train)

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        return self._terms(self._predicted(self.train, indices), self.train, indices)

    def forward(self, indices: Tensor) -> None:
        self._predicted(self.train, indices)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Errors of the test split: in 2D in px of the picture; in 3D MPJPE in mm, averaged action by action; the loss.

        The stage's own error is first. Stage one has no 3D error.
        """
        off, errors, loss = [], [], 0.0
        for rows in torch.arange(len(self.test), device=self.device).split(AT_ONCE):
            found = self._predicted(self.test, rows)
            off.append(self.test.distances(found.keypoints_2d, rows).mean(dim=-1))
            pose = main_prediction(found.joints_3d)
            errors.append(MILLIMETRES * mpjpe(pose, self.test.targets_of(rows), per_pose=True))
            loss += len(rows) * float(sum(self._terms(found, self.test, rows).values()))
        figures = {"test_keypoints_px": float(torch.cat(off).mean()), "test_loss": loss / len(self.test)}
        if self.settings.stage == "detector":
            return figures
        averages = average_by_group(torch.cat(errors), self.test.poses.action, self.test.poses.pose_set.actions)
        return {"test_mpjpe": sum(averages.values()) / len(averages)} | figures

    def mean_loss(self, data: CropSet) -> float:
        """The loss over all images of a split, with the model as it is."""
        total = 0.0
        with torch.no_grad():
            for rows in torch.arange(len(data), device=self.device).split(AT_ONCE):
                total += len(rows) * float(sum(self._terms(self._predicted(data, rows), data, rows).values()))
        return total / len(data)

    def _predicted(self, data: CropSet, rows: Tensor) -> Poses:
        return predicted(self.network, self.settings, data, rows)

    def _terms(self, found: Poses, data: CropSet, rows: Tensor) -> dict[str, Tensor]:
        stage, terms, target = self.settings.stage, {}, data.targets_of(rows)
        if stage != "graph":
            terms["integral"] = integral_loss(found.keypoints_2d, data.keypoints_of(rows), data.size)
        if stage != "detector" and self.settings.bones:
            terms["joints and bones"] = joint_and_bone_loss(found.joints_3d, target, self.network.skeleton)
        elif stage != "detector":
            terms["joints"] = joint_loss(found.joints_3d, target)
        return terms


def predicted(model: PerceptualSemGCN, settings: PixelsSettings, data: CropSet, rows: Tensor) -> Poses:
    """What the network makes of some crops, or of the true 2D joints in them."""
    crops = data.crops_of(rows)
    if settings.joints_2d == "found":
        return model(data.images_of(rows), crops)
    true = data.keypoints_of(rows)
    return Poses(true, model.lift(true, (), crops))


@torch.no_grad()
def predict(model: PerceptualSemGCN, settings: PixelsSettings, data: CropSet, rows: Rows) -> Poses:
    """The same for any number of crops, in evaluation mode and in batches."""
    was_training = model.training
    model.eval()
    chosen = torch.arange(len(data), device=data.side.device)[rows]
    parts = [predicted(model, settings, data, some) for some in chosen.split(AT_ONCE)]
    model.train(was_training)
    return Poses(torch.cat([one.keypoints_2d for one in parts]), torch.cat([one.joints_3d for one in parts]))
