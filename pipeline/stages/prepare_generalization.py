"""Another data set's test poses, on which every variant is measured as it is: data/<preset>/motion/mpi_inf_3dhp.

In a preset that asks for none the folder says so, and nothing is measured on it.
"""

from __future__ import annotations

from pipeline import artifacts
from pipeline.params import Run
from pipeline.sources import mpi_inf_3dhp
from pipeline.stages import status


def run(run: Run) -> None:
    name = run.preset.generalization
    reason = None if name else f"preset {run.preset_name} asks for no other data set"
    with artifacts.atomic_folder(run.layout.motion("mpi_inf_3dhp")) as folder:
        artifacts.write_json(folder / "status.json", status.record(reason))
        if name:
            poses, summary = mpi_inf_3dhp.load(run.layout.licensed)
            artifacts.write_arrays(folder / "test.npz", poses.check().to_arrays())
            artifacts.write_json(folder / "summary.json", summary)
