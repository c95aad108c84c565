"""Stage prepare_motion: the preset's motion as poses seen by four cameras: train.npz, test.npz and a summary."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.data.motion.sources import source_of


def run(run: Run) -> None:
    motion = run.preset.motion
    folder = run.layout.licensed if motion.licensed else run.layout.raw
    pose_sets, summary = source_of(motion).load(motion, folder)
    with artifacts.atomic_folder(run.layout.motion()) as made:
        for split, pose_set in pose_sets.items():
            artifacts.write_arrays(made / f"{split}.npz", pose_set.check().to_arrays())
        artifacts.write_json(made / "summary.json", summary)
