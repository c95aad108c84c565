"""Keypoints from a file or a folder, its format told apart by its content.

The formats are COCO's results and annotations, AlphaPose (COCO's 17 or Halpe's 26 keypoints) and OpenPose (BODY_25 or
COCO's 18) as JSON, and bare arrays as npz, npy or csv. A folder holds OpenPose's files, one for each frame.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.geometry.absent import absent as not_found
from pipeline.predict.keypoints import arrays, exchanged, json_files, layout_of
from pipeline.predict.keypoints.layouts import Layout
from pipeline.predict.keypoints.table import Table, check

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".heic", ".mp4", ".avi", ".mov", ".webm", ".mkv")
CONFIDENCE = 2.0  # the highest in bare arrays: COCO's visibility is up to 2


@dataclass(frozen=True)
class Keypoints:
    """The rows of a file with their layout, and which joints are absent: by their place, or too little confidence."""

    table: Table
    layout: Layout
    why: str  # how the layout was found
    absent: NDArray  # [N, L]

    @property
    def places(self) -> NDArray:
        """[N, L, 2] px."""
        return self.table.values[..., :2]

    @property
    def confidence(self) -> NDArray:
        """[N, L]."""
        return self.table.values[..., 2]


def read(path: Path, layout: str | None = None, least_confidence: float = 0.0) -> Keypoints:
    """Keypoints of a file or folder. `layout` names one of LAYOUTS, against what the file says or its geometry.

    A joint is absent at (0, 0) and the other places of `geometry.absent`, or if its confidence is `least_confidence` or
    less. Raises InputError.
    """
    found = of_table(_folder(path) if path.is_dir() else _file(path), path, layout, least_confidence)
    exchanged.check(found.table, found.absent, path)
    return found


def of_table(table: Table, path: Path, layout: str | None = None, least_confidence: float = 0.0) -> Keypoints:
    """The same from what a reader gives. Raises InputError."""
    check(table, path, CONFIDENCE if table.layout is None else np.inf)
    places, confidence = table.values[..., :2], table.values[..., 2]
    absent = (confidence <= least_confidence) | not_found(places)
    if absent.all():
        raise InputError(f"{path}: every joint is absent: at (0, 0), or of confidence {least_confidence:g} or less")
    if table.layout is not None and layout is None:
        return Keypoints(table, table.layout, "the format says it", absent)
    found, why = layout_of.find(places, absent, layout, path)
    return Keypoints(replace(table, layout=found), found, why, absent)


def _file(path: Path) -> Table:
    try:
        start = path.open("rb").read(6)
        if start.startswith((b"PK", b"\x93NUMPY")):
            return arrays.read_npz(path)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or folder") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_unknown(path)}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not text.lstrip().startswith(("{", "[")):
        return arrays.read_csv(text, path)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from None
    return json_files.read(content, path)


def _folder(path: Path) -> Table:
    """OpenPose's files in a folder, sorted by their names."""
    files = sorted(path.glob("*.json"))
    if not files:
        raise InputError(f"{path}: has no image and no .json file; a folder holds images, or OpenPose's files")
    contents = []
    for file in files:
        try:
            contents.append((file.name, json.loads(file.read_text(encoding="utf-8"))))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{file}: not readable as JSON ({error})") from None
    return json_files.openpose(contents, path)


def _unknown(path: Path) -> str:
    if path.suffix.lower() in PICTURES:
        return "not a readable image or video; convert it to JPEG, PNG, mp4 or WebM"
    return f"not a known format; expected {json_files.KNOWN}, or an npz or csv of keypoints"
