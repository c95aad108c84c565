"""What a pickle gets for the names that it may use, and how that becomes data in the end (see safe_pickle.py)."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEEPEST = 32  # containers within containers; VideoPose3D's have 4
NUMBER_TYPES = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]{1,9}")
OBJECT_TYPES = ("O", "O4", "O8")


@dataclass(frozen=True)
class Thing:
    """An object of a class that the reader named, as data."""

    name: str  # module.class
    state: Any


Names = Mapping[tuple[str, str], Callable[[], Any]]  # (module, name) -> makes its stand-in


def stand_in(module: str, name: str, things: Collection[str], more: Names) -> Any:
    """The stand-in of a name, made anew for every mention; None for a name that no data need.

    `things` are the classes (module.class) whose objects are wanted as a Thing; `more` are names of other files.
    """
    if (module, name) in more:
        return more[module, name]()
    if f"{module}.{name}" in things:
        return type("_Object", (_Object,), {"__slots__": (), "name": f"{module}.{name}"})
    known = _STAND_INS | _FOR_OBJECTS if things else _STAND_INS
    return StandIn(known[module, name]) if (module, name) in known else None


class StandIn:
    """Can be called and nothing else; made anew for every mention, so that a pickle cannot change it for the next."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("gives a state to a function, which is not data")


class Unfinished:
    """Something that becomes data when the pickle has ended."""

    __slots__ = ()

    def filled(self, deeper: Callable[[Any], Any]) -> Any:
        """The data; `deeper` makes data of a part. Raises UnpicklingError or ValueError."""
        raise NotImplementedError


class _DataType:
    """A data type as `numpy.dtype(code, align, copy)` and its state describe it: plain ones without fields only."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not (code in OBJECT_TYPES or NUMBER_TYPES.fullmatch(code)):
            raise pickle.UnpicklingError(f"has the data type {code!r}, which is no plain one")
        self.code, self.order = code, "|"

    def __setstate__(self, state: Any) -> None:
        _, order, subtype, names, fields, *_ = state
        if order not in ("<", ">", "=", "|") or (subtype, names, fields) != (None, None, None):
            raise pickle.UnpicklingError("has a data type with fields; only plain ones are read")
        self.order = order

    @property
    def is_object(self) -> bool:
        return self.code in OBJECT_TYPES

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _Array(Unfinished):
    """An array as `_reconstruct` begins it and its state fills it: numbers at once, objects in the end."""

    __slots__ = ("objects", "shape", "values")

    def __init__(self, kind: Any, *_: Any) -> None:
        if not isinstance(kind, StandIn) or kind._make is not _no_array:
            raise pickle.UnpicklingError("rebuilds something that is no numpy.ndarray")
        self.values: NDArray[Any] | None = None
        self.objects: list[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, data_type, fortran, content = state
        if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise pickle.UnpicklingError("has an array whose shape is no tuple of sizes")
        if not isinstance(data_type, _DataType):
            raise pickle.UnpicklingError("has an array without a data type")
        self.shape = shape
        if data_type.is_object:
            if not isinstance(content, list) or len(content) != math.prod(shape):
                raise pickle.UnpicklingError(f"has an array of shape {shape} with other content")
            self.objects = content
            return
        values = np.frombuffer(_bytes(content), dtype=data_type.numpy())
        self.values = values.reshape(shape, order="F" if fortran else "C")

    def filled(self, deeper: Callable[[Any], Any]) -> NDArray[Any]:
        if self.values is not None:
            return self.values
        if self.objects is None:
            raise pickle.UnpicklingError("has an array without content")
        values = np.empty(len(self.objects), dtype=object)
        for index, entry in enumerate(self.objects):
            values[index] = deeper(entry)
        return values.reshape(self.shape)  # numpy lists objects row by row, whatever the order in memory


class _FromBuffer(Unfinished):
    """An array as protocol 5 makes it: its bytes at once, and in which order of axes they are."""

    __slots__ = ("array",)

    def __init__(self, content: Any, data_type: Any, shape: Any, order: Any, axes: Any = None) -> None:
        array = _Array(StandIn(_no_array))
        array.__setstate__((1, shape, data_type, order == "F", content))
        if array.values is None or order not in ("C", "F", "K"):
            raise pickle.UnpicklingError("has an array whose numbers are not in a buffer, or in an unknown order")
        self.array = array.values
        if order == "K" and axes is not None:
            if not isinstance(axes, tuple) or sorted(axes) != list(range(len(shape))):
                raise pickle.UnpicklingError("has an array whose axes are in no order")
            self.array = self.array.transpose(axes)

    def filled(self, deeper: Callable[[Any], Any]) -> NDArray[Any]:
        return self.array


class _Object:
    """An object of a class that the reader named. Pickle must have a class to make it of: a new one every time."""

    __slots__ = ("state",)
    name = ""

    def __new__(cls) -> _Object:
        made = super().__new__(cls)
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _reconstructed(kind: Any, base: Any, state: Any) -> _Object:
    """How protocols below 2 make an object."""
    plain = isinstance(base, StandIn) and base._make is _no_object and state is None
    if not (plain and isinstance(kind, type) and issubclass(kind, _Object)):
        raise pickle.UnpicklingError("rebuilds something that is no plain object")
    return kind()


def _no_object(*_: Any) -> Any:
    raise pickle.UnpicklingError("calls object, which data do not need")


def _list(entries: Any = ()) -> list[Any]:
    if not isinstance(entries, list | tuple):
        raise pickle.UnpicklingError("makes a set of something that is no list")
    return list(entries)


def _bytes(content: Any) -> bytes:
    if isinstance(content, str):  # in Python 2 bytes and text were one type
        return content.encode("latin1")
    if not isinstance(content, bytes | bytearray):
        raise pickle.UnpicklingError("has numbers whose content is not bytes")
    return bytes(content)


def _scalar(data_type: Any, content: Any) -> Any:
    if not isinstance(data_type, _DataType) or data_type.is_object:
        raise pickle.UnpicklingError("has a scalar without a plain data type")
    (value,) = np.frombuffer(_bytes(content), dtype=data_type.numpy())
    return value.item()  # Python's own: numpy's scalars take a state, too


def _encoded(text: Any, encoding: Any) -> bytes:
    """How protocols below 3 spell bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError(f"calls _codecs.encode for {encoding!r}; bytes are latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _no_array(*_: Any) -> Any:
    raise pickle.UnpicklingError("calls numpy.ndarray, which data do not need")


_STAND_INS: dict[tuple[str, str], Callable[..., Any]] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _FromBuffer for core in ("core", "_core")},
    ("numpy", "ndarray"): _no_array,
    ("numpy", "dtype"): _DataType,
    ("_codecs", "encode"): _encoded,
    **{(module, "bytes"): _no_bytes for module in ("builtins", "__builtin__")},
}

_FOR_OBJECTS: dict[tuple[str, str], Callable[..., Any]] = {
    **{(module, "_reconstructor"): _reconstructed for module in ("copy_reg", "copyreg")},
    **{(module, "object"): _no_object for module in ("builtins", "__builtin__")},
    **{(module, "set"): _list for module in ("builtins", "__builtin__")},
}


# --- from stand-ins to data -------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """What an unpickler made with these stand-ins, with arrays and Things in their place. Raises UnpicklingError."""
    return _plain(value, {}, DEEPEST)


def _plain(value: Any, done: dict[int, tuple[Any, Any]], depth: int) -> Any:
    """The same for a part of it.

    `done` maps the identity of each object to the object and its result. So what a pickle mentions twice is made once,
    and no identity is used again before the end.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return value
    if id(value) in done:
        return done[id(value)][1]
    if depth == 0:
        raise pickle.UnpicklingError(f"nests more than {DEEPEST} containers")

    def deeper(entry: Any) -> Any:
        return _plain(entry, done, depth - 1)

    result: Any
    if isinstance(value, dict):
        result = {_key(key): deeper(entry) for key, entry in dict.items(value)}
    elif isinstance(value, list | tuple):
        result = type(value)(deeper(entry) for entry in value)
    elif isinstance(value, set):
        result = [deeper(entry) for entry in value]
    elif isinstance(value, _Object):
        result = Thing(value.name, deeper(value.state))
    elif isinstance(value, Unfinished):
        result = value.filled(deeper)
    else:
        raise pickle.UnpicklingError(f"holds a {type(value).__name__.strip('_')} in place of data")
    done[id(value)] = value, result
    return result


def _key(key: Any) -> Any:
    if not isinstance(key, str | bytes | bool | int | float):
        raise pickle.UnpicklingError(f"has a {type(key).__name__.strip('_')} for a key")
    return key
