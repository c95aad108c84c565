"""Human3.6M in full size: 525,774 frames become 2.1 million poses on disk in under 5 minutes and 6 GB.

The archives are written here, in each format, with as many takes and frames as the real ones: people who wander.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import human36m_files as files
import numpy as np
import pytest
from numpy.typing import NDArray
from repository import ROOT

from pipeline import artifacts

FRAMES = {"train": 389_938, "test": 135_836}
SECONDS, GIGABYTES = 300, 6

# Runs the command line as a user would, and tells what it took.
CHILD = """
import json, resource, sys, time
from pipeline.__main__ import main
begin = time.perf_counter()
code = main(["prepare_motion", "--preset", "paper"])
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": time.perf_counter() - begin, "gigabytes": memory / 2**20}))
sys.exit(code)
"""


def takes() -> Iterator[tuple[str, dict[str, NDArray[np.float32]]]]:
    """Subject by subject, each take's joints [T, 32, 3] in metres: the person wanders, the joints tremble."""
    random = np.random.default_rng(0)
    for split, subjects in (("train", files.SUBJECTS[:5]), ("test", files.SUBJECTS[5:])):
        names = [(s, action + n) for s in subjects for action in files.ACTIONS for n in ("", " 1")]
        names = [name for name in names if name != ("S11", "Directions")]
        each, rest = divmod(FRAMES[split], len(names))
        for subject in subjects:
            named = {}
            for index, (owner, take) in enumerate(names):
                if owner == subject:
                    joints = files.motion(each + (index < rest), subject, take).astype(np.float32)
                    joints[..., 0] -= 0.01 * np.arange(len(joints))[:, None]  # stay in the room
                    joints += np.clip(np.cumsum(random.normal(0, 0.01, (len(joints), 1, 3)), axis=0), -1, 1)
                    named[take] = joints + random.normal(0, 0.01, joints.shape).astype(np.float32)
            yield subject, named


def write_released(folder: Path) -> None:
    for subject, named in takes():
        files.write_released(folder, subject, named)


def write_prepared(folder: Path) -> None:
    files.write_prepared(folder / "data_3d_h36m.npz", dict(takes()))


@pytest.mark.benchmark
@pytest.mark.parametrize("write", [write_released, write_prepared], ids=["released", "prepared"])
def test_the_whole_of_human36m(tmp_path: Path, write: Callable[[Path], None]) -> None:
    for name in ("params.yaml", "params/paper.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write(tmp_path / "data" / "licensed" / "human36m")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CHILD]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    figures = json.loads(answer.stdout.splitlines()[-1])
    motion = tmp_path / "data" / "paper" / "motion" / "ground_truth"
    size = sum(path.stat().st_size for path in motion.iterdir()) / 1e9
    print(
        f"\nHuman3.6M, {write.__name__}: {figures['seconds']:.0f} s, {figures['gigabytes']:.2f} GB of memory at most, "
        f"{size:.2f} GB on disk"
    )
    summary = artifacts.read_json(motion / "summary.json")
    assert {split: part["poses"] for split, part in summary["splits"].items()} == {"train": 1_559_752, "test": 543_344}
    assert summary["warnings"] == []
    assert figures["seconds"] < SECONDS
    assert figures["gigabytes"] < GIGABYTES
