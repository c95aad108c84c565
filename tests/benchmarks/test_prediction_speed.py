"""The time of predicting 1,000 poses with all their hypotheses, and of writing them, on one thread."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import mesh_files
import numpy as np
import pytest
import torch

from pipeline import config
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.checkpoints import save_model, seeded_model
from pipeline.predict import keypoints, result, weights, writing

pytestmark = pytest.mark.benchmark
POSES, SECONDS = 1_000, 1.0


@pytest.mark.parametrize("name", ["graphmdn", "semgcn", "hgn"])
def test_a_thousand_poses(tmp_path: Path, name: str) -> None:
    """CPU seconds, because other processes may have the cores; two threads would count their waiting too."""
    variant = config.load().variant(name)
    graphs = mesh_files.graphs() if variant.targets == "meshes" else None
    state = seeded_model(variant, 0, graphs).state_dict()
    save_model(tmp_path / "model.pt", name, variant, 0, 1, state, graphs)
    model = weights.read(tmp_path / "model.pt")
    places = np.random.default_rng(0).uniform(300, 700, (POSES, HUMAN36M_17.joint_count, 2))
    np.savez(tmp_path / "poses.npz", keypoints=places, image_size=[1000, 1000])
    read = keypoints.read(tmp_path / "poses.npz", "human36m")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    lifting, writes = [], []
    try:
        for attempt in range(4):
            start = time.process_time()
            found = result.predict(read, read.table.size, model)
            lifting.append(time.process_time() - start)
            start = time.process_time()
            writing.into(tmp_path / f"out_{attempt}", found, model, tmp_path / "poses.npz", 30.0)
            writes.append(time.process_time() - start)
    finally:
        torch.set_num_threads(before)
    print(
        f"\n{name}: {statistics.median(lifting):.2f} s for {POSES} poses, written in {statistics.median(writes):.2f} s"
    )
    assert statistics.median(lifting) < SECONDS
