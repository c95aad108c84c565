"""Keypoints of made poses in the formats that `predict` reads, and small models to predict with."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config import HeadSettings, LiftingVariant, ModelSettings
from pipeline.data.motion import rig
from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic import joints as motion
from pipeline.data.motion.synthetic.body import TEST
from pipeline.geometry import coco_keypoints
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.checkpoints import save_model, seeded_model

WIDTH, HEIGHT = 1000, 1002
VARIANTS = {
    "point": LiftingVariant(paper="semgcn", title="small", model=ModelSettings(channels=8, blocks=1)),
    "mixture": LiftingVariant(
        paper="graphmdn",
        title="small",
        model=ModelSettings(channels=8, blocks=1),
        head=HeadSettings(name="mixture", kernels=3),
    ),
}
OF_COCO = {
    **{"left_shoulder": "LShoulder", "right_shoulder": "RShoulder", "left_elbow": "LElbow", "right_elbow": "RElbow"},
    **{"left_wrist": "LWrist", "right_wrist": "RWrist", "left_hip": "LHip", "right_hip": "RHip"},
    **{"left_knee": "LKnee", "right_knee": "RKnee", "left_ankle": "LAnkle", "right_ankle": "RAnkle"},
    "nose": "Neck/Nose",
}


@functools.cache
def human36m(action: str = "Walking", seconds: int = 4) -> NDArray[np.float64]:
    """2D joints of a made take, [F, 17, 2] px, ten frames a second, seen by one camera."""
    settings = SyntheticMotion(frames_per_second=10.0, seconds_per_take=float(seconds), seed=0)
    person = TEST[0]
    world, _ = motion(person, action, 0, settings)
    keypoints, _, _ = rig.film(world, rig.place(person.name, (0.0, 0.0), yaw=0.0))
    return keypoints[0].astype(np.float64)


def coco(action: str = "Walking") -> NDArray[np.float64]:
    """The same take as COCO's keypoints, [F, 17, 2] px: eyes and ears are beside the middle of the head."""
    joints = human36m(action)
    at = HUMAN36M_17.names.index
    found = np.zeros_like(joints)
    for name, joint in OF_COCO.items():
        found[:, coco_keypoints.NAMES.index(name)] = joints[:, at(joint)]
    middle = (joints[:, at("Neck/Nose")] + joints[:, at("Head")]) / 2
    for name, aside in (("left_eye", 4.0), ("right_eye", -4.0), ("left_ear", 9.0), ("right_ear", -9.0)):
        found[:, coco_keypoints.NAMES.index(name)] = middle + np.array((aside, 0.0))
    return found


def with_confidence(places: NDArray, confidence: float = 0.9) -> NDArray:
    return np.concatenate((places, np.full((*places.shape[:-1], 1), confidence)), axis=-1)


def coco_results(places: NDArray) -> list[dict[str, Any]]:
    """A person in each image."""
    return [
        {"image_id": 100 + index, "category_id": 1, "keypoints": row.ravel().tolist(), "score": 0.9}
        for index, row in enumerate(with_confidence(places))
    ]


def coco_annotations(places: NDArray) -> dict[str, Any]:
    images = [
        {"id": index, "width": WIDTH, "height": HEIGHT, "file_name": f"{index:03d}.jpg"} for index in range(len(places))
    ]
    people = [
        {"id": index, "image_id": index, "keypoints": row.ravel().tolist(), "num_keypoints": 17}
        for index, row in enumerate(with_confidence(places, 2.0))
    ]
    return {"images": images, "annotations": people, "categories": []}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def checkpoint(folder: Path, kind: str) -> Path:
    """An untrained network: its poses mean nothing, but they follow from the input."""
    path = folder / f"{kind}.pt"
    save_model(path, kind, VARIANTS[kind], 0, 3, seeded_model(VARIANTS[kind], 0).state_dict())
    return path
