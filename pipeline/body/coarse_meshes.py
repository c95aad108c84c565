"""Coarse meshes of posed bodies: averages of a body's skinned vertices, usually computed without skinning it.

A coarse vertex is a fixed average of vertices, c = sum_v A_v x_v, and linear blend skinning moves each vertex by
x_v = sum_j w_vj (R_j r_v + s_j). So c = sum_j R_j (sum_v A_v w_vj r_v) + (sum_v A_v w_vj) s_j. The sums in brackets
depend on the person and not on the pose, so all frames are one matrix product. Pose blend shapes (SMPL has them, the
open body does not) change the rest vertices r_v with the pose. Then all vertices are skinned, some frames at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.body.model import BodyModel

CHUNK = 4096  # frames at once
FULL_CHUNK = 32  # frames at once when all vertices are skinned


@dataclass(frozen=True)
class CoarseBody:
    """A body model and averages of its vertices."""

    model: BodyModel
    average: Tensor  # [M, V]
    shares: Tensor  # [M, 24]: the weight of each joint in a coarse vertex
    moments: Tensor  # [M, 24, 3] m: sums of rest vertices, weighted by joint
    moment_directions: Tensor  # [M, 24, 3, B]: the same for the shape components

    @classmethod
    def of(cls, model: BodyModel, average: Tensor) -> CoarseBody:
        """From `average` [M, V], whose rows sum to 1."""
        assert average.shape[1] == model.vertex_count, f"average {tuple(average.shape)}, {model.vertex_count} vertices"
        average = average.to(model.v_template)
        carried = average[:, None] * model.weights.T  # [M, 24, V]
        moments = carried @ model.v_template
        directions = (carried @ model.shapedirs.flatten(1)).unflatten(-1, (3, -1))
        return cls(model, average, carried.sum(dim=-1), moments, directions)


def coarse_meshes(body: CoarseBody, betas: Tensor, rotations: Tensor, translation: Tensor) -> Tensor:
    """Coarse vertices [F, M, 3] m of one person, betas [B]; rotations [F, 24, 3, 3], translation [F, 3] as in SMPL."""
    assert rotations.shape[1:] == (24, 3, 3) and translation.shape == (len(rotations), 3), tuple(rotations.shape)
    if body.model.posedirs is not None:
        parts = zip(rotations.split(FULL_CHUNK), translation.split(FULL_CHUNK), strict=True)
        return torch.cat([body.average @ body.model.skin(betas[None], r, t)[0] for r, t in parts])
    rest = body.model.joints(betas[None])[0]
    # The motion of a joint moves a rest point x to R (x - J) + p.
    about_joints = body.moments + body.moment_directions @ betas - body.shares[..., None] * rest
    sums = torch.cat((about_joints, body.shares[..., None]), dim=-1).flatten(1).T  # [24 * 4, M]
    chunks = [_skin(body.model, rest, r, sums) for r in rotations.split(CHUNK)]
    return torch.cat(chunks) + translation[:, None]


def _skin(model: BodyModel, rest: Tensor, rotations: Tensor, sums: Tensor) -> Tensor:
    turned, joints = model.chain(rest.expand(len(rotations), -1, -1), rotations)
    motions = torch.cat((turned, joints[..., None]), dim=-1)  # [F, 24, 3, 4]
    points = motions.transpose(1, 2).reshape(-1, sums.shape[0]) @ sums  # [F * 3, M]
    return points.unflatten(0, (-1, 3)).transpose(1, 2)
