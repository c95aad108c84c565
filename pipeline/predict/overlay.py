"""What was found and what was predicted, drawn over the user's own images.

The keypoints of the detector are blue on the person's own left, red on the right and white between, as in the other
pictures. The mean pose, drawn back to the image as placing.py fits it, is yellow. Beside a person are the number and
the reprojection error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import Skeleton
from pipeline.predict.detecting import USUAL_RATE
from pipeline.predict.detectors import overlap
from pipeline.predict.keypoints.layouts import Layout, side
from pipeline.predict.pictures import Pictures
from pipeline.predict.pictures.video import WebM
from pipeline.predict.result import Prediction

FOLDER, VIDEO = "overlay", "overlay.webm"
LONGEST = {False: 1600, True: 1280}  # px of the longer side of an image, and of a video's frame
COLOURS = {"left": (64, 160, 255), "right": (255, 80, 90), "middle": (255, 255, 255)}
POSE, EDGE = (255, 220, 0), (20, 20, 20)


@dataclass(frozen=True)
class Drawn:
    """A person in an image: keypoints [L, 3] px and confidence, the pose [J, 2] px or NaN, and a text."""

    keypoints: NDArray
    pose: NDArray
    text: str


def write(folder: Path, pictures: Pictures, prediction: Prediction, skeleton: Skeleton) -> None:
    """Write an image for each image, or a video for a video. Reads the images again.

    The people of an image are those whose keypoints name it. Raises InputError if no image is named by any.
    """
    people, layout, shown = _people(prediction), prediction.keypoints.layout, set()

    def drawn() -> Iterator[tuple[str, NDArray[np.uint8]]]:
        for name, image in tqdm(pictures, total=pictures.count or None, desc="overlay", unit=" images", disable=None):
            shown.add(name)
            yield name, draw(image, people.get(name, []), layout, skeleton, LONGEST[pictures.sequence])

    if pictures.sequence:
        with WebM(folder / VIDEO, pictures.frames_per_second or USUAL_RATE) as video:
            for _, image in drawn():
                video.write(image)
    else:
        _images(folder / FOLDER, drawn())
    if not shown & people.keys():
        raise InputError(f"{pictures.path}: none of its images is {next(iter(people))}, which the keypoints are of")


def _images(folder: Path, named: Iterator[tuple[str, NDArray[np.uint8]]]) -> None:
    from PIL import Image

    folder.mkdir()
    for name, image in named:
        file = name if name.lower().endswith((".jpg", ".jpeg")) else f"{name}.jpg"
        Image.fromarray(image).save(folder / file, format="JPEG", quality=90)


def _people(prediction: Prediction) -> dict[str, list[Drawn]]:
    """Who is in which image, by the image's name."""
    placement, table = prediction.placement, prediction.keypoints.table
    flat = prediction.poses.mean[..., :2].astype(np.float64)
    poses = placement.root_px[:, None] + placement.scale[:, None, None] * flat
    answer: dict[str, list[Drawn]] = {}
    for row, image in enumerate(prediction.images):
        error = placement.error_px[row]
        text = f"{prediction.person[row]}" + (f": {error:.0f} px" if np.isfinite(error) else "")
        drawn = Drawn(table.values[prediction.rows[row]], poses[row], text)
        answer.setdefault(image, []).append(drawn)
    return answer


def draw(
    image: NDArray[np.uint8], people: Sequence[Drawn], layout: Layout, skeleton: Skeleton, longest: int
) -> NDArray[np.uint8]:
    """The image [H, W, 3] RGB with people on it, its sides even and at most `longest` px."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(round(width * scale / 2), 1) * 2, max(round(height * scale / 2), 1) * 2)
    shown = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if size != (width, height) else image.copy()
    factor = np.array(size) / (width, height)
    for person in people:
        box = overlap.boxes(person.keypoints[None])[0].reshape(2, 2) * factor
        thick = max(1, round((box[1] - box[0]).max() / 120))
        _lines(shown, person.pose * factor, skeleton.edges, [POSE] * len(skeleton.edges), thick)
        places = np.where(person.keypoints[:, 2:] > 0, person.keypoints[:, :2] * factor, np.nan)
        _lines(shown, places, layout.bones, [_colour(layout, *bone) for bone in layout.bones], thick)
        for joint in np.flatnonzero(np.isfinite(places).all(axis=1)).tolist():
            cv2.circle(shown, _whole(places[joint]), thick + 1, _colour(layout, joint, joint), -1, cv2.LINE_AA)
        _write(shown, person.text, _whole(box[0]), max(0.4, min(thick * 0.4, 1.5)))
    return np.asarray(shown, np.uint8)


def _colour(layout: Layout, first: int, second: int) -> tuple[int, int, int]:
    sides = {side(layout.joints[joint]) for joint in (first, second)}
    return COLOURS[sides.pop() if len(sides) == 1 else "middle"]


def _lines(
    image: NDArray, places: NDArray, bones: Sequence[tuple[int, int]], colours: Sequence[tuple], thick: int
) -> None:
    """Bones between places [J, 2] that are finite, with a dark edge, so that they are seen on any ground."""
    import cv2

    ends = [(_whole(places[a]), _whole(places[b])) if np.isfinite(places[[a, b]]).all() else None for a, b in bones]
    for drawn, width in ((False, thick + 2), (True, thick)):
        for end, colour in zip(ends, colours, strict=True):
            if end:
                cv2.line(image, *end, colour if drawn else EDGE, width, cv2.LINE_AA)


def _write(image: NDArray, text: str, corner: tuple[int, int], size: float) -> None:
    import cv2

    place = (max(corner[0], 2), max(corner[1] - 4, round(22 * size)))
    for colour, width in ((EDGE, 3), (COLOURS["middle"], 1)):
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)


def _whole(place: NDArray) -> tuple[int, int]:
    """A place in whole px. What is far outside of an image stays within what OpenCV can draw."""
    across, down = np.clip(np.round(place), -20_000, 20_000).astype(int).tolist()
    return across, down
