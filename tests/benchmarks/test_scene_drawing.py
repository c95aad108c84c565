"""Made pictures against what they replace, in one run: a call of OpenCV for every triangle, the farthest first."""

from __future__ import annotations

import time
from collections.abc import Callable

import bodies
import cv2
import numpy as np
import pytest
import torch
from turn_about import compare

from pipeline.data.images import scenes
from pipeline.data.images.scenes import postures
from pipeline.data.images.scenes.raster import rasterise
from pipeline.data.images.settings import BoxScenes, PoseScenes

POSES = PoseScenes(
    **{"size": 64, "train": 640, "val": 1, "people": (1, 1), "scale": (0.7, 1.0), "clutter": 6},
    **{"front": 0.6, "yaw_spread": 0.4, "without_cue": 0.15, "occluders": 0.3},
)
BUSY = PoseScenes(size=128, train=160, val=1, people=(1, 3), scale=(0.25, 1.0), clutter=6)
BOXES = BoxScenes(size=128, train=160, val=1, objects=(2, 5), scale=(0.1, 1.0), clutter=6)
PEOPLE, SIDE = 32, 128  # drawn at 128 px for pictures of 64
RATIO = 2.0  # times as fast as triangle by triangle
TARGETS = {"poses, 64 px": 300.0, "poses, busy, 128 px": 80.0, "boxes, 128 px": 120.0}  # images per second of one core


@pytest.mark.benchmark
def test_drawing_all_triangles_at_once_against_one_by_one() -> None:
    body = bodies.small()
    rotations = postures.draw(PEOPLE, np.random.default_rng(0))
    vertices = body.skin(torch.zeros(1, body.shape_count), rotations, torch.zeros(PEOPLE, 3))[0].numpy()
    points = (SIDE / 2 + SIDE / 2.4 * vertices[..., :2] * (1, -1)).astype(np.float32)
    depth, faces = np.ascontiguousarray(vertices[..., 2]), body.faces.numpy()
    outlines = []

    def ours() -> None:
        outlines[:] = [rasterise(points, depth, faces, np.full((PEOPLE, 2), SIDE)).face.reshape(PEOPLE, SIDE, SIDE)]

    def plain() -> None:
        outlines[1:] = [np.stack([one_by_one(points[person], depth[person], faces) for person in range(PEOPLE)])]

    ratio, figures = compare({"ours": ours, "plain": plain}, PEOPLE, threads=1, rounds=5, warm_up=1)
    print(f"\npeople drawn at {SIDE} px: {figures}")
    seen = [outline >= 0 for outline in outlines]
    assert (seen[0] & seen[1]).sum() / (seen[0] | seen[1]).sum() > 0.85  # OpenCV paints borders too
    assert ratio >= RATIO


def one_by_one(points: np.ndarray, depth: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The triangle [H, W] in front, -1 for none, as painters do it."""
    corners = points[faces]
    edges = corners[:, 1:] - corners[:, :1]
    front = np.flatnonzero(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0] < 0)
    picture = np.full((SIDE, SIDE), -1, dtype=np.int32)
    places = np.round((corners - 0.5) * 16).astype(np.int32)
    for face in front[np.argsort(depth[faces[front]].mean(axis=1))].tolist():
        cv2.fillConvexPoly(picture, places[face], face, shift=4)
    return picture


@pytest.mark.benchmark
def test_pictures_a_second() -> None:
    body = bodies.small()
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "poses, 64 px": (POSES.train, lambda: scenes.make_pose(POSES, 0, "train", body)),
        "poses, busy, 128 px": (BUSY.train, lambda: scenes.make_pose(BUSY, 0, "train", body)),
        "boxes, 128 px": (BOXES.train, lambda: scenes.make_boxes(BOXES, 0, "train", body)),
    }
    rates = {}
    for name, (count, work) in works.items():
        spent = []
        for _ in range(3):
            begin = time.process_time()  # what else the machine does counts little
            work()
            spent.append(time.process_time() - begin)
        rates[name] = count / min(spent)
    print("\n" + "; ".join(f"{name}: {rate:.0f} images per second of a core" for name, rate in rates.items()))
    for name, rate in rates.items():
        assert rate >= TARGETS[name], name
