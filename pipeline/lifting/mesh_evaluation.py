"""Errors of the coarse meshes (HGN, Table 2), and depth errors of hidden joints.

Both are summed chunk by chunk, as `lifting.errors` predicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.metrics import mpvpe
from pipeline.lifting.occlusion import occluded
from pipeline.lifting.outputs import Output, PoseAndMeshes
from pipeline.lifting.results import Depth, Error, Mesh, Meshes

Average = Callable[[Tensor, Tensor, LiftingData], Error]  # errors [n], actions [n] -> averages


@dataclass
class MeshErrors:
    """MPVPE of both meshes in mm, over the poses whose body fits."""

    errors: dict[str, list[Tensor]] = field(default_factory=dict)
    actions: list[Tensor] = field(default_factory=list)

    def add(self, output: Output, data: LiftingData, rows: slice) -> None:
        meshes = data.meshes_of(rows)
        if meshes is None or not isinstance(output, PoseAndMeshes):
            return
        self.actions.append(data.action[rows][meshes.usable])
        pairs = {
            "coarse": (output.coarse, meshes.coarse, meshes.coarse_nodes),
            "fine": (output.fine, meshes.fine, meshes.fine_nodes),
        }
        for scale, (mesh, target, nodes) in pairs.items():
            if mesh is not None:
                found = mpvpe(mesh.index_select(1, nodes), target, per_pose=True)[meshes.usable]
                self.errors.setdefault(scale, []).append(MILLIMETRES * found)

    def result(self, average: Average, data: LiftingData) -> Meshes | None:
        """The averages of both scales; None if the network gives no mesh, or no body fits."""
        if not self.errors or not sum(map(len, self.actions)):
            return None
        actions = torch.cat(self.actions)
        scales = {scale: Mesh(mpvpe=average(torch.cat(parts), actions, data)) for scale, parts in self.errors.items()}
        return Meshes(**scales)


@dataclass
class DepthErrors:
    """Depth errors of joints that another part of the body hides from the camera, and of visible joints."""

    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])  # seen, hidden
    counts: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, poses: Tensor, data: LiftingData, rows: slice) -> None:
        """Add predicted poses [n, J, 3] in metres with the root at 0. The root, which is always right, is left out."""
        joints = data.joints_3d[rows].index_select(1, data.joints)
        hidden = occluded(joints, data.skeleton)[:, 1:]
        errors = MILLIMETRES * (poses - data.targets_of(rows))[:, 1:, 2].double().abs()
        for index, chosen in enumerate((~hidden, hidden)):
            self.sums[index] += float(errors[chosen].sum())
            self.counts[index] += int(chosen.sum())

    def result(self) -> Depth:
        seen, hidden = (total / count if count else None for total, count in zip(self.sums, self.counts, strict=True))
        share = self.counts[1] / sum(self.counts) if sum(self.counts) else None
        return Depth(visible_mm=seen, occluded_mm=hidden, occluded_share=share)
