"""HGN's Eq. 4: squared distances of joints and, weighed, of the nodes of coarse meshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lift.losses.checks import check_shapes
from pipeline.lift.losses.mesh_errors import mean_of_usable, squared_errors
from pipeline.lift.mesh_targets import MeshBatch
from pipeline.lift.output_types import PoseAndMeshes

if TYPE_CHECKING:
    from pipeline.params import LiftVariant


def squared_distances(prediction: Tensor, target: Tensor) -> Tensor:
    """The pose term of HGN's Eq. 4: squared distances [B, J, 3], summed over a pose's joints."""
    check_shapes(prediction, target)
    return (prediction - target).square().sum() / len(target)


def mesh_distances(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of HGN's Eq. 4, without its weight: squared distances, summed over the real nodes of both graphs.

    The mean is over the poses whose body fits; 0 where there is none.
    """
    return sum(mean_of_usable(one.sum(dim=(1, 2)), meshes) for one in squared_errors(output, meshes))  # type: ignore


def pose_terms(variant: LiftVariant, pose: Tensor, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    return {"joints": squared_distances(pose, targets)}


def mesh_terms(variant: LiftVariant, output: PoseAndMeshes, meshes: MeshBatch) -> dict[str, Tensor]:
    return {"meshes": variant.mesh_weight * mesh_distances(output, meshes)}
