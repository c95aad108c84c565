"""Fit the preset's body to every pose: data/<preset>/targets/meshes, what networks with mesh graphs learn.

With `joints` it fits a user's own joints instead and writes `output`. A preset without a body has no mesh targets, and
the folder says so. A stopped run goes on with the first person who is not finished.
"""

from __future__ import annotations

import shutil

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.params import Run
from pipeline.stages import status


def run(run: Run, joints: str | None = None, output: str | None = None) -> None:
    if (joints is None) != (output is None):
        given, missing = ("--joints", "--output") if output is None else ("--output", "--joints")
        raise InputError(f"fit_body: {given} without {missing}; name the file with joints and the one to write")
    if not run.layout.body_file("status.json").exists():
        command = f"python -m pipeline build_body --preset {run.preset_name}"
        raise InputError(f"{run.layout.body}: there is no body to fit; run `{command}` first")
    reason = artifacts.read_json(run.layout.body_file("status.json"))["reason"]
    if joints is not None and output is not None:
        if reason:
            raise InputError(f"fit_body: no body to fit ({reason}); name a preset with a body, such as --preset demo")
        from pipeline.stages import joints_file_fitting

        joints_file_fitting.fit_file(run, joints, output)
        return
    if reason is None:
        from pipeline.stages import body_fitting  # takes a second to import: not for a preset without a body

        body_fitting.fit_people(run, run.layout.fitting_state)
    with artifacts.atomic_folder(run.layout.targets("meshes")) as folder:
        artifacts.write_json(folder / "status.json", status.record(reason))
        if reason is None:
            body_fitting.assemble(run, run.layout.fitting_state, folder)
    shutil.rmtree(run.layout.fitting_state, ignore_errors=True)
