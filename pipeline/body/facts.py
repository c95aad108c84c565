"""What a body's summary says of it: sizes, the error of its joint regressor, and the nodes of its coarse graphs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.body.model import BodyModel
from pipeline.body.open_body import joint_regressor
from pipeline.geometry.coarsening import MeshGraphs

UNSEEN = 9  # the seed of the people and poses on which the joint regressor is measured


def of(body: BodyModel, small: BodyModel, graphs: MeshGraphs) -> dict[str, Any]:
    template, directions, weights, regressor = (
        values.numpy().astype(np.float64)
        for values in (body.v_template, body.shapedirs, body.weights, body.j_regressor)
    )
    error = joint_regressor.error(template, directions.transpose(2, 0, 1), weights, regressor, UNSEEN)
    return {
        "vertices": body.vertex_count,
        "faces": len(body.faces),
        "small_vertices": small.vertex_count,
        "shape_components": body.shape_count,
        "pose_blend_shapes": body.posedirs is not None,
        "joint_error_mm": round(error, 2),
        "nodes": {
            scale: {"real": int(graph.real.sum()), "fake": int((~graph.real).sum())}
            for scale, graph in (("coarse", graphs.coarse), ("fine", graphs.fine))
        },
        "level_sizes": graphs.sizes.tolist(),
    }
