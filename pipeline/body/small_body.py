"""A body with fewer vertices for drawing, which saves time."""

from __future__ import annotations

import numpy as np
import torch

from pipeline.body import collapse
from pipeline.body.model import BodyModel
from pipeline.body.open_body import joint_regressor

SMALL = 1300  # vertices
SEED = 2


def shrink(body: BodyModel, count: int = SMALL) -> BodyModel:
    """The body with at most `count` of its vertices and the same joints, with a regressor fitted to these vertices.

    Raises ValueError for a mesh that cannot be reduced so far.
    """
    if body.vertex_count <= count:
        return body
    template, directions, weights, regressor = (
        value.cpu().numpy().astype(np.float64)
        for value in (body.v_template, body.shapedirs, body.weights, body.j_regressor)
    )
    ((kept, faces),) = collapse.collapse(template, body.faces.cpu().numpy(), (count,))
    components = directions.transpose(2, 0, 1)  # [B, V, 3]
    rows = np.concatenate([kept, np.arange(len(template), len(template) + len(regressor))])
    mean, moves = (joint_regressor.with_joints(x, regressor)[..., rows, :] for x in (template, components))
    rng = np.random.default_rng(SEED)
    poses = joint_regressor.posed(mean, moves, weights[kept], rng)
    fewer = joint_regressor.regress(np.concatenate([joint_regressor.of_all_shapes(mean, moves), poses]))
    numbers = torch.from_numpy(kept)
    return BodyModel(
        v_template=body.v_template[numbers],
        shapedirs=body.shapedirs[numbers],
        posedirs=None if body.posedirs is None else body.posedirs[numbers],
        j_regressor=torch.from_numpy(fewer.astype(np.float32)),
        weights=body.weights[numbers],
        faces=torch.from_numpy(faces),
    )
