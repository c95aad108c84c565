"""Reads the user's SMPL body, the official pickle or an npz, and executes nothing of it.

The official pickles were written by Python 2. They hold arrays of chumpy, a library that cannot be installed today, and
sparse matrices of scipy. Both are read as data (safe_pickle.py): neither library sees anything of the file before its
numbers have been checked.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.artifacts import InputError
from pipeline.body.model import BodyModel
from pipeline.data import safe_pickle
from pipeline.data.fetch import licensed
from pipeline.data.pickle_stand_ins import Thing
from pipeline.geometry import stature

KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
SHAPE_COUNT = 10  # the first of the file's shape components, which may be 300
LARGEST = 1 << 30  # bytes; SMPL's pickles are below 300 MB
MOST_ENTRIES = 100_000_000  # of a sparse matrix made dense; SMPL's joint regressor has 165,360

ARRAYS = ("chumpy.ch.Ch",)  # state: x, the array
SELECTIONS = ("chumpy.reordering.Select",)  # state: a, what is selected from; idxs; preferred_shape
MATRICES = {
    f"scipy.sparse.{module}.{kind}_matrix": kind for kind in ("csc", "csr") for module in (kind, f"_{kind}")
}  # state: data, indices, indptr, _shape
THINGS = frozenset({*ARRAYS, *SELECTIONS, *MATRICES})


def load(root: Path) -> BodyModel:
    """SMPL from below `root` (data/licensed). Raises InputError: one line says what to get, and where to put it."""
    (path,) = licensed.require("smpl", root)
    try:
        body = BodyModel.from_arrays(read(path), str(path))
        height = body.v_template[:, 1]
        misfit = stature.misfit_of(1000 * float(height.max() - height.min()))
        if misfit:
            raise InputError(f"{path}: v_template: {misfit}; vertices must be in metres, y up")
        return body
    except InputError as error:
        source = licensed.LICENSED["smpl"]
        wanted = 'wanted is the neutral body of "SMPL for Python", not SMPL-H or SMPL-X'
        raise InputError(f"{error} ({wanted}; {source.granted_at})") from None


def read(path: Path) -> dict[str, NDArray]:
    """SMPL's own arrays, all dense; the first ten shape components. Raises InputError with one line naming the file."""
    values = safe_pickle.read(path, KEYS, THINGS) if path.suffix == ".npz" else _read_pickle(path)
    arrays = {}
    for key in KEYS:
        if key not in values:
            raise InputError(f"{path}: {key}: missing, the file is not SMPL's; get it anew")
        try:
            arrays[key] = dense(values[key])
        except (ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
            line = " ".join(str(error).split())
            raise InputError(f"{path}: {key}: {line or type(error).__name__}; get the file anew") from None
    if arrays["shapedirs"].ndim == 3:
        arrays["shapedirs"] = arrays["shapedirs"][:, :, :SHAPE_COUNT]
    return arrays


def _read_pickle(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: {path.stat().st_size >> 20} MB; SMPL's files are smaller, get it anew")
        value = safe_pickle.unpickle(io.BytesIO(path.read_bytes()), THINGS)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; put it there") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    except safe_pickle.MALFORMED as error:
        line = " ".join(str(error).split()) or type(error).__name__
        refused = line.startswith(("names ", "has the instruction "))  # more than data: not for damage alone
        what = f"refused: it {line}" if refused else f"truncated, damaged or no body ({line})"
        raise InputError(f"{path}: {what}; get it anew") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: holds a {type(value).__name__} in place of a body's arrays; get it anew")
    return value


def dense(value: Any) -> NDArray:
    """A plain array from an array, a chumpy array or a sparse matrix; raises ValueError or its like for all else."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise ValueError("holds objects in place of numbers")
        return value
    if not isinstance(value, Thing) or not isinstance(value.state, dict):
        raise ValueError(f"is a {type(value).__name__} in place of an array")
    if value.name in ARRAYS:
        return dense(value.state["x"])
    if value.name in SELECTIONS:
        return _selected(value.state)
    return _matrix(MATRICES[value.name], value.state)


def _selected(state: dict[str, Any]) -> NDArray:
    """chumpy's selection: entries of another array by their flat index, in a shape of its own."""
    chosen = dense(state["a"]).ravel()[dense(state["idxs"])]
    shape = state.get("preferred_shape")
    return chosen if shape is None else chosen.reshape(tuple(int(size) for size in shape))


def _matrix(kind: str, state: dict[str, Any]) -> NDArray:
    """A compressed sparse matrix, made dense after scipy has checked its indices."""
    rows, columns = (int(size) for size in state["_shape"])
    if min(rows, columns) < 0 or math.prod((rows, columns)) > MOST_ENTRIES:
        raise ValueError(f"is a sparse matrix of {rows} x {columns}")
    parts = tuple(dense(state[name]) for name in ("data", "indices", "indptr"))
    make = sparse.csc_array if kind == "csc" else sparse.csr_array
    matrix = make(parts, shape=(rows, columns))
    matrix.check_format(full_check=True)
    return matrix.toarray()
