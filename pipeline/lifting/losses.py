"""HGN's Eq. 4: squared distances of joints and, weighed, of the nodes of coarse meshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.losses.checks import check_shapes
from pipeline.lifting.losses.mesh_errors import mean_of_usable, squared_errors
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.output_types import PoseAndMeshes

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant


def squared_distances(prediction: Tensor, target: Tensor) -> Tensor:
    """The pose term of HGN's Eq. 4: squared distances [B, J, 3], summed over a pose's joints."""
    check_shapes(prediction, target)
    return (prediction - target).square().sum() / len(target)


def mesh_distances(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of HGN's Eq. 4, without its weight: squared distances, summed over the real nodes of both graphs.

    The mean is over the poses whose body fits; 0 where there is none.
    """
    return sum(mean_of_usable(one.sum(dim=(1, 2)), meshes) for one in squared_errors(output, meshes))  # type: ignore


def pose_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    return {"joints": squared_distances(pose, targets)}


def mesh_terms(variant: LiftingVariant, output: PoseAndMeshes, meshes: MeshBatch) -> dict[str, Tensor]:
    return {"meshes": variant.mesh_weight * mesh_distances(output, meshes)}
