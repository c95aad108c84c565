"""data/motion/synthetic: bodies, limits, balance, walking and ambiguity, all measured on the joints that come out.

Nothing here asks the generator for its angles: every bound is computed from joint positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion import synthetic
from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic import TAKES, joints, load
from pipeline.data.motion.synthetic.actions import ACTIONS
from pipeline.data.motion.synthetic.body import AVERAGE_LEG, TEST, TRAIN, Person
from pipeline.data.motion.synthetic.drawing import draw_people, draw_sides
from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

Array = NDArray[np.float64]
Takes = dict[tuple[Person, str, int], Array]


def _settings(rate: float, seconds: float, seed: int = 0) -> SyntheticMotion:
    return SyntheticMotion(frames_per_second=rate, seconds_per_take=seconds, seed=seed)


FINE = SyntheticMotion(frames_per_second=50.0, seconds_per_take=12.0)
COARSE = SyntheticMotion(frames_per_second=5.0, seconds_per_take=12.0)
EVERYONE = (*TRAIN, *TEST)
NAME = {name: index for index, name in enumerate(HUMAN36M_17.names)}
PARENT, CHILD = np.array(HUMAN36M_17.edges).T
LEGS = {"L": ("LHip", "LKnee", "LAnkle"), "R": ("RHip", "RKnee", "RAnkle")}
ARMS = {"L": ("LShoulder", "LElbow", "LWrist"), "R": ("RShoulder", "RElbow", "RWrist")}
WALKING = ("Walking", "WalkDog", "WalkTogether")
STANDING = ("Directions", "Discussion", "Greeting", "Posing", "Waiting")
SEATED = ("Eating", "Sitting")


@pytest.fixture(scope="module")
def takes() -> Takes:
    """Every take of every person at 50 frames per second, [T, 17, 3] mm."""
    scenes = [(person, action, take) for person in EVERYONE for action in ACTIONS for take in range(TAKES)]
    return {scene: joints(*scene, FINE)[0] for scene in scenes}


@pytest.fixture(scope="module")
def loaded() -> tuple[dict[str, PoseSet], dict]:
    return load(COARSE)


def of(takes: Takes, *actions: str) -> Iterator[tuple[Person, Array]]:
    """The person and the joints of every take of these actions."""
    return ((person, take) for (person, action, _), take in takes.items() if action in actions)


def unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def dot(first: Array, second: Array) -> Array:
    return (first * second).sum(axis=-1)


def angle(first: Array, second: Array) -> Array:
    """Degrees between vectors."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(first, second), axis=-1), dot(first, second)))


def limb(take: Array, names: tuple[str, str, str]) -> tuple[Array, Array]:
    """The directions of thigh and shin, or of upper arm and forearm."""
    first, middle, last = (take[:, NAME[name]] for name in names)
    return unit(middle - first), unit(last - middle)


def thorax(take: Array) -> tuple[Array, Array, Array]:
    """Forward, left and up of the thorax: up its spine, and across its shoulders."""
    up = unit(take[:, NAME["Thorax"]] - take[:, NAME["Spine"]])
    across = take[:, NAME["LShoulder"]] - take[:, NAME["RShoulder"]]
    left = unit(across - up * dot(across, up)[:, None])
    return np.cross(left, up), left, up


def speeds(take: Array, fps: float = 50.0) -> Array:
    """Speed of every joint in m/s, [T - 1, 17]."""
    return np.linalg.norm(np.diff(take, axis=0), axis=-1) * fps / 1000


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_bones_keep_their_length(takes: Takes) -> None:
    lengths = []
    for person in EVERYONE:
        own = np.concatenate([take for (other, *_), take in takes.items() if other is person])
        bones = np.linalg.norm(own[:, CHILD] - own[:, PARENT], axis=-1)
        assert np.ptp(bones, axis=0).max() < 0.01  # mm
        lengths.append(bones[0])
    bones = np.array(lengths)
    assert np.ptp(bones, axis=0)[PARENT != 0].min() > 5  # Everybody is built differently, in every bone.
    shapes = bones / bones.sum(axis=1, keepdims=True)
    apart = np.abs(shapes[:, None] - shapes).max(axis=-1) + np.eye(len(shapes))
    assert apart.min() > 0.001  # Nobody is a scaled copy of another.


def test_people_of_test_are_not_seen_in_training(loaded: tuple[dict[str, PoseSet], dict]) -> None:
    splits, _ = loaded
    assert set(splits["train"].subjects) == {"S1", "S5", "S6", "S7", "S8"}
    assert set(splits["test"].subjects) == {"S9", "S11"}
    for poses in splits.values():
        assert set(poses.actions) == set(ACTIONS)
        assert len(poses.takes) == len(poses.subjects) * len(ACTIONS) * TAKES


# --- limits of joints -------------------------------------------------------------------------------------------------


def test_knees_bend_backwards_within_their_range(takes: Takes) -> None:
    for (_, action, _), take in takes.items():
        left = unit(take[:, NAME["LHip"]] - take[:, NAME["RHip"]])
        for names in LEGS.values():
            thigh, shin = limb(take, names)
            flexion = angle(thigh, shin)
            assert flexion.min() > 5 and flexion.max() < 153
            # The hinge points to the left when the shin goes back. A thigh turned out, as with the ankle on the other
            # knee, brings it to a right angle and no further.
            hinge = dot(unit(np.cross(thigh, shin)), left)
            assert hinge.min() > (0.9 if action in WALKING else -0.1)


def test_elbows_bend_forwards_within_their_range(takes: Takes) -> None:
    for take in takes.values():
        forward, left, up = thorax(take)
        for side, names in ARMS.items():
            upper, fore = limb(take, names)
            flexion = angle(upper, fore)
            assert flexion.min() > 3 and flexion.max() < 150
            assert angle(-up, upper).max() < 162  # the shoulder
            # Carry the thorax's axes along the shortest way from the hanging arm to the upper arm: seen from there, a
            # forearm points forward, or up to a right angle inward or outward, where the upper arm turns.
            axis, cosine = np.cross(-up, upper), dot(-up, upper)[:, None]
            inward = -left if side == "L" else left
            carried = [
                vector * cosine + np.cross(axis, vector) + axis * dot(axis, vector)[:, None] / (1 + cosine)
                for vector in (forward, inward)
            ]
            turned = np.degrees(np.arctan2(dot(fore, carried[1]), dot(fore, carried[0])))
            assert np.abs(turned[flexion > 20]).max() < 95


def test_spine_and_neck_stay_in_their_range(takes: Takes) -> None:
    for take in takes.values():
        hip, spine, throat, head = (take[:, NAME[name]] for name in ("Hip", "Spine", "Thorax", "Head"))
        _, left, up = thorax(take)
        hips = unit(take[:, NAME["LHip"]] - take[:, NAME["RHip"]])
        assert angle(spine - hip, throat - spine).max() < 35
        assert angle(throat - spine, head - throat).max() < 40
        assert angle(left, hips - up * dot(hips, up)[:, None]).max() < 50  # shoulders against hips
        for _, knee, _ in LEGS.values():
            assert angle(spine - hip, take[:, NAME[knee]] - take[:, NAME[knee[0] + "Hip"]]).min() > 20  # the lap


# --- motion -----------------------------------------------------------------------------------------------------------


def test_motion_is_smooth(takes: Takes) -> None:
    """Nothing jumps: a hand that waves may reach 60 m/s^2, a body never 15."""
    for take in takes.values():
        acceleration = np.linalg.norm(np.diff(take, n=2, axis=0), axis=-1) * 50**2 / 1000
        assert acceleration.max() < 60
        assert acceleration[:, [NAME[name] for name in ("Hip", "Spine", "Thorax")]].max() < 15
        assert speeds(take).max() < 6
        assert acceleration.max() > 1  # and nobody is a statue


def test_frame_rates_show_the_same_motion() -> None:
    for person, action, take in ((TEST[0], "Walking", 0), (TRAIN[2], "Phoning", 1), (TEST[1], "SittingDown", 0)):
        fine, coarse = (joints(person, action, take, _settings(fps, 8.0))[0] for fps in (50.0, 10.0))
        assert len(fine) == 400
        np.testing.assert_allclose(coarse, fine[::5], rtol=0, atol=1e-6)


def test_nobody_is_below_the_floor_or_in_the_air(takes: Takes) -> None:
    for (person, action, _), take in takes.items():
        assert take[..., 2].min() > -2  # mm, every joint
        feet = take[:, [NAME["LAnkle"], NAME["RAnkle"]], 2] - person.ankle_height
        assert feet.min() > -1
        scale = person.leg / AVERAGE_LEG
        assert feet.min(axis=1).max() < 36 * scale, action  # one foot is down, sometimes with its heel up
        if action in STANDING:
            assert np.median(feet.min(axis=1)) < 1


def test_sitting_is_low_and_standing_is_high(takes: Takes) -> None:
    for _, take in of(takes, *SEATED):
        assert take[:, 0, 2].min() > 410 and take[:, 0, 2].max() < 500
        trunk = take[:, NAME["Thorax"]] - take[:, NAME["Hip"]]
        assert np.median(angle(trunk, np.array([0.0, 0.0, 1.0]))) < 40
    for person, take in of(takes, "SittingDown"):
        assert take[:, 0, 2].min() < 160 and take[:, 0, 2].max() > 0.95 * person.leg
    for person, take in of(takes, *STANDING, *WALKING):
        assert np.median(take[:, 0, 2]) > person.leg


def test_chairs_stay_where_they_are(takes: Takes) -> None:
    for _, take in of(takes, *SEATED):
        assert np.linalg.norm(np.ptp(take[:, 0, :2], axis=0)) < 10  # mm


# --- walking ----------------------------------------------------------------------------------------------------------


def test_feet_do_not_slide(takes: Takes) -> None:
    for person, take in of(takes, *WALKING):
        moving = []
        for name in ("LAnkle", "RAnkle"):
            foot = take[:, NAME[name]]
            step = np.linalg.norm(np.diff(foot[:, :2], axis=0), axis=-1)
            flat = foot[:, 2] < person.ankle_height + 8
            assert 0.2 < flat.mean() < 0.5  # of a stride
            assert step[flat[1:] & flat[:-1]].max() < 0.5  # mm a frame
            moving.append(step)
        assert np.min(moving, axis=0).max() < 5  # mm a frame: at every moment one foot carries


def test_the_left_is_on_the_left_and_people_face_where_they_walk(takes: Takes) -> None:
    for person, take in of(takes, *WALKING):
        walked = unit(np.diff(take[:, 0, :2], axis=0))
        to_left = np.stack((-walked[:, 1], walked[:, 0]), axis=-1)  # up x forward
        hips = (take[1:, NAME["LHip"], :2] - take[1:, NAME["RHip"], :2]) / (2 * person.half_hip)
        assert dot(hips, to_left).min() > 0.85
        nose = (take[1:, NAME["Neck/Nose"]] - take[1:, NAME["Thorax"]])[:, :2]
        assert np.median(dot(nose, walked)) > 0
    for name in LEGS["L"] + ARMS["L"]:
        assert NAME[name] in HUMAN36M_17.left


def test_walking_has_the_pace_and_the_swing_of_walking(takes: Takes) -> None:
    for person, take in of(takes, "Walking"):
        assert 0.75 < speeds(take)[:, 0].mean() < 1.4  # m/s
        for names in LEGS.values():
            flexion = angle(*limb(take, names))
            assert 55 < flexion.max() < 85 and flexion.min() < 25  # the knee in swing and in stance
        forward = np.diff(take[:, 0, :2], axis=0)
        wrist = take[1:, NAME["RWrist"], :2] - take[1:, NAME["RShoulder"], :2]
        ankle = take[1:, NAME["LAnkle"], :2] - take[1:, NAME["LHip"], :2]
        together = np.corrcoef(dot(wrist, unit(forward)), dot(ankle, unit(forward)))[0, 1]
        assert together > 0.5, (person.name, together)  # arms swing with the other side's leg


# --- actions ----------------------------------------------------------------------------------------------------------


def describe(take: Array) -> Array:
    """What does not depend on place, heading and size: heights and distances from the pelvis, and their spread."""
    height = take[..., 2]
    across = np.linalg.norm(take[..., :2] - take[:, :1, :2], axis=-1)
    travelled = speeds(take)[:, 0].mean() * 1000
    both = np.concatenate((height, across), axis=1)
    return np.concatenate((both.mean(axis=0), both.std(axis=0), [travelled]))


def test_actions_differ(takes: Takes) -> None:
    """From means and spreads alone, takes of five people name the actions of two others; chance is 7 %."""
    known, asked = (
        {scene: describe(take) for scene, take in takes.items() if scene[0] in people} for people in (TRAIN, TEST)
    )
    examples, questions = (np.array(list(rows.values())) for rows in (known, asked))
    distance = np.linalg.norm((questions[:, None] - examples) / (examples.std(axis=0) + 1e-9), axis=-1)
    guesses = [list(known)[index][1] for index in distance.argmin(axis=1)]
    assert np.mean([guess == action for guess, (_, action, _) in zip(guesses, asked, strict=True)]) > 0.85


# --- what the cameras see ---------------------------------------------------------------------------------------------


def seen(poses: PoseSet) -> tuple[Array, Array]:
    """Normalised keypoints [N, 34] and joints [N, 17, 3] mm, both from the pelvis."""
    sizes = torch.tensor([(camera.width, camera.height) for camera in poses.cameras]).double()
    width, height = sizes[torch.from_numpy(poses.camera).long()].T
    screen = normalize_screen(torch.from_numpy(poses.keypoints_2d).double(), width[:, None], height[:, None]).numpy()
    centred = (screen - screen[:, :1]).reshape(len(poses), -1)
    return centred, (poses.joints_3d - poses.joints_3d[:, :1]).astype(np.float64)


def test_depth_does_not_follow_linearly_from_the_image(loaded: tuple[dict[str, PoseSet], dict]) -> None:
    """A linear map from image to pose is far worse along the line of sight than across it."""
    splits, _ = loaded
    inputs, targets = seen(splits["train"].select(slice(None, None, 3)))
    images, truth = seen(splits["test"].select(slice(None, None, 3)))
    one = np.ones((len(inputs), 1))
    weights = np.linalg.lstsq(np.hstack((inputs, one)), targets.reshape(len(targets), -1), rcond=None)[0]
    answer = (images @ weights[:-1] + weights[-1]).reshape(-1, 17, 3)
    across, down, depth = np.abs(answer - truth).mean(axis=(0, 1))  # mm
    assert depth > 3 * max(across, down)
    assert 60 < depth < 100


def test_similar_images_show_different_poses(loaded: tuple[dict[str, PoseSet], dict]) -> None:
    """The nearest images of other people have poses that differ most in depth."""
    splits, _ = loaded
    inputs, targets = seen(splits["train"])
    images, truth = seen(splits["test"].select(slice(None, None, 36)))
    distance = (inputs**2).sum(axis=1) - 2 * images @ inputs.T
    across, down, depth = np.abs(targets[distance.argmin(axis=1)] - truth).mean(axis=(0, 1))  # mm
    assert depth > 1.4 * max(across, down)
    assert depth > 45


def test_almost_all_views_are_kept_and_the_counts_add_up(loaded: tuple[dict[str, PoseSet], dict]) -> None:
    splits, summary = loaded
    for split, people in (("train", TRAIN), ("test", TEST)):
        counts, poses = summary["splits"][split], splits[split]
        dropped = sum(counts["dropped"].values())
        assert counts["takes"] == len(people) * len(ACTIONS) * TAKES
        assert counts["views"] == counts["takes"] * 60 * 4  # frames and cameras
        assert counts["views"] == counts["poses"] + dropped
        assert counts["poses"] == len(poses)
        assert dropped < 0.01 * counts["views"]
        for table, rows, names in (
            ("subjects", poses.subject, poses.subjects),
            ("actions", poses.action, poses.actions),
        ):
            parts = counts[table]
            assert {name: part["poses"] for name, part in parts.items()} == {
                name: int((rows == index).sum()) for index, name in enumerate(names)
            }
            assert sum(part["views"] for part in parts.values()) == counts["views"]


def test_equal_settings_give_equal_bytes(
    loaded: tuple[dict[str, PoseSet], dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for fewer people: the first ones' poses and names come first, and they do not depend on who follows."""
    monkeypatch.setattr(synthetic, "TRAIN", TRAIN[:1])
    splits, summary = load(COARSE)
    assert summary["splits"]["test"] == loaded[1]["splits"]["test"]
    assert summary["splits"]["train"]["subjects"].items() <= loaded[1]["splits"]["train"]["subjects"].items()
    assert len(splits["test"]) == len(loaded[0]["test"]) and len(splits["train"]) > 6000
    for split, poses in splits.items():
        whole, arrays = loaded[0][split], poses.to_arrays()
        for name in arrays.keys() - ({"tables"} if split == "train" else set()):
            assert arrays[name].tobytes() == whole.to_arrays()[name][: len(arrays[name])].tobytes(), (split, name)
        for name in ("cameras", "subjects", "actions", "takes"):
            found = getattr(poses, name)
            assert found == getattr(whole, name)[: len(found)]


def test_a_take_without_a_frame_says_what_to_change() -> None:
    with pytest.raises(InputError, match=r"seconds_per_take: shorter than one frame"):
        load(SyntheticMotion(frames_per_second=5.0, seconds_per_take=0.1), progress=False)


def test_another_seed_is_another_motion() -> None:
    first, other = (joints(TEST[0], "Waiting", 0, _settings(5.0, 6.0, seed))[0] for seed in (3, 4))
    assert np.abs(first - other).max() > 50


def test_images_are_small_and_always_the_same(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("people", "people again", "sides", "sides again")]
    for path in paths[:2]:
        draw_people(path)
    for path in paths[2:]:
        draw_sides(path, ("Walking", "Sitting"), moments=2)
    people, people_again, sides, sides_again = (path.read_bytes() for path in paths)
    assert people == people_again and sides == sides_again and people != sides
    assert all(3_000 < len(image) < 200_000 for image in (people, sides))
