"""The authors' checkpoint files of 2018 to 2020, in either of torch's formats, written by Python 2 or 3.

They are read as data (pipeline/data/safe_pickle.py): torch, numpy and pickle execute nothing that a file says. torch's
own restricted reader refuses these files, because they hold numpy scalars (an error, a learning curve), and because
SemGCN's authors used Python 2.7, whose pickles have instructions of their own.

A file holds a pickle, and the numbers of its tensors beside it:

- since torch 1.6: a zip with `<folder>/data.pkl` and one member `<folder>/data/<key>` per storage;
- before: five pickles one after the other (magic number, protocol, machine, content, keys of the storages), then each
  storage as its number of elements (8 bytes) and its elements.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.data import safe_pickle
from pipeline.data.pickle_stand_ins import Names, StandIn, Unfinished, plain
from pipeline.training.errors import CheckpointError

ZIP = b"PK\x03\x04"
MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
REMEDY = "fetch it again"


def load(path: Path) -> dict[str, Any]:
    """Tensors, plain values and containers of a file that torch.save wrote; numpy's scalars become plain numbers.

    Any other class is refused by its name. Raises CheckpointError with one line.
    """
    try:
        data = path.read_bytes()
        content = _read_zip(data) if data.startswith(ZIP) else _read_old(data)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; give the path of the file that the authors released") from None
    except (*safe_pickle.MALFORMED, *safe_pickle.DAMAGE, RuntimeError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        if what.startswith("names "):
            trusted = "where it is trusted, save its `state_dict` alone, and take that file"
            raise CheckpointError(f"{path}: refused: it {what}; {trusted}") from None
        raise CheckpointError(f"{path}: not a readable checkpoint ({what}); {REMEDY}") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary of tensors and values, found {type(content).__name__}")
    return content


def _read_zip(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("the archive is compressed, which torch's are not")
        (member,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = member.removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("the numbers are big-endian")
        storages: dict[str, _Storage] = {}
        content = _content(io.BytesIO(archive.read(member)), storages)
        for key, storage in storages.items():
            storage.fill(archive.read(f"{folder}data/{key}"))
        return plain(content)


def _read_old(data: bytes) -> Any:
    stream = io.BytesIO(data)
    if safe_pickle.unpickle(stream) != MAGIC:
        raise ValueError("torch's magic number is missing")
    safe_pickle.unpickle(stream)  # protocol
    if not safe_pickle.unpickle(stream).get("little_endian"):
        raise ValueError("the numbers are big-endian")
    storages: dict[str, _Storage] = {}
    content = _content(stream, storages)
    for key in safe_pickle.unpickle(stream):
        count = int.from_bytes(stream.read(8), "little")
        storages[key].fill(stream.read(count * storages[key].dtype.itemsize))
    return plain(content)


def _content(stream: io.BytesIO, storages: dict[str, _Storage]) -> Any:
    """The main pickle. The storages that it mentions are added by their keys."""

    def storage(identity: Any) -> _Storage:
        kind, type_, key, *_ = identity
        if kind != "storage" or not isinstance(type_, _StorageType) or not isinstance(key, str):
            raise pickle.UnpicklingError("asks for something that is no storage of a tensor")
        return storages.setdefault(key, _Storage(type_.dtype))

    return safe_pickle.load(stream, names=NAMES, persistent=storage)


# --- stand-ins for torch's names --------------------------------------------------------------------------------------


class _Fixed:
    """Takes no state from a pickle."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("gives a state to something that has none")


class _StorageType(_Fixed):
    __slots__ = ("dtype",)

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype


class _Storage(_Fixed):
    """The numbers that tensors are views of."""

    __slots__ = ("dtype", "numbers")

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype, self.numbers = dtype, torch.empty(0, dtype=dtype)

    def fill(self, raw: bytes) -> None:
        if len(raw) >= self.dtype.itemsize:
            self.numbers = torch.frombuffer(bytearray(raw), dtype=self.dtype, count=len(raw) // self.dtype.itemsize)


class _StateDict(dict[Any, Any]):
    """Stands for OrderedDict. Its state, torch's versions of modules, is dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        pass


@dataclass(frozen=True)
class _View(_Fixed, Unfinished):
    """A tensor: a view of a storage."""

    storage: Any
    offset: Any
    size: Any
    stride: Any

    def filled(self, deeper: Any) -> Tensor:
        if not isinstance(self.storage, _Storage) or not all(
            map(_are_counts, (self.size, self.stride, (self.offset,)))
        ):
            raise pickle.UnpicklingError("has a tensor that is no view of a storage")
        count = len(self.storage.numbers)
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.size, self.stride, strict=True))
        if not math.prod(self.size):
            return torch.empty(self.size, dtype=self.storage.dtype)
        if last >= count or math.prod(self.size) > count:
            raise pickle.UnpicklingError(f"has a tensor of {last + 1} numbers or more in a storage of {count}")
        return self.storage.numbers.as_strided(self.size, self.stride, self.offset)


def _are_counts(values: Any) -> bool:
    return isinstance(values, tuple) and all(type(value) is int and value >= 0 for value in values)


def _view(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _View:
    return _View(storage, offset, size, stride)


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _state_dict(entries: Any = ()) -> _StateDict:
    return _StateDict(entries)


NAMES: Names = {
    ("collections", "OrderedDict"): partial(StandIn, _state_dict),
    ("torch._utils", "_rebuild_tensor"): partial(StandIn, _view),
    ("torch._utils", "_rebuild_tensor_v2"): partial(StandIn, _view),
    ("torch._utils", "_rebuild_parameter"): partial(StandIn, _parameter),
    **{("torch", name): partial(_StorageType, dtype) for name, dtype in STORAGES.items()},
}
