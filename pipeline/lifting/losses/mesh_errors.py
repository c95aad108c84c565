"""What the losses on coarse meshes share: the nodes' squared errors, and which poses count."""

import torch
from torch import Tensor

from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.output_types import PoseAndMeshes


def squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> list[Tensor]:
    """[B, real nodes, 3] of each mesh that the network gives."""
    pairs = (*((output.coarse, meshes.coarse, meshes.coarse_nodes), (output.fine, meshes.fine, meshes.fine_nodes)),)
    return [(mesh.index_select(1, nodes) - target).square() for mesh, target, nodes in pairs if mesh is not None]


def mean_of_usable(losses: Tensor, meshes: MeshBatch) -> Tensor:
    """The mean of losses [B] over the poses whose body fits."""
    return torch.where(meshes.usable, losses, 0.0).sum() / meshes.usable.sum().clamp_min(1)
