"""data/motion/filming.py: what is kept, what is dropped and why, and the sums of it."""

from dataclasses import replace

import numpy as np

from pipeline.data.motion.filming import Filmed, film_take, summarize
from pipeline.data.motion.rig import meeting_point, place
from pipeline.geometry import human36m

CAMERAS = place("S1", (0.0, 0.0), yaw=0.0)


def people_at(*places: tuple[float, float, float]) -> np.ndarray:
    """A frame for each place, in which 17 joints stand in a column 800 mm high; [T, 17, 3] mm."""
    column = np.zeros((17, 3))
    column[:, 2] = np.linspace(-400, 400, 17)
    return np.array(places)[:, None] + column


def take(*places: tuple[float, float, float], frames: tuple[int, ...], subject: str, action: str) -> Filmed:
    return film_take(people_at(*places), np.array(frames), CAMERAS, subject, action, f"{subject} {action} 1")


def test_kept_views_carry_their_labels_and_their_own_projection() -> None:
    middle = meeting_point(CAMERAS)
    filmed = take(tuple(middle), (*middle[:2], middle[2] + 50), frames=(3, 8), subject="S1", action="Posing")
    poses = filmed.poses.check()
    assert filmed.dropped == {"behind the camera": 0, "outside the picture": 0}
    assert poses.camera.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert poses.frame.tolist() == [3, 8] * 4
    assert (poses.subjects, poses.actions, poses.takes) == (["S1"], ["Posing"], ["S1 Posing 1"])
    world = people_at(tuple(middle))[0]
    for row, camera in ((0, 0), (6, 3)):
        # A camera keeps distances, and its axis, which runs through the middle, is the image's centre.
        distance = np.linalg.norm(world - np.array(CAMERAS[camera].translation), axis=-1)
        np.testing.assert_allclose(np.linalg.norm(poses.joints_3d[row], axis=-1), distance, rtol=1e-5)
        np.testing.assert_allclose(poses.keypoints_2d[row, 8], CAMERAS[camera].center, atol=60)


def test_every_dropped_view_has_one_reason() -> None:
    """One camera looks along x from the origin: seen, behind it, and beside its image."""
    half = np.sqrt(0.5)
    ahead = replace(human36m.rig("S1")[0], orientation=(0.5, -0.5, 0.5, -0.5), translation=(0.0, 0.0, 0.0))
    world = people_at((4000, 0, 0), (-4000, 0, 0), (4000 * half, 4000, 0), (5000, 0, 0))
    filmed = film_take(world, np.arange(4), [ahead], "S1", "Posing", "S1 Posing 1")
    assert filmed.dropped == {"behind the camera": 1, "outside the picture": 1}
    assert filmed.poses.frame.tolist() == [0, 3]


def test_the_summary_adds_up() -> None:
    middle = tuple(meeting_point(CAMERAS))
    far = (middle[0] + 9e4, middle[1], middle[2])  # seen by some of the cameras at most
    takes = [
        take(middle, far, frames=(0, 1), subject="S1", action="Posing"),
        take(middle, frames=(0,), subject="S1", action="Walking"),
        take(middle, middle, middle, frames=(0, 1, 2), subject="S5", action="Walking"),
    ]
    summary = summarize(takes)
    assert (summary["takes"], summary["views"]) == (3, 4 * (2 + 1 + 3))
    assert summary["poses"] == sum(len(one.poses) for one in takes)
    assert summary["views"] == summary["poses"] + sum(summary["dropped"].values())
    assert sum(summary["dropped"].values()) > 0
    assert {name: part["views"] for name, part in summary["subjects"].items()} == {"S1": 12, "S5": 12}
    assert {name: part["takes"] for name, part in summary["actions"].items()} == {"Posing": 1, "Walking": 2}
