"""MoveNet: the multi-pose network finds people in an image, the single-pose network looks at each again.

The networks are Google's (Apache-2.0), `singlepose/thunder/4` and `multipose/lightning/1`. Their inputs are pixels
from 0 to 255. The multi-pose network gives at most six people of an image, each with 17 keypoints (y, x, confidence), a
box (y0, x0, y1, x1) and a score; all places are shares of the input. The single-pose network gives the keypoints of the
person in the middle of its input.

The second look is at a square around the first keypoints and the box, 1.25 times as long as the longer side. With 1.1
or 1.4 times it is no better in COCO's images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry import coco_keypoints
from pipeline.predict.detectors import People, graph, overlap
from pipeline.predict.detectors.graph import Graph

FINDER_SIZE = 320  # px of the longer side of an image, for the multi-pose network
GRAIN = 32  # its sides are multiples of this
LOOK_SIZE = 256  # px, the single-pose network's
ROOM = 1.25  # the square of the second look, in longer sides of the person
CERTAIN = 0.1  # first keypoints with a lower confidence do not count for that square
LEAST_SCORE = 0.1  # of a person at the first look
# The mean confidence at the second look. Of 105 people found in 159 images of COCO 12 were nobody; from this confidence
# on, 87 of 90 were somebody.
LEAST_CONFIDENCE = 0.2
AT_ONCE = 4  # images through a network: on a CPU more take longer, because they do not fit into its cache
COORDINATES = 3 * coco_keypoints.COUNT


class MoveNet:
    """A detector from the two networks; it needs no GPU."""

    name = "MoveNet"

    def __init__(self, finder: Graph, looker: Graph) -> None:
        self._finder, self._looker = finder, looker

    @classmethod
    def read(cls, folder: Path) -> MoveNet:
        """The networks in a folder, as package.py puts them there. Raises InputError."""
        finder, looker = (
            graph.read(folder / f"movenet-{name}.json", folder / f"movenet-{name}.bin")
            for name in ("multipose", "thunder")
        )
        return cls(finder, looker)

    @torch.inference_mode()
    def find(self, images: Sequence[NDArray[np.uint8]]) -> list[People]:
        """The people in each of the images [H, W, 3] RGB, at most six."""
        first = self._first(images)
        squares = [_squares(keypoints, boxes) for keypoints, boxes, _ in first]
        owner = np.repeat(np.arange(len(images)), [len(part) for part in squares])
        again = self._look_again(images, owner, np.concatenate(squares) if len(owner) else np.zeros((0, 3)))
        answer = []
        for index, (_, _, score) in enumerate(first):
            confidence = again[owner == index][..., 2].mean(axis=1)
            stay = confidence >= LEAST_CONFIDENCE
            keypoints = again[owner == index][stay]
            sure = np.asarray((score * confidence)[stay], np.float32)
            answer.append(People(keypoints, sure).rows(overlap.distinct(keypoints, sure)))
        return answer

    def _first(self, images: Sequence[NDArray[np.uint8]]) -> list[tuple[NDArray, NDArray, NDArray]]:
        """By image: first keypoints [P, 17, 3] (x, y, confidence), boxes [P, 4] (x0 y0 x1 y1) and scores [P], in px."""
        answer = []
        for part in _parts(len(images)):
            inputs, scale = _whole([images[index] for index in part])
            found = self._finder(inputs).numpy()  # [B, 6, 56]
            size = np.array(inputs.shape[2:0:-1])  # width, height of the input
            for each, factor in zip(found, scale, strict=True):
                each = each[each[:, -1] >= LEAST_SCORE]
                keypoints = each[:, :COORDINATES].reshape(-1, coco_keypoints.COUNT, 3)[..., [1, 0, 2]]
                keypoints[..., :2] *= size / factor
                boxes = each[:, COORDINATES:-1].reshape(len(each), 2, 2)[..., ::-1] * (size / factor)
                answer.append((keypoints, boxes.reshape(-1, 4), each[:, -1]))
        return answer

    def _look_again(self, images: Sequence[NDArray[np.uint8]], owner: NDArray, squares: NDArray) -> NDArray[np.float32]:
        """Keypoints [P, 17, 3] of the people in squares [P, 3] (x0, y0, side) of the images of indices `owner` [P]."""
        found = np.zeros((len(owner), coco_keypoints.COUNT, 3), np.float32)
        for part in _parts(len(owner)):
            cut = np.stack([_cut(images[owner[row]], squares[row]) for row in part])
            answer = self._looker(torch.from_numpy(cut).float()).numpy()[:, 0]  # [B, 17, 3]
            corner, side = squares[part, None, :2], squares[part, None, 2:]
            found[part, :, :2] = corner + answer[..., [1, 0]] * side
            found[part, :, 2] = answer[..., 2]
        return found


def _parts(count: int) -> Iterator[list[int]]:
    for start in range(0, count, AT_ONCE):
        yield list(range(start, min(start + AT_ONCE, count)))


def _whole(images: Sequence[NDArray[np.uint8]]) -> tuple[Tensor, NDArray]:
    """Images as one input [B, h, w, 3], each in the upper left corner, and the scale of each along x and y, [B, 2]."""
    import cv2

    sizes = np.array([image.shape[1::-1] for image in images])
    shown = np.maximum(np.round(sizes * FINDER_SIZE / sizes.max(axis=1, keepdims=True)), 1).astype(int)
    width, height = (math.ceil(longest / GRAIN) * GRAIN for longest in shown.max(axis=0))
    canvas = np.zeros((len(images), height, width, 3), np.uint8)
    for image, (across, down), place in zip(images, shown.tolist(), canvas, strict=True):
        place[:down, :across] = cv2.resize(image, (across, down), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(canvas).float(), shown / sizes


def _squares(keypoints: NDArray, boxes: NDArray) -> NDArray[np.int64]:
    """The square around each person, [P, 3]: x0, y0 and side in whole px."""
    certain = keypoints[..., 2:] >= CERTAIN
    low = np.minimum(np.where(certain, keypoints[..., :2], np.inf).min(axis=1), boxes[:, :2])
    high = np.maximum(np.where(certain, keypoints[..., :2], -np.inf).max(axis=1), boxes[:, 2:])
    side = np.maximum(np.round(ROOM * (high - low).max(axis=1)), 8)
    corner = np.round((low + high) / 2 - side[:, None] / 2)
    return np.concatenate((corner, side[:, None]), axis=1).astype(np.int64)


def _cut(image: NDArray[np.uint8], square: NDArray) -> NDArray[np.uint8]:
    """A square (x0, y0, side) of an image as LOOK_SIZE x LOOK_SIZE px; black outside the image."""
    import cv2

    left, top, side = square.tolist()
    height, width = image.shape[:2]
    inner = image[max(top, 0) : max(min(top + side, height), 0), max(left, 0) : max(min(left + side, width), 0)]
    cut = np.zeros((side, side, 3), np.uint8)
    if inner.size:
        down, across = max(-top, 0), max(-left, 0)
        cut[down : down + inner.shape[0], across : across + inner.shape[1]] = inner
    how = cv2.INTER_AREA if side > LOOK_SIZE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (LOOK_SIZE, LOOK_SIZE), interpolation=how), np.uint8)
