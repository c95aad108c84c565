"""Reading and writing of the stages' files. A file is written completely or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class InputError(Exception):
    """Invalid input from the user. The message is one line with the file, the field and the remedy."""


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` only if the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    part.chmod(0o644)  # mkstemp sets 600, which other users could not read
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: the old folder at `path` is removed only when the new one is complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    part.chmod(0o755)
    try:
        yield part
        old = part.with_suffix(".old")
        if path.exists():
            path.replace(old)  # if the process is killed now, there is no folder at `path`, but never half a folder
        part.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a fixed layout; NaN and infinity are refused, because they are not JSON."""
    write_text(path, as_json(value))


def as_json(value: Any) -> str:
    """The text that `write_json` writes."""
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); delete it and run its stage again") from None


def read_model(path: Path, kind: type[Model], remedy: str) -> Model:
    """A JSON file as its pydantic model. Raises InputError naming file, field and remedy."""
    try:
        return kind.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        problem = "is missing" if first["type"] == "missing" else first["msg"].lower()
        raise InputError(f"{path}: {f'{field}: ' if field else ''}{problem}; {remedy}") from None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an uncompressed npz, which can be mapped into memory. Equal arrays give equal bytes."""
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)  # numpy dates every member 1980, so the bytes do not change


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an npz into memory. Pickled members are refused and never executed."""
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array, not an archive of arrays")
        with arrays:
            members = {name: arrays[name] for name in arrays.files}
        for name, member in members.items():
            if not isinstance(member, np.ndarray):  # numpy returns other members as bytes
                raise ValueError(f"{name} is no array")
        return members
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: not a readable npz of plain arrays ({error}); delete it and run its stage again"
        ) from None


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """Map an npz that `write_arrays` wrote: the parts of an array that are used are read from the disk.

    The mapping is private (copy on write), so changes to an array do not reach the file.
    """
    try:
        with zipfile.ZipFile(path) as archive, Path(path).open("rb") as file:
            return {info.filename.removesuffix(".npy"): _map(path, file, info) for info in archive.infolist()}
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: not a readable npz of plain arrays ({error}); delete it and run its stage again"
        ) from None


def _map(path: Path, file: BinaryIO, info: zipfile.ZipInfo) -> np.ndarray:
    """One member of an npz. Its uncompressed data follow the zip's local header and numpy's header."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) != 30 or header[:4] != b"PK\x03\x04":
        raise ValueError(f"{info.filename} is not where the archive says")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), os.SEEK_CUR)
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = read_header[version](file)
    if dtype.hasobject:
        raise ValueError(f"{info.filename} is no plain array")
    if not math.prod(shape):
        return np.empty(shape, dtype)  # nothing to map
    return np.memmap(path, dtype, mode="c", offset=file.tell(), shape=shape, order="F" if fortran else "C")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
