"""Human3.6M in full size: 525,774 frames become 2.1 million poses on disk in under 5 minutes and 6 GB.

The archives are written here, in each format, with as many takes and frames as the real ones: people who wander.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import human36m_files as files
import numpy as np
import pytest
from numpy.typing import NDArray
from repository import ROOT

FRAMES = {"train": 389_938, "test": 135_836}
SECONDS, GIGABYTES = 300, 6

CHILD = """
import json, resource, sys, time
from pathlib import Path
from pipeline import artifacts
from pipeline.sources.human36m import Human36mSettings, load
begin = time.perf_counter()
poses, summary = load(Human36mSettings(), Path(sys.argv[1]))
for split, pose_set in poses.items():
    artifacts.write_arrays(Path(sys.argv[2]) / f"{split}.npz", pose_set.check().to_arrays())
print(json.dumps({
    "seconds": time.perf_counter() - begin,
    "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    "poses": {split: len(pose_set) for split, pose_set in poses.items()},
    "warnings": summary["warnings"],
}))
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
    write(tmp_path / "licensed" / "human36m")
    command = [sys.executable, "-c", CHILD, str(tmp_path / "licensed"), str(tmp_path / "motion")]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    figures = json.loads(answer.stdout.splitlines()[-1])
    size = sum(path.stat().st_size for path in (tmp_path / "motion").iterdir()) / 1e9
    print(
        f"\nHuman3.6M, {write.__name__}: {figures['seconds']:.0f} s, {figures['gigabytes']:.2f} GB of memory at most, "
        f"{size:.2f} GB on disk"
    )
    assert figures["poses"] == {"train": 1_559_752, "test": 543_344}
    assert figures["warnings"] == []
    assert figures["seconds"] < SECONDS
    assert figures["gigabytes"] < GIGABYTES
