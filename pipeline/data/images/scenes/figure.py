"""A body prepared for drawing: which triangle is hair, skin or shirt, and where COCO's 17 keypoints are on it.

It works for any body in SMPL's format: a triangle's part follows from the joint that carries it and from its place in
the T-pose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.body.landmarks import HEAD_JOINT, nose_tip
from pipeline.body.model import BodyModel
from pipeline.geometry import coco_keypoints

PARTS = (
    *("skin", "hair", "eye", "mouth", "nose", "shirt_back", "shirt_front", "mark", "sleeve", "forearm"),
    *("trousers", "shin", "shoe", "nape"),
)
KEYPOINT_JOINTS = (16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8)  # SMPL's, of COCO's keypoints 5 to 16
# How far, in metres, the body's surface may be in front of a keypoint that is still visible: flesh around a joint.
FLESH = np.array([0.03, 0.04, 0.04, 0.045, 0.045, *[0.13] * 2, *[0.08] * 2, *[0.07] * 2, *[0.17] * 2, *[0.1] * 4])


@dataclass(frozen=True)
class Figure:
    """A body with what its drawing needs."""

    body: BodyModel
    faces: NDArray[np.int64]  # [F, 3]
    part: NDArray[np.int64]  # [F] index into PARTS
    head_vertices: tuple[int, ...]  # of COCO's first five keypoints: nose, eyes, ears

    def posed(self, betas: Tensor, rotations: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vertices [N, V, 3] and COCO's keypoints [N, 17, 3] in metres; betas [N, B], rotations [N, 24, 3, 3]."""
        vertices, joints = self.body.skin(betas, rotations, torch.zeros(len(rotations), 3))
        keypoints = torch.cat([vertices[:, list(self.head_vertices)], joints[:, list(KEYPOINT_JOINTS)]], dim=1)
        assert keypoints.shape[1] == coco_keypoints.COUNT
        return vertices.numpy(), keypoints.numpy()


def figure(body: BodyModel) -> Figure:
    """Finds the face, the clothes and the keypoints of a body."""
    head = _head_vertices(body)
    return Figure(body, body.faces.numpy(), _parts(body, head), head)


def _head_vertices(body: BodyModel) -> tuple[int, ...]:
    """Nose, left and right eye, left and right ear: the tip in front, two points above it, the widest ones."""
    rest, on_head = body.v_template, body.weights[:, HEAD_JOINT] > 0.5
    nose = nose_tip(body)
    width = rest[on_head, 0].max() - rest[on_head, 0].min()
    eye_height = rest[nose, 1] + 0.25 * (rest[on_head, 1].max() - rest[nose, 1])
    front = on_head & (rest[:, 2] > (rest[on_head, 2].min() + rest[on_head, 2].max()) / 2)
    vertices = [nose]
    for x in (0.2 * width, -0.2 * width):
        away = (rest[:, 0] - x).square() + (rest[:, 1] - eye_height).square()
        vertices.append(int(torch.where(front, away, torch.inf).argmin()))
    for sign in (1, -1):
        vertices.append(int(torch.where(on_head, sign * rest[:, 0], -torch.inf).argmax()))
    return tuple(vertices)


def _parts(body: BodyModel, head: tuple[int, ...]) -> NDArray[np.int64]:
    """The part [F] of every triangle."""
    rest, faces = body.v_template.numpy(), body.faces.numpy()
    joints = (body.j_regressor @ body.v_template).numpy()
    corners = rest[faces]  # [F, 3, 3]
    middle = corners.mean(axis=1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    forward = normal[:, 2] > 0.25 * np.linalg.norm(normal, axis=1).clip(1e-9)
    carrier = body.weights.numpy()[faces].mean(axis=1).argmax(axis=1)
    part = np.full(len(faces), PARTS.index("skin"))

    def paint(name: str, where: NDArray[np.bool_]) -> None:
        part[where] = PARTS.index(name)

    trunk = np.isin(carrier, (0, 3, 6, 9, 13, 14))
    belt = joints[0, 1] + 0.02
    chest = (joints[3, 1] + joints[12, 1]) / 2  # height of the shirt's mark
    paint("trousers", np.isin(carrier, (1, 2)) | (trunk & (middle[:, 1] < belt)))
    shirt = trunk & (middle[:, 1] >= belt)
    paint("shirt_back", shirt)
    paint("shirt_front", shirt & forward)
    paint("mark", shirt & forward & (abs(middle[:, 0]) < 0.11) & (abs(middle[:, 1] - chest) < 0.19))
    paint("sleeve", np.isin(carrier, (16, 17)))
    paint("forearm", np.isin(carrier, (18, 19)))
    paint("shin", np.isin(carrier, (4, 5)))
    paint("shoe", np.isin(carrier, (7, 8, 10, 11)) & (middle[:, 1] < joints[7, 1] + 0.03))
    paint("nape", (carrier == 12) & (normal[:, 2] < 0))
    _paint_face(paint, middle, carrier == HEAD_JOINT, rest[list(head)], float(rest[:, 1].max()))
    return part


def _paint_face(
    paint: Callable[[str, NDArray[np.bool_]], None],
    middle: NDArray[np.float32],
    on_head: NDArray[np.bool_],
    places: NDArray[np.float32],
    top: float,
) -> None:
    """Hair and a face on the head's triangles with these middles [F, 3]; places [5, 3] of nose, eyes and ears."""
    nose, ears = places[0], places[3:]
    up = top - nose[1]  # from the nose to the top of the head
    hairline = ears[:, 2].mean() + 0.2 * (nose[2] - ears[:, 2].mean())
    above = (middle[:, 1] - nose[1]) / up
    paint("hair", on_head & ((above > 0.58) | ((middle[:, 2] < hairline) & (above > -0.35))))
    in_front = on_head & (middle[:, 2] > hairline)

    def near(x: float, y: float, wide: float, tall: float) -> NDArray[np.bool_]:
        return in_front & (((middle[:, 0] - x) / wide) ** 2 + ((middle[:, 1] - y) / tall) ** 2 < 1)

    paint("nose", near(nose[0], nose[1], 0.022, 0.022))
    paint("mouth", near(nose[0], nose[1] - 0.24 * up, 0.034, 0.014))
    for eye in places[1:3]:
        paint("eye", near(eye[0], eye[1], 0.021, 0.017))
