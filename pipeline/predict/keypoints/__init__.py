"""Keypoints from a file or a folder, its format told apart by its content.

The formats are COCO's results and annotations, AlphaPose (COCO's 17 or Halpe's 26 keypoints) and OpenPose (BODY_25 or
COCO's 18) as JSON, and bare arrays as npz, npy or csv. A folder holds OpenPose's files, one for each frame.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.geometry.absent import absent as not_found
from pipeline.predict.keypoints import arrays, exchanged, json_files, layout_of
from pipeline.predict.keypoints.layouts import Layout
from pipeline.predict.keypoints.table import Table, check
from pipeline.user_files import require_file, require_size

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".heic", ".mp4", ".avi", ".mov", ".webm", ".mkv")
WAY = "give that file to `predict`"
LARGEST_TEXT = 256 << 20  # bytes: parsed, JSON takes several times its size
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
    require_file(path, WAY)
    try:
        start = path.open("rb").read(6)
        if start.startswith((b"PK", b"\x93NUMPY")):
            return arrays.read_npz(path)
        require_size(path, LARGEST_TEXT, WAY)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or folder") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_unknown(path)}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not text.lstrip().startswith(("{", "[")):
        return arrays.read_csv(text, path)
    return json_files.read(_parsed(text, path), path)


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise InputError(f"{path}: not readable as JSON ({error})") from None


def _folder(path: Path) -> Table:
    """OpenPose's files in a folder, in the order of the numbers in their names."""
    files = sorted(path.glob("*.json"), key=_in_order)
    if not files:
        raise InputError(f"{path}: has no image and no .json file; a folder holds images, or OpenPose's files")
    contents = []
    for file in files:
        require_size(file, LARGEST_TEXT, WAY)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{file}: not readable as JSON ({error})") from None
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror}); take it out of the folder") from None
        contents.append((file.name, _parsed(text, file)))
    return json_files.openpose(contents, path)


def _in_order(file: Path) -> list[tuple[int, str]]:
    """Sorts numbers in names by their value: frame_9 comes before frame_10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,400})", file.name)]


def _unknown(path: Path) -> str:
    if path.suffix.lower() in PICTURES:
        return "not a readable image or video; convert it to JPEG, PNG, mp4 or WebM"
    return f"not a known format; expected {json_files.KNOWN}, or an npz or csv of keypoints"
