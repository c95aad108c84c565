"""Bare arrays of keypoints: npz, npy and csv with [frames, joints, 2 or 3] or [frames, people, joints, 2 or 3]."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.predict.keypoints.layouts import LAYOUTS
from pipeline.predict.keypoints.table import Table, with_confidence
from pipeline.user_files import NPY, read_users_array, read_users_arrays, require_size, starts_with

SHAPES = "[frames, joints, 2 or 3] or [frames, people, joints, 2 or 3]"
SAVE = "save the keypoints with np.savez(FILE, keypoints=...)"
REMEDY = "`python -m pipeline predict --help` has the formats"
SCORES = ("scores", "keypoint_scores", "confidence")
LARGEST_FILE = 256 << 20  # bytes: a million poses
LARGEST = 1e15  # of a frame or a person: beyond, float64 has no whole numbers
WHOLE = ("frame", "person")
COUNT = "count frames 0, 1, 2, ... and people alike"
OF_A_ROW = ("image", "frame", "person", "width", "height")  # columns of a csv that are no keypoints


def read_npz(path: Path) -> Table:
    """The one array of keypoints in an npz or npy. Pickled members are refused and never executed."""
    arrays = _load(path)
    fitting = [name for name, array in arrays.items() if array.ndim in (3, 4) and array.shape[-1] in (2, 3)]
    if not fitting:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items()) or "nothing"
        raise InputError(f"{path}: no array {SHAPES}; it has {shapes}")
    if not arrays[fitting[0]].size:
        raise InputError(f"{path}: {fitting[0]}: {list(arrays[fitting[0]].shape)}, which holds no keypoints")
    if len(fitting) > 1:
        raise InputError(f"{path}: several arrays could be the keypoints ({', '.join(fitting)}); keep one of them")
    values = _numeric(arrays[fitting[0]], path, fitting[0])
    scores = next((arrays[name] for name in SCORES if name in arrays), None)
    if scores is not None and values.shape[-1] == 2:
        if scores.shape != values.shape[:-1]:
            raise InputError(f"{path}: scores {list(scores.shape)} do not go with {fitting[0]} {list(values.shape)}")
        values = np.concatenate((values, _numeric(scores, path, "scores")[..., None]), axis=-1)
    if values.ndim == 3:
        values = values[:, None]
    frames, people = values.shape[:2]
    frame, person = (grid.ravel() for grid in np.meshgrid(np.arange(frames), np.arange(people), indexing="ij"))
    return Table(
        values=with_confidence(values.reshape(-1, *values.shape[2:])),
        images=tuple(f"frame {index}" for index in frame),
        frame=frame,
        person=person,
        size=np.tile(_size(arrays, path), (len(frame), 1)),
        source="an array",
        sequence=True,
    )


def _load(path: Path) -> dict[str, NDArray]:
    require_size(path, LARGEST_FILE, SAVE)
    if starts_with(path, NPY, SAVE):
        return {"the array": read_users_array(path, SAVE)}
    return read_users_arrays(path, SAVE)


def _numeric(array: NDArray, path: Path, name: str) -> NDArray:
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: {name}: has {array.dtype}, which are no numbers")
    return array.astype(np.float64)


def _size(arrays: Mapping[str, NDArray], path: Path) -> NDArray:
    """Width and height that the file has as `image_size`, or as `width` and `height`; else NaN."""
    found = arrays.get("image_size")
    if found is None and "width" in arrays and "height" in arrays:
        found = np.array([arrays["width"], arrays["height"]])
    if found is None:
        return np.full(2, np.nan)
    if found.size != 2 or found.dtype.kind not in "iuf" or not (found.ravel() > 0).all():
        raise InputError(f"{path}: image_size: expected width and height in pixels, found {found.tolist()}")
    return found.ravel().astype(np.float64)


def read_csv(text: str, path: Path) -> Table:
    """A row for each frame, or for each person in it: x and y, or x, y and confidence, of every joint.

    A first row of names is optional. Columns named as in OF_A_ROW are taken out; the others are keypoints in order.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:  # such as a text of one line
        raise InputError(f"{path}: neither JSON nor npz, and not readable as csv ({error}); {REMEDY}") from None
    if not rows:
        raise InputError(f"{path}: empty; give a file with keypoints")
    header = [] if _are_numbers(rows[0]) else [name.strip().lower() for name in rows[0]]
    body = rows[1:] if header else rows
    columns = {name: header.index(name) for name in OF_A_ROW if name in header}
    chosen = [index for index in range(len(rows[0])) if index not in columns.values()]
    joints, each = _shape(len(chosen), path)
    for number, row in enumerate(body, 2 if header else 1):
        if len(row) != len(rows[0]) or not _are_numbers([row[index] for index in chosen]):
            raise InputError(f"{path}: line {number}: expected {len(chosen)} numbers for the keypoints")
    values = np.array([[float(row[index]) for index in chosen] for row in body]).reshape(len(body), joints, each)
    frame = _column(body, columns, "frame", np.arange(len(body)), path)
    size = [_column(body, columns, name, np.full(len(body), np.nan), path) for name in ("width", "height")]
    return Table(
        values=with_confidence(values),
        images=_names(body, columns, frame),
        frame=frame.astype(int),
        person=_column(body, columns, "person", np.zeros(len(body)), path).astype(int),
        size=np.stack(size, axis=-1),
        source="csv",
        sequence=True,
    )


def _names(body: list[list[str]], columns: Mapping[str, int], frame: NDArray) -> tuple[str, ...]:
    if "image" in columns:
        return tuple(row[columns["image"]] for row in body)
    return tuple(f"frame {int(number)}" for number in frame)


def _shape(columns: int, path: Path) -> tuple[int, int]:
    """How many joints, and numbers of each joint, a row with so many columns has; no two layouts share a number."""
    for count in sorted({layout.count for layout in LAYOUTS.values()}):
        for each in (2, 3):
            if columns == count * each:
                return count, each
    if columns in (6, 9):
        raise InputError(f"{path}: has {columns // 3 if columns == 9 else 3} joints; at least 17 are needed")
    raise InputError(
        f"{path}: not a known format: no JSON, no npz, and as csv it has {columns} columns, not 34 (17 joints, x and "
        f"y) or 51 (x, y and confidence); {REMEDY}"
    )


def _are_numbers(row: list[str]) -> bool:
    try:
        [float(value) for value in row]
    except ValueError:
        return False
    return True


def _column(body: list[list[str]], columns: Mapping[str, int], name: str, otherwise: NDArray, path: Path) -> NDArray:
    if name not in columns:
        return otherwise
    values = [row[columns[name]] for row in body]
    if not _are_numbers(values):
        raise InputError(f"{path}: column {name}: expected numbers")
    found = np.array([float(value) for value in values])
    if not (np.abs(found) <= LARGEST).all():  # NaN too
        raise InputError(f"{path}: column {name}: expected numbers up to {LARGEST:.0e}")
    if name in WHOLE and (found % 1).any():
        raise InputError(f"{path}: column {name}: expected whole numbers, found {found[found % 1 != 0][0]:g}; {COUNT}")
    return found
