"""What a lifting variant minimises, put together from its output and the targets; of which losses, its settings say."""

from __future__ import annotations

import importlib

from torch import Tensor

from pipeline.config import LiftingVariant, modules
from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.output_types import Output, PoseAndMeshes, PoseMixture, PoseSamples, RefinedPose
from pipeline.lifting.outputs import main_prediction


def loss_terms(
    variant: LiftingVariant,
    skeleton: Skeleton,
    output: Output | RefinedPose,
    targets: Tensor,
    meshes: MeshBatch | None = None,
) -> dict[str, Tensor]:
    """What the variant minimises, by name, as means over the batch.

    A hierarchical graph network's is HGN's Eq. 4, its authors' code, or the pose's own loss and Eq. 4's mesh term.
    Without meshes (another data set) their term is left out. Samples are judged by their mean.
    """
    if isinstance(output, RefinedPose):  # in training: the pose before its refinement is to be right as well
        before = {
            f"{name}, before": value for name, value in loss_terms(variant, skeleton, output.before, targets).items()
        }
        return loss_terms(variant, skeleton, output.pose, targets) | before
    pose = output.pose if isinstance(output, PoseAndMeshes) else output
    if isinstance(pose, PoseSamples):
        pose = main_prediction(pose)
    loss = importlib.import_module(modules.POSE_LOSSES["mixture" if isinstance(pose, PoseMixture) else variant.loss])
    terms: dict[str, Tensor] = loss.pose_terms(variant, pose, targets, skeleton)
    if isinstance(output, PoseAndMeshes) and meshes and modules.mesh_loss(variant):
        terms |= importlib.import_module(str(modules.mesh_loss(variant))).mesh_terms(variant, output, meshes)
    return terms
