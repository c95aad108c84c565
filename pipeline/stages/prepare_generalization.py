"""Stage prepare_generalization: another data set's poses, on which every variant is measured without training.

data/<preset>/motion/<data set> has the poses with their true 2D joints, test.npz. Of HDM05 it also has them with joints
spoilt by every noise model of the preset, <detector>.npz, for the variants that are trained on such joints.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline import artifacts
from pipeline.config import Run
from pipeline.data.motion import keypoint_noise, mpi_inf_3dhp
from pipeline.data.motion.hdm05 import poses as hdm05
from pipeline.data.motion.settings import NoisyKeypoints

STREAM = 2  # of the noise: prepare_keypoints has 0 and 1 for the preset's own splits


def run(run: Run) -> None:
    name = run.preset.generalization
    assert name is not None  # or it is not planned
    noise: dict[str, NoisyKeypoints] = {}
    if name == "hdm05":
        poses, summary = hdm05.load(run.layout.raw)
        noise = run.preset.keypoints  # type: ignore[assignment]  # the plan has those alone
    else:
        poses, summary = mpi_inf_3dhp.load(run.layout.licensed)
    with artifacts.atomic_folder(run.layout.motion(name)) as folder:
        artifacts.write_arrays(folder / "test.npz", poses.check().to_arrays())
        for detector, settings in noise.items():
            spoilt = keypoint_noise.spoil(poses.keypoints_2d, settings, STREAM)
            artifacts.write_arrays(folder / f"{detector}.npz", replace(poses, keypoints_2d=spoilt).check().to_arrays())
        artifacts.write_json(folder / "summary.json", summary)
