"""The loss of HGN's authors' code: mean squared errors of joints, a hundredfold, and of both meshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.losses.joints import mean_squared_error
from pipeline.lifting.losses.mesh_errors import mean_of_usable, squared_errors
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.output_types import PoseAndMeshes

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant


def mesh_mean_squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of the authors' code: the mean squared errors of both meshes, added up."""
    return sum(mean_of_usable(one.mean(dim=(1, 2)), meshes) for one in squared_errors(output, meshes))  # type: ignore


def pose_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    return {"100 x mean squared error": 100 * mean_squared_error(pose, targets)}


def mesh_terms(variant: LiftingVariant, output: PoseAndMeshes, meshes: MeshBatch) -> dict[str, Tensor]:
    return {"meshes": mesh_mean_squared_errors(output, meshes)}
