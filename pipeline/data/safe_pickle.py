"""Reads other people's pickles as data and executes nothing of them: members of an npz, SMPL's files, checkpoints.

A pickle is a small program that may call whatever it names. Here it may name numpy's array, data type and scalar, and
the bytes that old protocols write as a call. It gets a stand-in for each, which only notes what to build
(pickle_stand_ins.py). The stand-ins become arrays when the program has ended, so that not even numpy's own
`__setstate__`, which trusts what it is given, sees anything of the pickle. Any other name, and every instruction that
data do not need, is refused before it is carried out.

A reader that knows its files may allow more names. SMPL's files hold objects of chumpy and scipy: they come out as a
`Thing`, the class's name with the state that the pickle gives it, and no such class is imported. The authors'
checkpoints name torch's functions, for which authors/old_formats.py has stand-ins.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from pipeline.artifacts import InputError
from pipeline.data.pickle_stand_ins import Names, plain, stand_in

LARGEST = 8 << 30  # bytes of a member; Human3.6M's own are below 1 GB
NEWEST = 5  # protocol
REMEDY = "get the file again from where it was published"

# Of the instructions of protocols 0 to 5: what asks the reader for an object, what looks one up in a registry of the
# process, what makes one otherwise than by REDUCE and BUILD, sets, which no array needs, buffers outside the pickle.
REFUSED = frozenset(
    {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
    | {"EMPTY_SET", "ADDITEMS", "FROZENSET", "NEXT_BUFFER", "READONLY_BUFFER"}
)
OBJECTS_NEED = frozenset({"NEWOBJ", "EMPTY_SET", "ADDITEMS"})  # allowed where a reader adds names
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, MemoryError),
    *(tokenize.TokenError, SyntaxError, TypeError, RecursionError, OverflowError),  # of numpy's reader of headers
)
MALFORMED = (
    *(pickle.UnpicklingError, ValueError, TypeError, AttributeError, LookupError, EOFError, OverflowError),
    *(MemoryError, RecursionError),
)


def read(path: Path, names: Sequence[str], things: Collection[str] = ()) -> dict[str, Any]:
    """The members of an npz by name: arrays, or the dictionaries, lists, text and numbers that they wrap.

    `things` are the classes (module.class) whose objects are wanted as data. An object array without dimensions, which
    is how `np.savez` keeps a dictionary, becomes what it holds. Arrays may be read-only. Raises InputError, one line
    naming the file and the member, for a file that is missing, truncated or damaged, for a missing member, and for a
    pickle that holds anything but data; the line says what the pickle names.
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
    """The data of the pickle at the stream's position. Raises one of MALFORMED, most likely UnpicklingError.

    Objects of the classes in `things` become a Thing; sets, which such objects may have in their state, become lists.
    Python 2's strings become text by Latin-1, as they do with `np.load(encoding="latin1")`.
    """
    return plain(load(stream, things))


def load(
    stream: io.BytesIO,
    things: Collection[str] = (),
    names: Names = MappingProxyType({}),
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """What the pickle makes of stand-ins; `pickle_stand_ins.plain` makes data of it. The stream is then behind it.

    `names` are further names that the pickle may use. `persistent` gives the objects that torch's files keep outside
    the pickle. Raises as `unpickle` does.
    """
    start = stream.tell()
    refused = REFUSED - (OBJECTS_NEED if things or names else set()) - ({"BINPERSID"} if persistent else set())
    # First read the instructions without carrying them out: the unpickler itself would look extension codes up in a
    # registry of the process.
    for instruction, _, _ in pickletools.genops(stream):
        if instruction.name in refused or instruction.proto > NEWEST:
            raise pickle.UnpicklingError(f"has the instruction {instruction.name}, which data do not need")
    stream.seek(start)
    return _DataUnpickler(stream, things, names, persistent).load()


class _DataUnpickler(pickle.Unpickler):
    def __init__(
        self, stream: io.BytesIO, things: Collection[str], names: Names, persistent: Callable[[Any], Any] | None
    ) -> None:
        super().__init__(stream, encoding="latin1")
        self._things, self._names, self._persistent = things, names, persistent

    def persistent_load(self, identity: Any) -> Any:
        if self._persistent is None:
            raise pickle.UnpicklingError("asks for an object outside the pickle, which data do not need")
        return self._persistent(identity)

    def find_class(self, module: str, name: str) -> Any:
        made = stand_in(module, name, self._things, self._names)
        if made is None:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is not data, and was not executed")
        return made
