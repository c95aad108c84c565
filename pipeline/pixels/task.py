"""What the training loop needs: the three stages of SemGCN's Section 5.1, and training from scratch end to end.

Stage one trains the 2D network with the integral loss; stage two the graph network with Eq. 7 on what the fixed 2D
network sees; stage three everything with both losses. From scratch (claim SG-16) is stage three without the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pipeline.lifting.data import MILLIMETRES
from pipeline.lifting.metrics import average_by_group, mpjpe
from pipeline.pixels.data import CropSet
from pipeline.pixels.losses import integral_loss, joint_and_bone_loss
from pipeline.pixels.models import PerceptualSemGCN, Poses
from pipeline.training.moment import Done

Stage = Literal["detector", "graph", "all"]
AT_ONCE = 64  # images in evaluation


@dataclass
class PixelsTask:
    """A stage of training. `model` continues from where the stage before left it."""

    model: PerceptualSemGCN
    train: CropSet
    test: CropSet
    stage: Stage
    batch_size: int = 64
    unit = "images"
    best: Literal["lowest", "highest"] = "lowest"

    def __post_init__(self) -> None:
        self.model.fix_detector(self.stage == "graph")
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
            distance = (found.keypoints_2d - self.test.keypoints_of(rows)) * self.test.enlarged(rows)
            off.append(distance.norm(dim=-1).mean(dim=-1))
            errors.append(MILLIMETRES * mpjpe(found.joints_3d, self.test.targets_of(rows), per_pose=True))
            loss += len(rows) * float(sum(self._terms(found, self.test, rows).values()))
        figures = {"test_keypoints_px": float(torch.cat(off).mean()), "test_loss": loss / len(self.test)}
        if self.stage == "detector":
            return figures
        averages = average_by_group(torch.cat(errors), self.test.poses.action, self.test.poses.pose_set.actions)
        return {"test_mpjpe": sum(averages.values()) / len(averages)} | figures

    def _predicted(self, data: CropSet, rows: Tensor) -> Poses:
        return self.model(data.images_of(rows), data.crops_of(rows))

    def _terms(self, found: Poses, data: CropSet, rows: Tensor) -> dict[str, Tensor]:
        terms = {}
        if self.stage != "graph":
            terms["integral"] = integral_loss(found.keypoints_2d, data.keypoints_of(rows), data.size)
        if self.stage != "detector":
            terms["joints and bones"] = joint_and_bone_loss(found.joints_3d, data.targets_of(rows), self.model.skeleton)
        return terms
