"""HGN's two coarse graphs of a body's mesh, with the joint of Human3.6M to which each node belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.body.model import JOINT_NAMES, BodyModel
from pipeline.geometry import coarsening
from pipeline.geometry.coarsening import CoarseGraph, GraphError, MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17

HUMAN36M_NAMES = {
    **{"pelvis": "Hip", "spine1": "Spine", "spine2": "Spine", "spine3": "Thorax", "neck": "Neck/Nose", "head": "Head"},
    **{
        f"{side}_{ours}": side[0].upper() + theirs
        for side in ("left", "right")
        for ours, theirs in {
            **{"hip": "Hip", "knee": "Knee", "ankle": "Ankle", "foot": "Ankle", "collar": "Shoulder"},
            **{"shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hand": "Wrist"},
        }.items()
    },
}
HUMAN36M_JOINT = np.array([HUMAN36M_17.names.index(HUMAN36M_NAMES[name]) for name in JOINT_NAMES])  # [24]


def graphs_of(body: BodyModel) -> MeshGraphs:
    """The coarse graphs with each node's joint; takes seconds. Raises InputError for a mesh in parts."""
    try:
        graphs = coarsening.mesh_graphs(body.faces.cpu().numpy(), body.vertex_count, progress=True)
    except GraphError as error:
        raise InputError(f"f: {error}; a body's mesh is one closed surface, take another file") from None
    weights = body.weights.cpu().numpy()
    coarse, fine = (replace(graph, joint=_joints(graph, weights)) for graph in (graphs.coarse, graphs.fine))
    return replace(graphs, coarse=coarse, fine=fine)


def _joints(graph: CoarseGraph, weights: NDArray[np.float32]) -> NDArray[np.int8]:
    """The joint that moves a node's vertices most, in Human3.6M's numbering, [n]; -1 for padding nodes."""
    joints = np.full(graph.size, -1, dtype=np.int8)
    joints[graph.real] = HUMAN36M_JOINT[(graph.average @ weights).argmax(axis=1)]
    return joints
