"""data/motion/acclaim/kinematics.py: against poses computed by hand, and bone by bone and frame by frame."""

from pathlib import Path

import numpy as np
import pytest
from acclaim_files import AMC_HEADER, MILLIMETRES, SMALL_ASF, real_files, small_frame, write
from scipy.spatial.transform import Rotation

from pipeline.data.motion.acclaim.amc import AcclaimMotion, read_motion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton, read_skeleton
from pipeline.data.motion.acclaim.kinematics import forward_kinematics


def ends(tmp_path: Path, frame: str, asf: str = SMALL_ASF) -> dict[str, np.ndarray]:
    """Where the bones of one frame end, in the files' units."""
    skeleton = read_skeleton(write(tmp_path / "small.asf", asf))
    motion = read_motion(write(tmp_path / "take.amc", AMC_HEADER + frame), skeleton)
    return dict(zip(skeleton.names, forward_kinematics(skeleton, motion)[0] / MILLIMETRES, strict=True))


def assert_at(position: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(position, expected, atol=1e-9)


def test_rest(tmp_path: Path) -> None:
    found = ends(tmp_path, small_frame(1, "1 2 3 0 0 0"))
    assert_at(found["root"], [1, 2, 3])
    assert_at(found["hip"], [3, 2, 3])
    assert_at(found["spine"], [1, 5, 3])
    assert_at(found["arm"], [3, 5, 3])


def test_turns_down_the_chain(tmp_path: Path) -> None:
    # Spine: up turns to +z (its rx), then to +x with the root (ry). Arm: its own x axis is the world's y at rest, so
    # +x turns to -z; the spine makes that +y, and the root leaves it.
    found = ends(tmp_path, small_frame(1, "1 2 3 0 90 0", "90 0 0", "90"))
    assert_at(found["hip"], [1, 2, 1])
    assert_at(found["spine"], [4, 2, 3])
    assert_at(found["arm"], [4, 4, 3])


def test_rotations_follow_the_sequence_of_freedoms(tmp_path: Path) -> None:
    frame = small_frame(1, "0 0 0 0 0 0", "90 0 90")
    assert_at(ends(tmp_path, frame)["spine"], [0, 0, 3])  # x first: up to +z, which rz leaves
    frame = small_frame(1, "0 0 0 0 0 0", "90 90")
    asf = SMALL_ASF.replace("dof rx ry rz", "dof rz rx")
    assert_at(ends(tmp_path, frame, asf)["spine"], [-3, 0, 0])  # z first: up to -x, which rx leaves


def test_preset_root_comes_first(tmp_path: Path) -> None:
    asf = SMALL_ASF.replace("position 0 0 0", "position 5 0 0").replace("orientation 0 0 0", "orientation 0 0 90")
    found = ends(tmp_path, small_frame(1, "1 0 0 90 0 0"), asf)
    assert_at(found["root"], [6, 0, 0])
    assert_at(found["hip"], [6, 0, 2])  # +x turns to +y with the preset, then to +z with the frame


def one_by_one(skeleton: AcclaimSkeleton, channels: np.ndarray) -> np.ndarray:
    """One frame by recursion over bones, each freedom a turn about its axis as it stands in the world at rest."""
    values = dict(zip(skeleton.channels, channels, strict=True))

    def turn_of(bone: int) -> Rotation:
        turn = Rotation.identity()
        for freedom in skeleton.freedoms[bone]:
            if freedom[0] == "r":
                column = skeleton.axes[bone][:, "xyz".index(freedom[1])]
                turn = Rotation.from_rotvec(values[bone, freedom] * column) * turn
        return turn if skeleton.parents[bone] < 0 else turn_of(skeleton.parents[bone]) * turn

    def end_of(bone: int) -> np.ndarray:
        if skeleton.parents[bone] < 0:
            return skeleton.offsets[bone] + [values.get((bone, f"t{axis}"), 0.0) for axis in "xyz"]
        return end_of(skeleton.parents[bone]) + turn_of(bone).apply(skeleton.offsets[bone])

    return np.array([end_of(bone) for bone in range(len(skeleton.names))])


def random_skeleton(seed: int) -> AcclaimSkeleton:
    """Twelve bones of random shape, axes, freedoms and parents."""
    random = np.random.default_rng(seed)
    axes = Rotation.random(12, rng=random).as_matrix()
    axes[0] = np.eye(3)
    turns = [tuple(random.permutation(["rx", "ry", "rz"])[: random.integers(0, 4)]) for _ in range(11)]
    return AcclaimSkeleton(
        path=Path("random.asf"),
        names=("root", *(f"bone{index}" for index in range(11))),
        parents=(-1, *(int(random.integers(0, bone)) for bone in range(1, 12))),
        offsets=random.normal(0, 300, (12, 3)),
        axes=axes,
        freedoms=(("rz", "tx", "tz", "ry"), *turns),
        millimetres=1.0,
        radians=1.0,
    )


@pytest.mark.parametrize("seed", range(5))
def test_equals_one_bone_after_the_other(seed: int) -> None:
    skeleton = random_skeleton(seed)
    channels = np.random.default_rng(seed).normal(0, 2, (7, len(skeleton.channels)))
    together = forward_kinematics(skeleton, AcclaimMotion(np.arange(7), channels))
    for frame in range(7):
        np.testing.assert_allclose(together[frame], one_by_one(skeleton, channels[frame]), atol=1e-9)


def test_equals_one_bone_after_the_other_on_a_real_take() -> None:
    folder = real_files() / "mocap.cs.cmu.edu" / "subjects" / "02"
    skeleton = read_skeleton(folder / "02.asf")
    motion = read_motion(folder / "02_04.amc", skeleton)
    together = forward_kinematics(skeleton, motion)
    for frame in (0, 200, 482):
        np.testing.assert_allclose(together[frame], one_by_one(skeleton, motion.channels[frame]), atol=1e-9)
