"""Fit the preset's body to every pose: data/<preset>/targets/meshes, what networks with mesh graphs learn.

With `joints` it fits a user's own joints instead and writes `output`. A stopped run goes on with the first person
who is not finished.
"""

from __future__ import annotations

import shutil

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body.fitting import joints_file, people
from pipeline.config import Run


def run(run: Run, joints: str | None = None, output: str | None = None) -> None:
    if (joints is None) != (output is None):
        given, missing = ("--joints", "--output") if output is None else ("--output", "--joints")
        raise InputError(f"fit_body: {given} without {missing}; name the file with joints and the one to write")
    if run.preset.body is None:
        reason = f"preset {run.preset_name} has no body"
        raise InputError(f"fit_body: no body to fit ({reason}); name a preset with a body, such as --preset demo")
    if not run.layout.body_file("body.npz").exists():
        commands = f"python -m pipeline plan --preset {run.preset_name}; python -m pipeline build_body"
        raise InputError(
            f"{run.layout.body}: there is no body to fit; run `{commands} --preset {run.preset_name}` first"
        )
    if joints is not None and output is not None:
        joints_file.fit_file(run, joints, output)
        return
    people.fit_people(run, run.layout.fitting_state)
    with artifacts.atomic_folder(run.layout.targets("meshes")) as folder:
        people.assemble(run, run.layout.fitting_state, folder)
    shutil.rmtree(run.layout.fitting_state, ignore_errors=True)
