"""The coarse meshes that a hierarchical graph network learns beside the joints (HGN, Section 3.3).

Stage fit_body writes them once per frame, in world axes. Here they are turned into the axes of the pose's camera when a
batch is made. A frame whose body does not fit is not usable: its mesh counts in no loss and no error, its joints do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry.camera import Camera, rotation_matrix
from pipeline.geometry.coarsening import MeshGraphs

Rows = slice | Tensor


@dataclass(frozen=True)
class MeshBatch:
    """The meshes of B poses: real nodes only, metres, camera axes, relative to the pose's root."""

    coarse: Tensor  # [B, real nodes of the coarse graph, 3]
    fine: Tensor  # [B, real nodes of the fine graph, 3]
    usable: Tensor  # [B] bool
    coarse_nodes: Tensor  # indices of the real nodes in the coarse graph
    fine_nodes: Tensor


@dataclass(frozen=True)
class MeshTargets:
    """The meshes of a split's N poses, which are views of F frames."""

    vertices: Tensor  # [F, real coarse nodes + real fine nodes, 3] float16 m, world axes, relative to the root
    usable: Tensor  # [F] bool
    frame: Tensor  # [N] the frame of a pose, index into vertices
    camera: Tensor  # [N] index into axes
    axes: Tensor  # [cameras, 3, 3] camera axes to world axes
    coarse_nodes: Tensor
    fine_nodes: Tensor

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray],
        graphs: MeshGraphs,
        camera: Tensor,
        cameras: Sequence[Camera],
        device: str = "cpu",
    ) -> MeshTargets:
        """Read a split's file of fit_body. Raises ValueError, with the field, if it does not fit poses or graphs."""
        nodes = [torch.from_numpy(graph.real).nonzero()[:, 0] for graph in (graphs.coarse, graphs.fine)]
        frames, count = len(arrays["usable"]), sum(map(len, nodes))
        if arrays["meshes"].shape != (frames, count, 3):
            raise ValueError(f"meshes: expected [{frames}, {count}, 3], found {list(arrays['meshes'].shape)}")
        if len(arrays["row_frame"]) != len(camera):
            raise ValueError(f"row_frame: {len(arrays['row_frame'])} rows for {len(camera)} poses")
        orientations = torch.tensor([camera.orientation for camera in cameras]).reshape(-1, 4)
        return cls(
            vertices=torch.from_numpy(arrays["meshes"]).to(device),
            usable=torch.from_numpy(arrays["usable"]).to(device),
            frame=torch.from_numpy(arrays["row_frame"]).long().to(device),
            camera=camera.to(device),
            axes=rotation_matrix(orientations).to(device),
            coarse_nodes=nodes[0].to(device),
            fine_nodes=nodes[1].to(device),
        )

    def select(self, rows: Rows) -> MeshTargets:
        """The meshes of some poses, in that order."""
        return replace(self, frame=self.frame[rows], camera=self.camera[rows])

    def of(self, rows: Rows) -> MeshBatch:
        frame = self.frame[rows]
        vertices = (
            self.vertices[frame].float() @ self.axes[self.camera[rows]]
        )  # world to camera: the transposed product
        coarse, fine = vertices.split([len(self.coarse_nodes), len(self.fine_nodes)], dim=1)
        return MeshBatch(coarse, fine, self.usable[frame], self.coarse_nodes, self.fine_nodes)
