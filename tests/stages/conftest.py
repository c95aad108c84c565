"""A repository in small: settings and random poses in a folder, for stages to run in."""

import shutil
import textwrap
from pathlib import Path

import mesh_files
import numpy as np
import pytest

from pipeline import artifacts
from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.lifting import reading

REPOSITORY = Path(__file__).resolve().parents[2]


def random_poses(count: int, seed: int, subjects: list[str]) -> PoseSet:
    """Standing clouds of joints four metres before the camera, projected without a lens: a learnable relation."""
    rng = np.random.default_rng(seed)
    cameras = human36m.rig("S1")
    joints_3d = rng.normal(0, 300, (count, 17, 3)) + np.array([0, 0, 5000])
    keypoints_2d = joints_3d[..., :2] / joints_3d[..., 2:] * 1145 + 500
    return PoseSet(
        keypoints_2d=keypoints_2d.astype(np.float32),
        joints_3d=joints_3d.astype(np.float32),
        camera=rng.integers(0, 4, count).astype(np.int16),
        subject=rng.integers(0, len(subjects), count).astype(np.int16),
        action=rng.integers(0, 2, count).astype(np.int16),
        take=np.zeros(count, np.int16),
        frame=np.arange(count, dtype=np.int32),
        cameras=cameras,
        subjects=subjects,
        actions=["Walking", "Sitting"],
        takes=["only"],
    )


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with this repository's variants, a preset `tiny` and random poses; it is the working directory."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "tiny.yaml").write_text(
        textwrap.dedent(
            """
            description: random poses
            threads: 1
            device: cpu
            seeds: 2
            variants: all
            motion:
              source: synthetic
              frames_per_second: 5
              seconds_per_take: 1
              seed: 0
            lifting:
              epochs: 2
            """
        )
    )
    motion = tmp_path / "data" / "tiny" / "motion" / "ground_truth"
    artifacts.write_arrays(motion / "train.npz", random_poses(1200, 0, ["S1", "S5"]).to_arrays())
    artifacts.write_arrays(motion / "test.npz", random_poses(300, 1, ["S9"]).to_arrays())
    artifacts.write_json(motion / "summary.json", {"source": "synthetic"})
    mesh_files.write(tmp_path / "data" / "tiny" / "targets" / "meshes", {"train": 1200, "test": 300})
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "0.2")
    monkeypatch.setattr(reading, "TIMED_SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)
    return tmp_path
