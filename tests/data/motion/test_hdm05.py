"""data/motion/hdm05: clips written here, which files are asked for and how, and the plausibility of the real clips."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from acclaim_files import real_hdm05, write_hdm05

from pipeline.artifacts import InputError, digest
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import read_skeleton
from pipeline.data.motion.acclaim.kinematics import forward_kinematics
from pipeline.data.motion.acclaim.takes import joints_17
from pipeline.data.motion.hdm05 import catalogue, poses
from pipeline.geometry.camera import camera_to_world
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report.readers_lifting import ACTORS, KINDS

JOINT = {name: index for index, name in enumerate(HUMAN36M_17.names)}


def test_the_table_has_four_actors_and_eleven_kinds_that_the_report_knows() -> None:
    clips = catalogue.clips()
    assert len({clip.name for clip in clips}) == len(clips) == 233
    assert Counter(clip.actor for clip in clips) == {"bd": 62, "bk": 66, "dg": 61, "mm": 44}
    assert tuple(sorted({clip.actor for clip in clips})) == ACTORS
    assert tuple(sorted({clip.action for clip in clips})) == KINDS
    assert all(clip.name.startswith(f"HDM_{clip.actor}_") for clip in clips)
    assert len(catalogue.files()) == 237


# --- the files --------------------------------------------------------------------------------------------------------


def test_a_mirror_or_the_users_own_files_are_listed_alike(tmp_path: Path) -> None:
    mirror, raw, own = tmp_path / "mirror", tmp_path / "raw", tmp_path / "own"
    for folder in (mirror, own):
        write_hdm05(folder, frames=1)
    sums = "".join(f"{digest(mirror / path)}  {path.as_posix()}\n" for path in catalogue.files())
    (mirror / "SHA256SUMS").write_text(sums)
    copied, found = catalogue.bring(raw, str(mirror)), catalogue.bring(own, None)
    assert sorted(found, key=lambda one: one.address) == copied and len(copied) == 237
    assert not catalogue.absent(raw)


def test_a_missing_actor_is_one_line_that_says_where_to_put_it(tmp_path: Path) -> None:
    for path in write_hdm05(tmp_path, frames=1):
        if "dg" in path.parts:
            (tmp_path / path).unlink()
    with pytest.raises(InputError) as caught:
        catalogue.bring(tmp_path, None)
    said = str(caught.value)
    assert said.startswith(
        f"{tmp_path / catalogue.FOLDER / 'dg' / 'HDM_dg.asf'}: missing, as are 61 more of HDM05's 237 "
    )
    assert "MIXPOSE_MIRROR" in said and "write `generalization:` without a value" in said and "\n" not in said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hdm05")
    write_hdm05(folder)
    return folder


def test_made_clips_have_known_positions(made: Path) -> None:
    found, summary = poses.load(made, progress=False)
    assert (found.subjects, sorted(found.actions)) == (list(ACTORS), list(KINDS))
    assert len(found) == summary["poses"] == 233 * 4 * 3  # frames 1, 25 and 49 of 120 a second
    assert summary["subjects"]["mm"]["takes"] == 44 and summary["actions"]["Throw"]["takes"] == 11
    np.testing.assert_array_equal(np.unique(found.frame), [1, 25, 49])
    world = in_world(found)
    # A file unit is an inch; 38 up, 2 towards -z, which is +y here. After i frames they have turned by i degrees.
    np.testing.assert_allclose(world[:, 0], np.tile([0, 50.8, 965.2], (len(world), 1)), atol=0.05)
    angle = np.deg2rad(found.frame - 1)
    left = world[:, JOINT["LHip"], :2] - world[:, 0, :2]
    np.testing.assert_allclose(left, 76.2 * np.stack((np.cos(angle), np.sin(angle)), axis=1), atol=0.05)


def in_world(found: PoseSet) -> np.ndarray:
    orientation = torch.tensor([found.cameras[index].orientation for index in found.camera])
    translation = torch.tensor([found.cameras[index].translation for index in found.camera])
    return camera_to_world(torch.from_numpy(found.joints_3d), orientation[:, None], translation[:, None]).numpy()


def test_a_clip_without_its_skeleton_and_a_truncated_clip_are_named(tmp_path: Path) -> None:
    write_hdm05(tmp_path)
    clip = tmp_path / catalogue.motion_path(catalogue.clips()[0])
    clip.write_bytes(clip.read_bytes()[:-8])  # in the middle of the last frame
    with pytest.raises(
        InputError, match=r"HDM_bd_depositFloorR_001_120\.amc:\d+: frame 49 ends here with 1 of 2 bones"
    ):
        poses.load(tmp_path, progress=False)
    (tmp_path / catalogue.skeleton_path("mm")).unlink()
    with pytest.raises(InputError, match=r"HDM_mm\.asf: missing"):
        poses.load(tmp_path, progress=False)


# --- the real clips ---------------------------------------------------------------------------------------------------


def world(clip: catalogue.Clip) -> np.ndarray:
    """The 17 joints of a real clip, [T, 17, 3] mm at 120 Hz."""
    folder = real_hdm05()
    skeleton = read_skeleton(folder / catalogue.skeleton_path(clip.actor))
    return joints_17(
        skeleton, forward_kinematics(skeleton, read_motion(folder / catalogue.motion_path(clip), skeleton))
    )


def first_of(action: str) -> list[np.ndarray]:
    """The first clip of a kind of each actor who does it."""
    found = {clip.actor: clip for clip in reversed(catalogue.clips()) if clip.action == action}
    return [world(clip) for clip in found.values()]


def test_people_stand_upright_and_have_human_limbs() -> None:
    for joints in first_of("GrabHigh"):
        assert 1450 < np.median(joints[:, JOINT["Head"], 2]) < 1850
        assert 40 < np.median(joints[:, [JOINT["LAnkle"], JOINT["RAnkle"]], 2].min(axis=1)) < 150
        limbs = (("Hip", "Knee", 350, 480), ("Knee", "Ankle", 350, 500), ("Shoulder", "Elbow", 240, 330))
        for start, end, low, high in (*limbs, ("Elbow", "Wrist", 230, 340)):
            lengths = [
                np.linalg.norm(joints[:, JOINT[side + start]] - joints[:, JOINT[side + end]], axis=1) for side in "LR"
            ]
            for limb in lengths:
                # The forearm is two bones, of which the second twists about a line that is not quite the first's.
                assert np.ptp(limb) < 1e-3 * limb.mean() and low < limb.mean() < high
            assert lengths[0].mean() == pytest.approx(lengths[1].mean(), rel=0.15)


def test_left_is_left_and_right_is_right() -> None:
    """They grab and deposit with the right hand, kick with the left foot, and jog forward."""
    height = [JOINT[name] for name in ("LWrist", "RWrist", "LAnkle", "RAnkle")]
    for joints in first_of("GrabHigh"):
        left, right = joints[:, height[:2], 2].max(axis=0)
        assert right > left + 200
    for joints in first_of("Deposit"):
        left, right = joints[:, height[:2], 2].min(axis=0)
        assert right < 500
    for joints in first_of("Kick"):
        left, right = joints[:, height[2:], 2].max(axis=0)
        assert left > right + 300
    for joints in first_of("Jog"):
        across = joints[:, JOINT["LHip"]] - joints[:, JOINT["RHip"]]
        forward = np.cross(across, [0, 0, 1])[:-1, :2]
        assert ((forward * np.diff(joints[:, 0, :2], axis=0)).sum(axis=1) > 0).mean() > 0.95


def test_the_kinds_move_as_their_names_say() -> None:
    for joints in first_of("LieDown"):
        assert joints[:, JOINT["Head"], 2].min() < 350
    for joints in first_of("Squat"):
        assert np.ptp(joints[:, 0, 2]) > 250
    for joints in first_of("Hop"):
        assert joints[:, [JOINT["LAnkle"], JOINT["RAnkle"]], 2].min(axis=1).max() > 130
    for joints in first_of("Sneak"):
        assert np.linalg.norm(joints[-1, 0, :2] - joints[0, 0, :2]) > 500
