"""Forward kinematics of CMU's skeleton: at least 20,000 frames a second on one core, parsing aside."""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.data.motion.acclaim.amc import AcclaimMotion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton
from pipeline.data.motion.acclaim.kinematics import forward_kinematics

# CMU's 31 bones: each one's parent, and how many rotations it is free in (62 channels with the root's six).
PARENTS = (
    -1,
    0,
    1,
    2,
    3,
    4,
    0,
    6,
    7,
    8,
    9,
    0,
    11,
    12,
    13,
    14,
    15,
    13,
    17,
    18,
    19,
    20,
    21,
    20,
    13,
    24,
    25,
    26,
    27,
    28,
    27,
)
ROTATIONS = (3, 0, 3, 1, 2, 1, 0, 3, 1, 2, 1, 3, 3, 3, 3, 3, 3, 2, 3, 1, 1, 2, 1, 2, 2, 3, 1, 1, 2, 1, 2)
FRAMES = 20_000
TARGET = 20_000  # frames a second


@pytest.mark.benchmark
def test_forward_kinematics_frames_per_second() -> None:
    random = np.random.default_rng(0)
    turns = [("rx", "ry", "rz")[:count] for count in ROTATIONS]
    skeleton = AcclaimSkeleton(
        path=Path("benchmark.asf"),
        names=("root", *(f"bone{index}" for index in range(1, 31))),
        parents=PARENTS,
        offsets=random.normal(0, 100, (31, 3)),
        axes=Rotation.random(31, rng=random).as_matrix(),
        freedoms=(("tx", "ty", "tz", *turns[0]), *turns[1:]),
        millimetres=1.0,
        radians=1.0,
    )
    assert len(skeleton.channels) == 62
    motion = AcclaimMotion(np.arange(FRAMES), random.normal(0, 1, (FRAMES, 62)))
    seconds = []
    for _ in range(3):
        start = time.process_time()  # the time of all threads together, so that a second core gains nothing
        positions = forward_kinematics(skeleton, motion)
        seconds.append(time.process_time() - start)
    assert positions.shape == (FRAMES, 31, 3)
    rate = FRAMES / min(seconds)
    print(f"\nforward kinematics: {rate:,.0f} frames/s on one core (target {TARGET:,})")
    assert rate >= TARGET
