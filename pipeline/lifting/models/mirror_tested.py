"""A model that is asked twice: for a pose, and for its mirror image."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.mirror import mirrored
from pipeline.lifting.output_types import PoseAndMeshes


class MirrorTested(nn.Module):
    """A point model whose prediction is averaged with its mirror image's, mirrored back; in training it is as it is.

    Meshes stay as they are: nobody knows which node of a coarse graph is another's mirror image.
    """

    def __init__(self, model: nn.Module, skeleton: Skeleton) -> None:
        super().__init__()
        self.model = model
        self.skeleton = skeleton

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseAndMeshes:
        output = self.model(keypoints_2d)
        if self.training:
            return output
        image = self.model(mirrored(keypoints_2d, self.skeleton))
        if isinstance(output, PoseAndMeshes):
            assert isinstance(output.pose, Tensor), "a mixture has nothing to average"
            return replace(output, pose=self._average(output.pose, image.pose))
        return self._average(output, image)

    def _average(self, poses: Tensor, of_image: Tensor) -> Tensor:
        return (poses + mirrored(of_image, self.skeleton)) / 2
