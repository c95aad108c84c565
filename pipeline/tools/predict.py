"""`python -m pipeline predict`: 3D poses of the people in a file of keypoints, in images or in a video."""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from pathlib import Path

import numpy as np

from pipeline.artifacts import InputError
from pipeline.predict import (
    c3d,
    detecting,
    flags,
    joint_map,
    keypoints,
    overlay,
    result,
    smoothing,
    weights,
    writing,
)
from pipeline.predict.detectors import Detector, choice
from pipeline.predict.keypoints import Keypoints, json_files
from pipeline.predict.keypoints.layouts import HUMAN36M, LAYOUTS
from pipeline.predict.keypoints.table import FASTEST
from pipeline.predict.pictures import Pictures, finding
from pipeline.predict.result import Prediction
from pipeline.tools import options
from pipeline.user_files import require_name

FARTHEST = 1_000_000_000  # px of a focal length: there is no perspective left
LONGEST = 60  # seconds that are smoothed
WHOLE = 0.9  # of a video's frames, of which a file may count a few too many

DESCRIPTION = """\
Make 3D poses, which say how sure they are, of images, of a video, or of the 2D joints that a pose estimator has found.

  python -m pipeline predict keypoints.json --output poses --width 1920 --height 1080
  python -m pipeline predict walk.npz --output poses --width 1280 --height 720 --fps 25
  python -m pipeline predict person_keypoints_val2017.json --output poses
  python -m pipeline predict holiday.jpg --output poses
  python -m pipeline predict walk.mp4 --output poses

INPUT is told apart by its content. People in an image, a folder of images or a video are found by a detector: MoveNet,
which `make detector` fetches, or a detection variant that you trained (--detector). What it finds is in
FOLDER/keypoints.json; correct it if you like, and give it to `predict` as INPUT.

Keypoints are read from COCO results or annotations (JSON), AlphaPose with 17 or Halpe's 26 keypoints
(JSON), OpenPose (a JSON file, or a folder with one for each frame), npz, npy or csv with [frames, joints, 2 or 3] in
COCO's or Human3.6M's order. COCO annotations say how large the images are; for others give --width and --height.

FOLDER receives predictions.json, .npz and .csv (hypotheses, their weights, mean and spread of every joint in mm), the
picture keypoints.png that shows which joint was taken for which, and for a video BVH and C3D files of each person. For
images it receives overlay/ as well, and for a video overlay.webm: what was found and what was predicted, drawn over
them.
docs/predict.md explains them."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    command.add_argument(
        "input",
        type=Path,
        metavar="INPUT",
        help="an image, a folder of images, a video, a file of keypoints, or a folder of OpenPose's files",
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="where to write; an earlier prediction is replaced"
    )
    command.add_argument(
        "--model", help=f"a name in weights/, or a file of weights or checkpoint.pt (default: {weights.DEFAULT})"
    )
    command.add_argument(
        "--trained-on",
        choices=joint_map.SOURCES,
        help="whose joints the model learnt, if it has no card that says it (default: human36m)",
    )
    command.add_argument(
        "--detector", help="who finds people in images: movenet (default), or checkpoint.pt of a detection variant"
    )
    command.add_argument(
        "--images",
        type=Path,
        metavar="PATH",
        help="the images or the video that the keypoints are of, to draw over them (named as in the keypoints)",
    )
    command.add_argument("--width", type=int, metavar="PX", help="width of the images in pixels")
    command.add_argument("--height", type=int, metavar="PX", help="height of the images in pixels")
    command.add_argument(
        "--layout", choices=tuple(LAYOUTS), help="the order of the joints, if it is told apart wrongly"
    )
    command.add_argument(
        "--min-confidence",
        type=float,
        default=0.0,
        metavar="C",
        help="joints with this confidence or less count as not found (default: 0)",
    )
    command.add_argument(
        "--focal-length", type=float, metavar="PX", help="of the camera, for the root's depth (pixels)"
    )
    command.add_argument(
        "--smooth",
        type=float,
        nargs="?",
        const=smoothing.SECONDS,
        metavar="SECONDS",
        help=f"smooth the 2D joints of a video over so many seconds (without a number: {smoothing.SECONDS:g})",
    )
    command.add_argument(
        "--fps", type=float, help="frames per second of keypoints of a video (default: what the file says, else 30)"
    )


def run(
    root: Path,
    input: Path,
    output: Path,
    model: str | None = None,
    width: int | None = None,
    height: int | None = None,
    layout: str | None = None,
    min_confidence: float = 0.0,
    focal_length: float | None = None,
    fps: float | None = None,
    trained_on: str | None = None,
    smooth: float | None = None,
    detector: str | None = None,
    images: Path | None = None,
) -> int:
    """Predict and write; the exit code is 0. Raises InputError for unusable input, and then nothing is written."""
    check_numbers(fps, focal_length, smooth, min_confidence)
    require_name(input)
    writing.check_folder(output)
    own = [Path(name) for name in (input, images, model, detector) if name is not None]
    writing.check_apart(output, own)
    loaded = weights.read(weights.find(root, model))
    shown = finding.find(input)
    if shown is None:
        if detector is not None:
            raise InputError(f"--detector: is for images and videos, and {input} is neither")
        text, found = None, keypoints.read(input, layout, min_confidence)
        shown = None if images is None else of_keypoints(images)
    else:
        if (width, height, layout, fps, images) != (None,) * 5:
            raise InputError("--width, --height, --layout, --fps and --images: are for keypoints, and not for images")
        text, found = detect(shown, choice.load(root, detector), min_confidence)
    size = result.image_sizes(found, width, height, input)
    for line in about(input, found):
        print(line)
    rate = fps or found.table.frames_per_second or detecting.USUAL_RATE
    if smooth is not None:
        found = smoothing.smooth(found, smooth, rate, input)
    if not (trained_on or loaded.trained_on or found.layout == HUMAN36M):
        print(f"note: {loaded.path} has no card; its joints are taken for Human3.6M's (else give --trained-on)")
    start = time.perf_counter()
    prediction = result.predict(found, size, loaded, focal_length, input, trained_on, shown)
    seconds = time.perf_counter() - start

    def with_images(folder: Path) -> None:
        if text is not None:
            (folder / detecting.FILE).write_text(text, encoding="utf-8")
        if shown is not None:
            overlay.write(folder, shown, prediction, loaded.predictor.skeleton)

    writing.into(output, prediction, loaded, input, rate, with_images)
    print(f"model: {loaded.predictor.variant_name} ({loaded.path}); {len(prediction)} poses in {seconds:.2f} s")
    for line in summary(prediction):
        print(line)
    look = output / ("keypoints.png" if shown is None else overlay.VIDEO if shown.sequence else overlay.FOLDER)
    print(f"written: {output}; look at {look} to see whether the joints are right")
    return 0


def check_numbers(fps: float | None, focal_length: float | None, smooth: float | None, min_confidence: float) -> None:
    """Raise InputError for a number that no video, camera or detector has."""
    numbers = (("--fps", fps, FASTEST), ("--focal-length", focal_length, FARTHEST), ("--smooth", smooth, LONGEST))
    for name, value, most in numbers:
        if value is not None and not 0 < value <= most:
            raise InputError(f"{name} {value:g}: expected a number above 0, and at most {most:,}")
    if not 0 <= min_confidence < math.inf:
        raise InputError(f"--min-confidence {min_confidence:g}: expected a number from 0 on")


def of_keypoints(path: Path) -> Pictures:
    """The images that keypoints are of. Raises InputError if there are none."""
    found = finding.find(path)
    if found is None:
        raise InputError(f"--images {path}: expected an image, a folder of images or a video")
    return found


def detect(images: Pictures, detector: Detector, least_confidence: float) -> tuple[str, Keypoints]:
    """The text of the file of keypoints, and the keypoints as they are read from such a file."""
    start = time.perf_counter()
    found = detecting.detect(images, detector)
    speed = len(found.names) / (time.perf_counter() - start)
    print(f"{detector.name}: {speed:.1f} images a second")
    if images.sequence and len(found.names) < WHOLE * images.count:
        print(f"note: {images.path} ends after {len(found.names)} of {images.count} frames; they are all used")
    if found.left_out:
        print(f"note: {found.left_out} people were left out, who are in fewer than {detecting.LEAST_FRAMES} frames")
    content = detecting.as_coco(found, images, detector)
    read = keypoints.of_table(json_files.read(content, images.path), images.path, None, least_confidence)
    return detecting.as_text(content), read


def about(path: Path, found: Keypoints) -> list[str]:
    """What was read, and how it was understood."""
    table = found.table
    count = len(np.unique(table.person))
    people = f", {count} {'person' if count == 1 else 'people'}" if table.followed else ""
    lines = [f"{path}: {table.source}, {len(table)} poses in {len(np.unique(table.frame))} images{people}"]
    return [
        *lines,
        f"layout: {found.layout.title} ({found.why})",
        *(f"note: {note}" for note in table.notes),
    ]


def summary(prediction: Prediction) -> list[str]:
    """What a user should know at once: the error of the drawing back, the spread, the flags."""
    count, left = len(prediction), len(prediction.keypoints.table) - len(prediction)
    error, spread = prediction.placement.error_px, prediction.poses.spread_mm[:, 1:]
    error = error[np.isfinite(error)]
    middle = (
        f"{np.median(error):.1f} px (median of {len(error)} poses" if len(error) else "none (no pose fits its picture"
    )
    lines = [f"reprojection error: {middle}, after a weak-perspective fit)"]
    if spread.any():
        lines.append(f"spread: {np.median(spread):.0f} mm (median of the joints)")
    table = prediction.keypoints.table
    if table.sequence and not table.followed:
        lines.append(f"note: {writing.NOT_FOLLOWED}")
    elif table.sequence and not c3d.available():
        lines.append(f"note: {c3d.ABSENT}")
    if prediction.outside:
        lines.append(f"note: {prediction.outside} of {count} people are outside their images, so the model saw nothing")
    if left:
        lines.append(f"left out: {left} of {count + left}, with fewer than {result.LEAST_JOINTS} of 17 joints found")
    raised = Counter(name for names in prediction.flags for name in names)
    lines += [
        f"flag: {name}: {number} of {count} poses; {flags.MEANING[name]}" for name, number in raised.most_common()
    ]
    return lines
