"""Reads the pickled members of an npz, such as VideoPose3D's dictionaries of arrays, and runs nothing of them.

A pickle is a little program that may call whatever it names. Here it may name seven things, and gets none of them but
a stand-in that notes what to build: numpy's array, data type and scalar, and the bytes that old protocols spell as a
call. The stand-ins become arrays when the program has ended, by code of this file, so that not even numpy's own
`__setstate__` (which believes what it is told of memory) sees anything of the pickle. Any other name, and every
instruction that data do not need, is refused before it is carried out.

A reader that knows a file's classes (SMPL's holds chumpy arrays and scipy's sparse matrices) may name them: their
objects come out as a `Thing`, the class's name with the state that the pickle gives it, and no such class is imported.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError

LARGEST = 8 << 30  # bytes of a member; Human3.6M's own are below 1 GB
DEEPEST = 32  # containers within containers; VideoPose3D's have 4
REMEDY = "get the file again from where it was published"

# Of the instructions of protocols 0 to 4: what asks the reader for an object, what looks one up in a registry of the
# process, what makes one otherwise than by REDUCE and BUILD, and sets, which no array needs.
REFUSED = frozenset(
    {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
    | {"EMPTY_SET", "ADDITEMS", "FROZENSET"}
)
OBJECTS_NEED = frozenset({"NEWOBJ", "EMPTY_SET", "ADDITEMS"})  # allowed where a reader names classes
NUMBER_TYPES = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]{1,9}")
OBJECT_TYPES = ("O", "O4", "O8")
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, MemoryError)
MALFORMED = (
    *(pickle.UnpicklingError, ValueError, TypeError, AttributeError, LookupError, EOFError, OverflowError),
    *(MemoryError, RecursionError),
)


@dataclass(frozen=True)
class Thing:
    """An object of a class that the reader named, as data."""

    name: str  # module.class
    state: Any


def read(path: Path, names: Sequence[str], things: Collection[str] = ()) -> dict[str, Any]:
    """The members of an npz by name: arrays, or the dictionaries, lists, text and numbers that they wrap.

    `things` are the classes (module.class) whose objects are wanted as data. An object array without dimensions, which
    is how `np.savez` keeps a dictionary, becomes what it holds. Arrays may be read-only. Raises InputError, one line
    naming file and member, for a file that is missing, truncated or damaged, a member that is not there, and a pickle
    that is anything but data; it says what that one names.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            held = [name.removesuffix(".npy") for name in archive.namelist()]
            for name in names:
                if name not in held:
                    raise InputError(f"{path}: {name} is missing, it holds {', '.join(held) or 'nothing'}; {REMEDY}")
            return {name: _member(archive.getinfo(f"{name}.npy"), archive, path, things) for name in names}
    except FileNotFoundError:
        raise InputError(f"{path}: missing; put it there") from None
    except KeyError as error:
        raise InputError(f"{path}: {_line(error)}; {REMEDY}") from None
    except DAMAGE as error:
        raise InputError(f"{path}: truncated or damaged ({_line(error)}); {REMEDY}") from None
    except RuntimeError as error:  # zipfile's word for a password
        raise InputError(f"{path}: {_line(error)}; unpack it and pack it again without one") from None


def _member(entry: zipfile.ZipInfo, archive: zipfile.ZipFile, path: Path, things: Collection[str]) -> Any:
    """One member; zipfile compares its check sum."""
    if entry.file_size > LARGEST:
        raise InputError(f"{path}: {entry.filename} claims {entry.file_size >> 30} GB; {REMEDY}")
    stream = io.BytesIO(archive.read(entry))
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise InputError(f"{path}: {entry.filename} is npy of version {version}, which can't be read here; {REMEDY}")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, data_type = header(stream)
    if not data_type.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    try:
        value = unpickle(stream, things)
        if not isinstance(value, np.ndarray) or value.dtype != object or value.shape != shape:
            raise pickle.UnpicklingError("holds another array than its header says")
    except MALFORMED as error:
        raise InputError(f"{path}: {entry.filename} {_line(error)}; {REMEDY}") from None
    return value.item() if shape == () else value


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def unpickle(stream: io.BytesIO, things: Collection[str] = ()) -> Any:
    """The data of the pickle that begins where the stream stands; raises one of MALFORMED, most likely UnpicklingError.

    Objects of the classes in `things` become a Thing; sets, which such objects may have in their state, become lists.
    Python 2's strings become text by Latin-1, as they do with `np.load(encoding="latin1")`.
    """
    start = stream.tell()
    refused = REFUSED - OBJECTS_NEED if things else REFUSED
    # A first reading without obeying: the unpickler itself would take extension codes from a registry of the process.
    for instruction, _, _ in pickletools.genops(stream):
        if instruction.name in refused or instruction.proto > 4:
            raise pickle.UnpicklingError(f"has the instruction {instruction.name}, which data do not need")
    stream.seek(start)
    return _plain(_DataUnpickler(stream, things).load(), {}, DEEPEST)


class _DataUnpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, things: Collection[str]) -> None:
        super().__init__(stream, encoding="latin1")
        self._things = things

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" in self._things:
            return type("_Object", (_Object,), {"__slots__": (), "name": f"{module}.{name}"})
        if self._things and (module, name) in _FOR_OBJECTS:
            return _StandIn(_FOR_OBJECTS[module, name])
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is not data, and was not executed")
        return _StandIn(_STAND_INS[module, name])


# --- stand-ins: what a pickle gets for the names it may use -----------------------------------------------------------


class _StandIn:
    """Can be called and nothing else; made anew for every mention, so that a pickle cannot change it for the next."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("gives a state to a function, which is not data")


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


class _Array:
    """An array as `_reconstruct` begins it and its state fills it: numbers at once, objects in the end."""

    __slots__ = ("objects", "shape", "values")

    def __init__(self, kind: Any, *_: Any) -> None:
        if not isinstance(kind, _StandIn) or kind._make is not _no_array:
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
    plain = isinstance(base, _StandIn) and base._make is _no_object and state is None
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
    if isinstance(content, str):  # Python 2 did not tell bytes from text
        return content.encode("latin1")
    if not isinstance(content, bytes):
        raise pickle.UnpicklingError("has numbers whose content is not bytes")
    return content


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


def _plain(value: Any, done: dict[int, tuple[Any, Any]], depth: int) -> Any:
    """The value with arrays in place of their stand-ins.

    `done` maps the identity of what was met to itself and its result: so what a pickle repeats is made once, however
    often it is mentioned, and identities stay in use until the end.
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
        result = {_key(key): deeper(entry) for key, entry in value.items()}
    elif isinstance(value, list | tuple):
        result = type(value)(deeper(entry) for entry in value)
    elif isinstance(value, set):
        result = [deeper(entry) for entry in value]
    elif isinstance(value, _Object):
        result = Thing(value.name, deeper(value.state))
    elif isinstance(value, _Array):
        result = value.filled(deeper)
    else:
        raise pickle.UnpicklingError(f"holds a {type(value).__name__.strip('_')} in place of data")
    done[id(value)] = value, result
    return result


def _key(key: Any) -> Any:
    if not isinstance(key, str | bytes | bool | int | float):
        raise pickle.UnpicklingError(f"has a {type(key).__name__.strip('_')} for a key")
    return key
