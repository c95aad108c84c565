"""Validation images to show, with what a network found in them: examples.npz beside a variant's predictions.

The images are chosen without looking at predictions, so they favour no network, and all networks of a task have the
same ones.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet

LARGEST = 256  # px, width and height of a stored image
SCORE = 0.3  # detections with a lower score are not shown, except an image's best
OBJECTS = 12  # shown per image, at most


def choose(data: ImageSet, detections: Detections, count: int = 12, seed: int = 0) -> dict[str, NDArray]:
    """Up to `count` images with objects, drawn by the seed, as the arrays of examples.npz.

    `pixels` uint8 [E, S, S, 3], S at most 256: whole images with their aspect ratio, centred on black. `image` [D]
    (index into them) and the other arrays of Detections: the objects with the best scores. `truth_image` [T],
    `truth_boxes` [T, 4] and, for poses, `truth_keypoints` [T, 17, 3]: the annotated objects without crowds. All is in
    px of `pixels`, except sigmas, which are in cells.
    """
    images = choose_images(data, count, seed)
    sizes = data.sizes[images]
    side = min(LARGEST, int(sizes.max(initial=1)))
    scale = side / sizes.max(axis=1)  # [E]
    corner = (side - scale[:, None] * sizes) / 2  # [E, 2]
    matrices = np.zeros((len(images), 2, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = scale
    matrices[:, :, 2] = corner
    found = _best(detections, images)
    true = [_objects(data, image) for image in images]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *true])
    truth_image = np.repeat(np.arange(len(images)), [len(one) for one in true])
    arrays = {
        "pixels": data.images.warped(images, matrices, side),
        **_moved(found, scale, corner).to_arrays(),
        "truth_image": truth_image,
        "truth_boxes": _points(data.boxes[rows].reshape(-1, 2, 2), truth_image, scale, corner).reshape(-1, 4),
    }
    if data.task == "pose":
        keypoints = data.keypoints[rows]
        places = _points(keypoints[..., :2], truth_image, scale, corner)
        arrays["truth_keypoints"] = np.concatenate([places, keypoints[..., 2:]], axis=-1)
    return arrays


def choose_images(data: ImageSet, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of up to `count` images with annotated objects, the same for every network.

    If the data say who is seen from the back, every second image has such a person, while there are any.
    """
    order = np.random.default_rng(seed).permutation(len(data))
    usable = [int(image) for image in order if len(_objects(data, int(image)))]
    views = data.back_view
    if views is not None:
        back = [image for image in usable if views[_objects(data, image)].any()]
        front = [image for image in usable if not views[_objects(data, image)].any()]
        pairs = zip_longest(front, back)
        usable = [image for pair in pairs for image in pair if image is not None]
    return np.array(usable[:count], dtype=np.int64)


def _objects(data: ImageSet, image: int) -> NDArray[np.int64]:
    """Rows of an image's objects, without crowds and without people who have no keypoints."""
    rows = np.arange(data.first[image], data.first[image + 1])
    shown = ~data.crowd[rows]
    if data.task == "pose":
        shown &= (data.keypoints[rows, :, 2] > 0).any(axis=1)
    return rows[shown]


def _best(detections: Detections, images: NDArray) -> Detections:
    """The detections to show of these images, with `image` as index into them."""
    rows = []
    for image in images:
        of_image = np.flatnonzero(detections.image == image)
        of_image = of_image[np.argsort(-detections.score[of_image], kind="stable")][:OBJECTS]
        rows.append(of_image[: max(1, int((detections.score[of_image] >= SCORE).sum()))])
    found = detections.rows(np.concatenate([np.zeros(0, dtype=np.int64), *rows]))
    return replace(found, image=np.repeat(np.arange(len(images)), [len(one) for one in rows]))


def _moved(found: Detections, scale: NDArray, corner: NDArray) -> Detections:
    """Detections in px of the stored images, from px of the original ones."""
    image = found.image
    return replace(
        found,
        center=_points(found.center, image, scale, corner),
        boxes=_points(found.boxes.reshape(-1, 2, 2), image, scale, corner).reshape(-1, 4),
        sizes=(found.sizes * scale[image][:, None, None]).astype(np.float32),
        keypoints=None if found.keypoints is None else _points(found.keypoints, image, scale, corner),
        component_keypoints=None
        if found.component_keypoints is None
        else _points(found.component_keypoints, image, scale, corner),
    )


def _points(points: NDArray, image: NDArray, scale: NDArray, corner: NDArray) -> NDArray[np.float32]:
    """Points [D, ..., 2], each scaled and shifted like its image."""
    ones = (1,) * (points.ndim - 2)
    return (points * scale[image].reshape(-1, *ones, 1) + corner[image].reshape(-1, *ones, 2)).astype(np.float32)
