"""Cropped images: the person is where the camera sees them, near limbs hide far ones, takes keep their clothes."""

from __future__ import annotations

import functools

import bodies
import filmed_bodies
import numpy as np
import pytest
import torch
from filmed_bodies import Filmed

from pipeline.body.fitting.rotations import exponential, logarithm
from pipeline.body.model import JOINT_NAMES
from pipeline.data.images import crops
from pipeline.data.images.crops.boxes import boxes_of
from pipeline.data.images.crops.light import Lights
from pipeline.data.images.scenes.figure import Figure, figure
from pipeline.data.images.settings import PersonCrops
from pipeline.geometry.camera import multiply
from pipeline.geometry.skeleton import HUMAN36M_17

SIZE = 96
PLAIN = PersonCrops(size=SIZE, occluders=0, clutter=0)
WRISTS = [HUMAN36M_17.names.index(name) for name in ("LWrist", "RWrist")]


@functools.cache
def walkers() -> Filmed:
    """Two takes of three people who turn."""
    poses = filmed_bodies.standing(3)
    return filmed_bodies.filmed([filmed_bodies.turned(poses, torch.tensor([0.0, 1.0, 2.0])), poses])


@functools.cache
def drawn() -> Figure:
    return figure(bodies.small())


def painted(filmed: Filmed, rows: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """People [B, S, S, 4] whose triangles have colours [F, 3], with the lamp in front at its full share."""
    boxes = boxes_of(filmed.poses.keypoints_2d[rows], SIZE)
    lights = Lights(torch.tensor([0.0, 0.0, 1.0]).expand(len(rows), -1), torch.ones(len(rows)))
    every = np.broadcast_to(colours.astype(np.float32), (len(rows), *colours.shape))
    return crops.people_of(drawn(), filmed.poses, filmed.fitted, rows, boxes, every, lights)


def test_a_persons_outline_is_that_of_the_projected_vertices() -> None:
    """Each vertex is placed by hand: the body's motion, the pose's camera, the box."""
    filmed = walkers()
    poses, rows = filmed.poses, np.arange(len(filmed.poses))
    boxes = boxes_of(poses.keypoints_2d, SIZE)
    alpha = painted(filmed, rows, np.full((len(drawn().faces), 3), 200.0))[..., 3]
    for row in rows.tolist():
        frame = poses.frame[row] + 3 * poses.take[row]
        rotations = bodies.matrices(torch.from_numpy(filmed.fitted["rotations"][[frame]]))
        place = torch.tensor([[0.0, 0.0, filmed_bodies.HEIGHT]])
        vertices = filmed.body.skin(torch.zeros(1, filmed.body.shape_count), rotations, place)[0][0]
        camera = poses.cameras[poses.camera[row]]
        pixels = camera.to_image(camera.to_camera(1000 * vertices.double())).numpy()
        inside = (pixels - boxes.corner[row]) * SIZE / boxes.side[row]
        filled = np.argwhere(alpha[row] > 0)[:, ::-1]
        np.testing.assert_allclose(filled.min(axis=0), inside.min(axis=0), atol=1.01)
        np.testing.assert_allclose(filled.max(axis=0) + 1, inside.max(axis=0), atol=1.01)


def test_joints_lie_on_the_person() -> None:
    filmed = walkers()
    rows = np.arange(len(filmed.poses))
    places = boxes_of(filmed.poses.keypoints_2d, SIZE).in_crop(torch.from_numpy(filmed.poses.keypoints_2d)).numpy()
    alpha = painted(filmed, rows, np.full((len(drawn().faces), 3), 200.0))[..., 3]
    column, row = np.floor(places).astype(int).transpose(2, 0, 1)
    covered = alpha[rows[:, None], row, column]
    assert (np.delete(covered, HUMAN36M_17.names.index("Head"), axis=1) > 0.9).all()  # the head's joint is its top


def test_hands_in_front_of_the_body_are_seen_from_the_front_and_hidden_from_behind() -> None:
    """Arms that point forward, inward and down put the wrists before the chest. Arms are red, the rest green."""
    vectors = filmed_bodies.standing(1)
    down = exponential(torch.tensor([0.5, 0.0, 0.0]))
    for side, sign in (("left", -1), ("right", 1)):
        forward = exponential(torch.tensor([0.0, sign * 2.0, 0.0]))
        vectors[:, JOINT_NAMES.index(f"{side}_shoulder")] = logarithm(multiply(down, forward))
    filmed = filmed_bodies.filmed([filmed_bodies.turned(vectors.repeat(24, 1, 1), torch.arange(24) * torch.pi / 12)])
    arms = [JOINT_NAMES.index(f"{side}_{part}") for side in ("left", "right") for part in ("elbow", "wrist", "hand")]
    carrier = filmed.body.weights.numpy()[drawn().faces].mean(axis=1).argmax(axis=1)
    colours = np.where(np.isin(carrier, arms)[:, None], [200.0, 0, 0], [0, 200.0, 0])
    rows = np.arange(len(filmed.poses))
    images = painted(filmed, rows, colours)
    places = boxes_of(filmed.poses.keypoints_2d, SIZE).in_crop(torch.from_numpy(filmed.poses.keypoints_2d)).numpy()
    column, row = np.floor(places[:, WRISTS]).astype(int).transpose(2, 0, 1)
    red, green = images[rows[:, None], row, column, :2].transpose(2, 0, 1)
    joints = filmed.poses.joints_3d
    nearer = joints[:, 8, 2, None] - joints[:, WRISTS, 2]  # than the thorax, mm
    trunk = places[:, [HUMAN36M_17.names.index(name) for name in ("LShoulder", "RShoulder")], 0]
    across = (places[:, WRISTS, 0] - trunk.mean(axis=1)[:, None]) / np.ptp(trunk, axis=1)[:, None]
    over = abs(across) < 0.35  # of the shoulders' distance: the wrist is before or behind the trunk
    front, behind = over & (nearer > 200), over & (nearer < -200)
    assert front.sum() > 4 and behind.sum() > 4
    assert (red > 4 * green)[front].all()
    assert (green > 4 * red)[behind].all()


def test_the_nearer_of_two_equal_people_is_larger_in_the_picture() -> None:
    """Perspective: the box's side is that of the joints, which the camera sees larger from nearby."""
    filmed = walkers()
    depth = filmed.poses.joints_3d[:, 0, 2]
    height = np.ptp(filmed.poses.keypoints_2d[..., 1], axis=1)
    assert np.corrcoef(height * depth, depth)[0, 1] ** 2 < 0.5  # the product is nearly the same for all
    assert np.corrcoef(height, 1 / depth)[0, 1] > 0.9


def test_boxes_have_all_joints_inside_and_map_back() -> None:
    keypoints = walkers().poses.keypoints_2d
    boxes = boxes_of(keypoints, SIZE)
    inside = boxes.in_crop(torch.from_numpy(keypoints))
    assert inside.min() > 0.1 * SIZE and inside.max() < 0.9 * SIZE
    assert inside.amax(dim=1).sub(inside.amin(dim=1)).amax(dim=1).numpy() == pytest.approx(SIZE / 1.3)
    torch.testing.assert_close(boxes.in_picture(inside), torch.from_numpy(keypoints), atol=1e-2, rtol=0)


def test_the_same_seed_makes_the_same_images_and_another_other_ones() -> None:
    filmed = walkers()
    one, again, other = (
        crops.render(settings, "train", filmed.poses, filmed.fitted, filmed.body)
        for settings in (PLAIN, PLAIN, PLAIN.model_copy(update={"seed": 1}))
    )
    assert one.pixels.shape == (len(filmed.poses), SIZE, SIZE, 3) and one.pixels.dtype == np.uint8
    assert np.array_equal(one.pixels, again.pixels)
    assert (one.pixels != other.pixels).mean() > 0.9
    test = crops.render(PLAIN, "test", filmed.poses, filmed.fitted, filmed.body)
    assert (one.pixels != test.pixels).mean() > 0.9


def test_a_take_keeps_its_clothes_and_two_takes_have_different_ones() -> None:
    """By the colour at a knee, from which light and noise take little."""
    filmed = walkers()
    made = crops.render(PLAIN, "train", filmed.poses, filmed.fitted, filmed.body)
    places = made.boxes.in_crop(torch.from_numpy(filmed.poses.keypoints_2d)).numpy()
    column, row = np.floor(places[:, 2]).astype(int).T  # the right knee
    colour = made.pixels[np.arange(len(row)), row, column].astype(float)
    hue = colour / colour.sum(axis=1, keepdims=True)
    of_take = [hue[filmed.poses.take == take] for take in (0, 1)]
    apart = np.linalg.norm(of_take[0].mean(axis=0) - of_take[1].mean(axis=0))
    assert max(np.linalg.norm(one - one.mean(axis=0), axis=1).max() for one in of_take) < apart


def test_poses_without_a_body_are_left_out_and_the_others_thinned_evenly() -> None:
    filmed = walkers()
    fitted = filmed.fitted | {"usable": np.array([True, False, True, True, True, True])}
    rows = crops.chosen(filmed.poses, fitted, None)
    assert set(fitted["row_frame"][rows].tolist()) == {0, 2, 3, 4, 5}
    few = crops.chosen(filmed.poses, fitted, 5)
    assert len(few) == 5 and np.isin(few, rows).all() and np.ptp(np.diff(np.searchsorted(rows, few))) <= 1


def test_things_in_front_and_behind_are_as_many_as_the_settings_say() -> None:
    filmed = walkers()
    busy = PersonCrops(size=SIZE, occluders=20, clutter=0)
    hidden, open_ = (
        crops.render(settings, "train", filmed.poses, filmed.fitted, filmed.body) for settings in (busy, PLAIN)
    )
    alpha = painted(filmed, np.arange(len(filmed.poses)), np.full((len(drawn().faces), 3), 200.0))[..., 3]
    changed = abs(hidden.pixels.astype(int) - open_.pixels).max(axis=-1) > 60
    assert changed[alpha == 1].mean() > 0.3
