"""Stage prepare_generalization: another data set's test poses, on which every variant is measured without training."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.data.motion import mpi_inf_3dhp


def run(run: Run) -> None:
    poses, summary = mpi_inf_3dhp.load(run.layout.licensed)
    with artifacts.atomic_folder(run.layout.motion("mpi_inf_3dhp")) as folder:
        artifacts.write_arrays(folder / "test.npz", poses.check().to_arrays())
        artifacts.write_json(folder / "summary.json", summary)
