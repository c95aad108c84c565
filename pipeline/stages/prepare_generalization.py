"""Stage prepare_generalization: another data set's poses, on which every variant is measured without training.

data/<preset>/motion/<data set> has the poses with their true 2D joints, test.npz. Of some data sets (OTHER_SETS) it
also has them with joints spoilt by every noise model of the preset, <detector>.npz, for variants trained on such.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pipeline import artifacts
from pipeline.config import Run, modules
from pipeline.data.motion import keypoint_noise
from pipeline.data.motion.settings import NoisyKeypoints

STREAM = 2  # of the noise: prepare_keypoints has 0 and 1 for the preset's own splits


def run(run: Run) -> None:
    name, other = run.preset.generalization, run.preset.other
    assert name and other  # or it is not planned
    poses, summary = modules.load(other.load)(run.layout.raw if other.catalogue else run.layout.licensed)
    noise = cast(dict[str, NoisyKeypoints], run.preset.keypoints if other.spoilt else {})  # the plan has those alone
    with artifacts.atomic_folder(run.layout.motion(name)) as folder:
        artifacts.write_arrays(folder / "test.npz", poses.check().to_arrays())
        for detector, settings in noise.items():
            spoilt = keypoint_noise.spoil(poses.keypoints_2d, settings, STREAM)
            artifacts.write_arrays(folder / f"{detector}.npz", replace(poses, keypoints_2d=spoilt).check().to_arrays())
        artifacts.write_json(folder / "summary.json", summary)
