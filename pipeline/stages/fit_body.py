"""Fit the preset's body to every pose: data/<preset>/targets/meshes, what networks with mesh graphs learn.

With `joints` it fits a user's own joints instead and writes `output`. A stopped fit is resumed with the first person
who is not finished.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline import artifacts, device
from pipeline.artifacts import InputError
from pipeline.body.fitting import joints_file, people
from pipeline.body.model import read_body
from pipeline.config import Run, made
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.geometry.poses import read_poses

THREADS = 1  # the products are small: threads wait for each other more than they help, and much more on a busy machine


def run(run: Run, joints: str | None = None, output: str | None = None) -> None:
    if (joints is None) != (output is None):
        given, missing = ("--joints", "--output") if output is None else ("--output", "--joints")
        raise InputError(f"fit_body: {given} without {missing}; name the file with joints and the one to write")
    if run.preset.body is None:
        reason = f"preset {run.preset_name} has no body"
        raise InputError(f"fit_body: no body to fit ({reason}); name a preset with a body, such as --preset demo")
    body, small, graphs = (run.layout.body_file(f"{name}.npz") for name in ("body", "small", "graphs"))
    if not body.exists():
        commands = f"python -m pipeline plan --preset {run.preset_name}; python -m pipeline build_body"
        raise InputError(
            f"{run.layout.body}: there is no body to fit; run `{commands} --preset {run.preset_name}` first"
        )
    models = read_body(body).to(device.prepare(run, THREADS)), read_body(small)
    if joints is not None and output is not None:
        joints_file.fit_file(*models, Path(joints), Path(output))
        return
    poses = {split: read_poses(run.layout.motion_split(split)) for split in people.SPLITS}
    working = run.layout.fitting_state
    fingerprint = f"{made.fingerprint(run, 'fit_body')} {models[0].v_template.device.type}"
    people.fit_people(models[0], _read(graphs), poses, working, fingerprint)
    with artifacts.atomic_folder(run.layout.targets("meshes")) as folder:
        people.assemble(*models, poses, working, folder)
        shutil.copyfile(graphs, folder / "graphs.npz")
    shutil.rmtree(working, ignore_errors=True)


def _read(path: Path) -> MeshGraphs:
    try:
        return MeshGraphs.from_arrays(artifacts.read_arrays(path))
    except GraphError as error:
        raise InputError(f"{path}: {error}; delete it and run build_body again") from None
