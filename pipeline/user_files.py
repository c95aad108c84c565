"""Files that a user brings or asks for. No stage can make them again, so no message says to delete one.

A message about a file of the pipeline's own (artifacts.py) may: its stage writes it again.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np

from pipeline.artifacts import InputError, read_arrays

LARGEST = 2 << 30  # bytes of arrays
NPY = b"\x93NUMPY"


def require_file(path: Path, remedy: str) -> None:
    """Refuse a named pipe or a device: reading it could wait, or go on, for ever. What is not there is left to others.

    Raises InputError, one line with the file.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: a pipe or a device; save what comes from it as a file; {remedy}")


def require_name(path: Path) -> None:
    """Refuse a name that is no Unicode, as files from old archives have; no text can hold it. Raises InputError."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = str(path).encode(errors="backslashreplace").decode()
        raise InputError(f"{shown}: its name is not UTF-8; rename it") from None


def require_size(path: Path, largest: int, remedy: str) -> None:
    """Refuse a file that is larger, or an archive that claims to be once it is unpacked. Raises InputError."""
    require_file(path, remedy)
    try:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(entry.file_size for entry in archive.infolist()))
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return  # whoever reads it says what is wrong
    if size > largest:
        raise InputError(f"{path}: {size >> 20:,} MB, and {largest >> 20} MB are read at most; split it; {remedy}")


def read_users_arrays(path: Path, remedy: str) -> dict[str, np.ndarray]:
    """The arrays of an npz by name. Nothing in the file is executed.

    Raises InputError, one line with the file; `remedy` says how to save such a file.
    """
    if not starts_with(path, b"PK", remedy):
        what = "one array without a name (npy)" if starts_with(path, NPY, remedy) else "no npz"
        raise InputError(f"{path}: {what}; {remedy}")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST:
            raise InputError(f"{path}: claims {size >> 30} GB of arrays, more than is read here; {remedy}")
        return read_arrays(path)
    except InputError as error:
        cause = error.__context__
        if cause is None:
            raise
        raise InputError(f"{path}: {_what(cause)}; {remedy}") from None
    except Exception as error:  # zipfile and numpy trust their files, so anything may come of a damaged one
        raise InputError(f"{path}: {_what(error)}; {remedy}") from None


def read_users_array(path: Path, remedy: str) -> np.ndarray:
    """The array of an npy; otherwise as `read_users_arrays`."""
    try:
        array: np.ndarray = np.load(path, allow_pickle=False)
        return array
    except Exception as error:  # as above
        raise InputError(f"{path}: {_what(error)}; {remedy}") from None


def starts_with(path: Path, start: bytes, remedy: str) -> bool:
    """Whether a file's first bytes are these. Raises InputError for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {remedy}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None


def _what(error: BaseException) -> str:
    reason = " ".join(str(error).split()[:20])
    return "holds pickled objects, which are not read" if "allow_pickle" in reason else f"damaged ({reason})"


def check_output(path: Path, option: str, *inputs: Path) -> None:
    """Refuse, before the work begins, a file that could not be written at its end or is one of the inputs.

    Raises InputError, one line with the option. Folders that are missing are made later.
    """
    if path.is_dir():
        raise InputError(f"{option} {path}: is a folder; name a file")
    if any(path.exists() and one.exists() and path.samefile(one) for one in inputs):
        raise InputError(f"{option} {path}: is the input, which would be lost; name another file")
    check_place(path, option)


def check_place(path: Path, option: str) -> None:
    """The same of a folder or file whose name is free: something can be made in the first folder above that exists."""
    place = next(parent for parent in path.absolute().parents if parent.exists())
    if not place.is_dir():
        raise InputError(f"{option} {path}: {place} is a file, not a folder; name another place")
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be written ({error.strerror}); name another place") from None
