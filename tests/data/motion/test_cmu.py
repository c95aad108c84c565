"""data/motion/cmu: takes written here with known positions, and the plausibility of the real ones."""

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from acclaim_files import AMC_HEADER, person_asf, real_files, write
from repository import ROOT

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.data.motion import cmu
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton, read_skeleton
from pipeline.data.motion.acclaim.kinematics import forward_kinematics
from pipeline.data.motion.acclaim.takes import RECORDED_RATE, joints_17, sampled
from pipeline.data.motion.cmu import catalogue
from pipeline.data.motion.settings import CmuMotion
from pipeline.geometry.camera import camera_to_world
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

MINI = config.load("mini", ROOT).preset.motion
JOINT = {name: index for index, name in enumerate(HUMAN36M_17.names)}
INCH = 25.4


def test_every_take_has_its_subject_and_no_take_is_listed_twice() -> None:
    subjects = (*MINI.train_subjects, *MINI.test_subjects)
    table = catalogue.takes(subjects)
    assert len({take.name for take in table}) == len(table) == 90
    assert all(take.name.startswith(f"{take.subject}_") for take in table)
    assert {take.subject for take in table} == set(subjects)


def test_addresses_are_the_original_hosts() -> None:
    assert catalogue.addresses(("05", "32")) == [
        "http://mocap.cs.cmu.edu/subjects/05/05.asf",
        "http://mocap.cs.cmu.edu/subjects/05/05_01.amc",
        "http://mocap.cs.cmu.edu/subjects/32/32.asf",
        "http://mocap.cs.cmu.edu/subjects/32/32_01.amc",
        "http://mocap.cs.cmu.edu/subjects/32/32_02.amc",
    ]
    assert len(cmu.addresses(MINI)) == 102


def test_an_unknown_subject_is_named() -> None:
    with pytest.raises(InputError, match=r"no takes of CMU subject 99; known: 01 02"):
        catalogue.addresses(("99",))


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (120, range(10, 34)),
        (30, [10, 14, 18, 22, 26, 30]),
        (10, [10, 22]),
        (50, [10, 12, 15, 17, 20, 22, 24, 27, 29, 32]),  # nearest to every 2.4 frames
        (100, [10, 11, 12, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30, 32, 33]),
    ],
)
def test_sampling_takes_the_nearest_recorded_frames(rate: float, expected: list[int]) -> None:
    frames = np.arange(10, 34)
    np.testing.assert_array_equal(frames[sampled(frames, rate)], list(expected))


def test_sampling_goes_by_frame_numbers() -> None:
    frames = np.array([10, 11, 12, 13, 18, 19, 23])  # some were cut out
    np.testing.assert_array_equal(frames[sampled(frames, 30)], [10, 18])


@pytest.mark.parametrize("rate", [0, -1, 121])
def test_a_rate_beyond_the_recording_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="frames_per_second"):
        sampled(np.arange(5), rate)


@pytest.fixture
def raw_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two subjects with a take each of 40 frames that begins at frame 9, and the table that lists them."""
    table = "subject,take,action\n01,01_01,Climb\n02,02_01,Walk\n"
    monkeypatch.setattr(catalogue, "TAKES", write(tmp_path / "takes.csv", table))
    for subject in ("01", "02"):
        folder = tmp_path / catalogue.HOST / "subjects" / subject
        write(folder / f"{subject}.asf", person_asf())
        frames = "".join(f"{9 + i}\nroot {i / 10} 38 -2 0 0 0\nhead 0\n" for i in range(40))
        write(folder / f"{subject}_01.amc", AMC_HEADER + frames)
    return tmp_path


SETTINGS = CmuMotion(train_subjects=("01",), test_subjects=("02",), frames_per_second=30)


def in_world(poses: PoseSet) -> np.ndarray:
    orientation = torch.tensor([poses.cameras[index].orientation for index in poses.camera])
    translation = torch.tensor([poses.cameras[index].translation for index in poses.camera])
    return camera_to_world(torch.from_numpy(poses.joints_3d), orientation[:, None], translation[:, None]).numpy()


def test_load_gives_known_positions(raw_folder: Path) -> None:
    splits, summary = cmu.load(SETTINGS, raw_folder, progress=False)
    poses = splits["train"]
    assert (poses.subjects, poses.actions, poses.takes) == (["01"], ["Climb"], ["01_01"])
    np.testing.assert_array_equal(poses.frame, np.tile(np.arange(9, 49, 4), 4))
    np.testing.assert_array_equal(poses.camera, np.repeat(np.arange(4), 10))
    world = in_world(poses)
    # File axes (x, y up, z) in inches become (x, -z, y up) in mm; the person faces the file's +z, now -y.
    hip = np.stack([(frame - 9) / 10 * INCH * np.array([1, 0, 0]) + [0, 2 * INCH, 38 * INCH] for frame in poses.frame])
    expected = {
        "Hip": (0, 0, 0),
        "RHip": (-3, 0, -4),
        "LAnkle": (3, 0, -37),
        "Spine": (0, 0, 5),
        "Thorax": (0, 0, 15),
        "Neck/Nose": (0, 0, 23),
        "Head": (0, 0, 27),
        "LShoulder": (7, 0, 15),
        "RElbow": (-18, 0, 15),
        "LWrist": (29, 0, 15),
    }
    for name, offset in expected.items():
        np.testing.assert_allclose(world[:, JOINT[name]], hip + INCH * np.array(offset), atol=0.05, err_msg=name)
    assert summary["splits"]["train"] == {
        "takes": 1,
        "views": 40,
        "poses": 40,
        "dropped": {"behind the camera": 0, "outside the picture": 0},
        "subjects": {"01": summary["splits"]["train"]["actions"]["Climb"]},
        "actions": {"Climb": summary["splits"]["train"]["subjects"]["01"]},
    }


def test_keypoints_are_the_joints_projected(raw_folder: Path) -> None:
    poses = cmu.load(SETTINGS, raw_folder, progress=False)[0]["test"]
    for row in range(len(poses)):
        camera = poses.cameras[poses.camera[row]]
        pixels = camera.to_image(torch.from_numpy(poses.joints_3d[row]).double())
        np.testing.assert_allclose(poses.keypoints_2d[row], pixels, atol=1e-2)


@pytest.mark.parametrize(("jump", "reason"), [("0 600 0", "outside the picture"), ("2000 38 0", "behind the camera")])
def test_views_that_leave_the_image_are_dropped_and_counted(raw_folder: Path, jump: str, reason: str) -> None:
    path = raw_folder / catalogue.HOST / "subjects" / "01" / "01_01.amc"
    frames = "".join(f"{9 + i}\nroot {jump if i == 36 else '0 38 0'} 0 0 0\nhead 0\n" for i in range(40))
    write(path, AMC_HEADER + frames)  # in the last of the ten sampled frames the person is 15 m up, or 50 m away
    splits, summary = cmu.load(SETTINGS, raw_folder, progress=False)
    counts, poses = summary["splits"]["train"], splits["train"]
    assert counts["views"] == 40
    assert counts["dropped"][reason] >= 2
    assert counts["poses"] == len(poses) == 40 - sum(counts["dropped"].values())
    assert (poses.frame == 45).sum() == 4 - sum(counts["dropped"].values())
    assert counts["actions"]["Climb"]["dropped"] == counts["dropped"]


def test_rigs_depend_on_the_seed_and_the_take_alone(raw_folder: Path) -> None:
    first = cmu.load(SETTINGS, raw_folder, progress=False)[0]
    swapped = CmuMotion(train_subjects=("02",), test_subjects=("01",), frames_per_second=10)
    again = cmu.load(swapped, raw_folder, progress=False)[0]
    other = cmu.load(SETTINGS.model_copy(update={"seed": 1}), raw_folder, progress=False)[0]
    assert first["train"].cameras == again["test"].cameras
    assert first["train"].cameras != first["test"].cameras  # another take, another direction
    assert first["train"].cameras != other["train"].cameras


def test_missing_and_damaged_files_are_named(raw_folder: Path) -> None:
    folder = raw_folder / catalogue.HOST / "subjects" / "01"
    text = (folder / "01_01.amc").read_text()
    write(folder / "01_01.amc", text.replace("\nroot 0.5 38", "\nroot nan 38"))
    with pytest.raises(InputError, match=r"01_01\.amc:20: frame 14: root nan"):
        cmu.load(SETTINGS, raw_folder, progress=False)
    (folder / "01_01.amc").unlink()
    with pytest.raises(InputError, match=r"01_01\.amc: missing; run the download stage"):
        cmu.load(SETTINGS, raw_folder, progress=False)


def test_a_bone_that_the_joints_need_is_named(raw_folder: Path) -> None:
    path = raw_folder / catalogue.HOST / "subjects" / "01" / "01.asf"
    write(path, path.read_text().replace("lwrist", "lpalm"))
    with pytest.raises(InputError, match=r"01\.asf: bone lwrist is missing"):
        cmu.load(SETTINGS, raw_folder, progress=False)


# --- the real takes ---------------------------------------------------------------------------------------------------


@functools.cache
def skeleton_of(subject: str) -> AcclaimSkeleton:
    return read_skeleton(real_files() / catalogue.HOST / "subjects" / subject / f"{subject}.asf")


def world(take: catalogue.Take) -> np.ndarray:
    """The 17 joints of a real take, [T, 17, 3] mm at 120 Hz."""
    folder = real_files() / catalogue.HOST / "subjects" / take.subject
    skeleton = skeleton_of(take.subject)
    motion = read_motion(folder / f"{take.name}.amc", skeleton)
    return joints_17(skeleton, forward_kinematics(skeleton, motion))


def of_action(action: str) -> list[catalogue.Take]:
    subjects = (*MINI.train_subjects, *MINI.test_subjects)
    return [take for take in catalogue.takes(subjects) if take.action == action]


def speed(joints: np.ndarray) -> float:
    """Median speed of the root over ground, m/s."""
    return float(np.median(np.linalg.norm(np.diff(joints[:, 0, :2], axis=0), axis=1)) * RECORDED_RATE / 1000)


def lower_ankle(joints: np.ndarray) -> np.ndarray:
    return joints[:, [JOINT["LAnkle"], JOINT["RAnkle"]], 2].min(axis=1)


def test_walkers_go_forward_upright_with_feet_on_the_floor() -> None:
    for take in of_action("Walk"):
        joints = world(take)
        assert 0.6 < speed(joints) < 2.0, take
        assert 50 < np.median(lower_ankle(joints)) < 130, take  # the ankle stands a hand's breadth above the floor
        assert lower_ankle(joints).max() < 150, take  # never in the air
        assert np.ptp(joints[:, 0, 2]) < 150, take
        assert 1400 < np.median(joints[:, JOINT["Head"], 2]) < 1800, take
        # Left is left: who looks along left x up walks that way.
        left = joints[:, JOINT["LHip"]] - joints[:, JOINT["RHip"]]
        forward = np.cross(left, [0, 0, 1])[:-1, :2]
        velocity = np.diff(joints[:, 0, :2], axis=0)
        assert ((forward * velocity).sum(axis=1) > 0).mean() > 0.95, take


def test_the_other_actions_move_as_their_names_say() -> None:
    for joints in map(world, of_action("Run")):
        assert speed(joints) > 2.2
        assert lower_ankle(joints).max() > 180  # a phase of flight
    for joints in map(world, of_action("Jump")):
        assert lower_ankle(joints).max() > 400
    for joints in map(world, of_action("Climb")):
        assert lower_ankle(joints).max() > 600
        assert np.ptp(joints[:, 0, 2]) > 500
    for joints in map(world, of_action("UnevenWalk")):
        assert 0.5 < speed(joints) < 1.2
        assert np.ptp(lower_ankle(joints)) > 150
    for take in [take for action in ("Punch", "Bend", "Swordplay", "Wash") for take in of_action(action)]:
        joints = world(take)
        assert speed(joints) < 0.3, take  # on the spot
        assert lower_ankle(joints).max() < 150, take
        wrists = joints[:, [JOINT["LWrist"], JOINT["RWrist"]]] - joints[:, :1]
        assert np.linalg.norm(np.diff(wrists, axis=0), axis=-1).max() * RECORDED_RATE > 2000, take
        if take.action == "Bend":
            assert joints[:, JOINT["Head"], 2].min() < 0.6 * np.median(joints[:, JOINT["Head"], 2])


def test_limbs_keep_their_lengths_and_sides_agree() -> None:
    for take in (of_action("Climb")[5], of_action("Jump")[1], of_action("Walk")[0]):
        joints = world(take)
        lengths = {}
        for start, end in (("Hip", "Knee"), ("Knee", "Ankle"), ("Shoulder", "Elbow"), ("Elbow", "Wrist")):
            for side in "LR":
                limb = np.linalg.norm(joints[:, JOINT[side + start]] - joints[:, JOINT[side + end]], axis=1)
                # The forearm is two bones, but the second only twists about the line that both lie on.
                assert np.ptp(limb) < 1e-6 * limb.mean()
                lengths[side, end] = limb.mean()
            assert lengths["L", end] == pytest.approx(lengths["R", end], rel=0.1)


def test_the_mirrors_twelve_subjects_give_the_expected_number_of_poses() -> None:
    splits, summary = cmu.load(MINI, real_files(), progress=False)
    assert splits["train"].subjects == ["01", "03", "05", "06", "07", "08", "16", "35"]
    assert splits["test"].subjects == ["02", "10", "32", "39"]
    assert summary["splits"]["train"]["views"] + summary["splits"]["test"]["views"] == 4 * 25_296
    assert len(splits["train"]) > 80_000
    assert len(splits["test"]) > 18_000
    assert len(splits["test"].actions) == 7
