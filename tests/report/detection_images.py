"""Example images as the evaluation keeps them for figures, made by hand: people and objects that a network found."""

from __future__ import annotations

import numpy as np

from pipeline import artifacts
from pipeline.config import Run
from pipeline.geometry import coco_keypoints
from pipeline.report.figures.skeleton import TEMPLATE

SIDE = 64  # px of the images, and of the network's input
JOINTS = {"shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee", "ankle": "Ankle"}
FACE = {"nose": (0.0, 0.76), "left_eye": (0.04, 0.81), "left_ear": (0.09, 0.79), "right_eye": (-0.04, 0.81)}


def person(back: bool = False) -> np.ndarray:
    """COCO's keypoints [17, 2] in a unit square, y down; seen from the back, the left is on the image's left."""
    face = FACE | {"right_ear": (-0.09, 0.79)}
    places = []
    for name in coco_keypoints.NAMES:
        side, _, part = name.partition("_")
        places.append(face[name] if name in face else TEMPLATE[f"{side[0].upper()}{JOINTS[part]}"])
    points = np.array(places) * [-1.0 if back else 1.0, -1.0]
    return np.array([0.5, 0.5]) + 0.45 * (points - np.array([0.0, 0.05]))


def people(run: Run, variant: str, count: int = 12, components: int = 3) -> None:
    """One person per image. Every third is seen from the back and found by the second component."""
    random = np.random.default_rng(0)
    back = np.arange(count) % 3 == 1
    truth = np.stack([SIDE * person(view) for view in back]) + random.normal(0, 1.0, (count, 17, 2))
    found = truth + random.normal(0, 1.2, truth.shape)
    boxes = np.concatenate([truth.min(axis=1) - 3, truth.max(axis=1) + 3], axis=1)
    _examples(run, variant, np.arange(count), boxes, back.astype(int), components, 10.0, found)
    arrays = artifacts.read_arrays(run.layout.detection_examples(variant))
    visible = np.full((count, 17, 1), 2.0)
    arrays |= {"truth_keypoints": np.concatenate([truth, visible], axis=2)}
    artifacts.write_arrays(run.layout.detection_examples(variant), arrays)


def objects(run: Run, variant: str, count: int = 8, components: int = 3) -> None:
    """Three objects per image: small, middle and large, each found by its own component."""
    random = np.random.default_rng(1)
    image = np.repeat(np.arange(count), 3)
    size = np.tile([10.0, 20.0, 34.0], count)[:, None] * random.uniform(0.8, 1.2, (3 * count, 2))
    corner = 2 + (SIDE - size - 4) * random.uniform(0, 1, size.shape)
    boxes = np.concatenate([corner, corner + size], axis=1)
    _examples(run, variant, image, boxes, np.tile([0, 1, 2], count), components, 0.8, None)


def _examples(
    run: Run,
    variant: str,
    image: np.ndarray,
    boxes: np.ndarray,
    chosen: np.ndarray,
    components: int,
    sigma: float,
    keypoints: np.ndarray | None,
) -> None:
    random = np.random.default_rng(2)
    count = len(image)
    pixels = np.clip(random.normal(110, 18, (image.max() + 1, SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    for index, box in zip(image, boxes, strict=True):
        x0, y0, x1, y1 = np.clip(box, 0, SIDE).astype(int)
        pixels[index, y0:y1, x0:x1] = random.integers(60, 230, 3)
    weights = np.full((count, components), 0.08)
    weights[np.arange(count), chosen] = 1 - 0.08 * (components - 1)
    arrays = {
        "pixels": pixels,
        "image": image,
        "score": np.full(count, 0.8),
        "center": (boxes[:, :2] + boxes[:, 2:]) / 2,
        "boxes": boxes + random.normal(0, 1.0, boxes.shape),
        "component": chosen,
        "weights": weights,
        "sigmas": sigma * np.ones((count, components, 2)) * [1.0, 1.5],
        "truth_image": image,
        "truth_boxes": boxes,
    }
    artifacts.write_arrays(
        run.layout.detection_examples(variant),
        arrays | ({} if keypoints is None else {"keypoints": keypoints}),
    )
