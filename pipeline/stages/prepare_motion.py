"""Turn the preset's motion into poses seen by four cameras: train.npz, test.npz and a summary of what was kept."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import CmuMotion, Motion, Run, SyntheticMotion
from pipeline.data.motion import cmu, human36m, synthetic
from pipeline.geometry.poses import PoseSet
from pipeline.layout import Layout


def run(run: Run) -> None:
    pose_sets, summary = load(run.preset.motion, run.layout)
    with artifacts.atomic_folder(run.layout.motion()) as folder:
        for split, pose_set in pose_sets.items():
            artifacts.write_arrays(folder / f"{split}.npz", pose_set.check().to_arrays())
        artifacts.write_json(folder / "summary.json", summary)


def load(motion: Motion, layout: Layout) -> tuple[dict[str, PoseSet], dict]:
    """The splits of a preset's motion, and what was kept and dropped."""
    values = motion.model_dump(exclude={"source"})
    if isinstance(motion, SyntheticMotion):
        return synthetic.load(synthetic.SyntheticSettings(**values))
    if isinstance(motion, CmuMotion):
        return cmu.load(cmu.CmuSettings(**values), layout.raw)
    return human36m.load(human36m.Human36mSettings(**values), layout.licensed)
