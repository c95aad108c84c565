"""Failures of the machine and results that are no numbers, as one line for the user: the only place that knows them.

Every command comes here with what its own code does not handle: a full or read-only disk, a file without permission, a
measurement that is NaN. Anything else is a mistake of ours and keeps its traceback.
"""

from __future__ import annotations

import errno
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
AGAIN = "what was finished before stays as it is; run the same command again"
# The name that a file or a folder has until all of it is there (artifacts.atomic).
UNFINISHED = re.compile(r"(?<![^/])\.([^/]+)\.[a-z0-9_]{8}\.part(?![^/])")
OTHER_NAMES = ("part", "folder", "output", "file")  # what a writer without a `path` calls the place where it writes
OUTPUT = "the output of this command"  # what it prints: the one place that is written to without a name
NO_NUMBER = "Out of range float values are not JSON compliant"  # json's words for NaN and infinity


def line(error: BaseException) -> str | None:
    """What to tell the user, without `error:`; None for a mistake of ours."""
    if isinstance(error, MemoryError):
        return f"not enough memory; close other programs or take a smaller preset; {AGAIN}"
    if isinstance(error, shutil.Error):
        error = _first_of(error)
    if isinstance(error, OSError) and error.errno is not None:
        remedy = "mend that"
        if error.errno in FULL:
            remedy = "make room"
        elif error.errno in REFUSED:
            remedy = "give yourself the right to write there, or work in another folder"
        return f"{_file_of(error)}: {error.strerror or error}; {remedy}; {AGAIN}"
    if isinstance(error, ValueError) and NO_NUMBER in str(error):
        values = dict(_no_numbers(_local(error, "value")))
        where, value = next(iter(values.items()), ("a value", "no number"))
        others = f" ({len(values)} such values)" if len(values) > 1 else ""
        return (
            f"{_file_of(error)}: {where} is {value}{others}, so it was not written; a training that diverged gives "
            "this: lower the variant's learning rate and train it again"
        )
    return None


def _first_of(error: shutil.Error) -> OSError:
    """The first failure of shutil.copytree, which collects them: source, target and words that begin with a number."""
    found = error.args[0] if error.args and isinstance(error.args[0], list) else []
    for _, target, why in found:
        number = re.search(r"\[Errno (\d+)\]", str(why))
        if number:
            return OSError(int(number[1]), os.strerror(int(number[1])), str(target))
    return error


def _file_of(error: BaseException) -> str:
    """The file that could not be read or written. Where a write fails, the system names none: its writer knows it."""
    named, of_writer = getattr(error, "filename", None), _local(error, "path")
    unfinished = isinstance(named, str) and named.endswith(".part")  # the name that a file has until it is whole
    others = (_local(error, name) for name in OTHER_NAMES)
    for name in (*((of_writer, named) if unfinished else (named, of_writer)), *others):
        if isinstance(name, str | Path):
            return UNFINISHED.sub(r"\1", str(name))
    return OUTPUT


def _local(error: BaseException, name: str) -> Any:
    """The innermost value of this name in the functions of the package that the error came through."""
    found, trace = None, error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if str(frame.f_globals.get("__name__", "")).startswith("pipeline."):
            found = frame.f_locals.get(name, found)
        trace = trace.tb_next
    return found


def _no_numbers(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in a JSON value that are none, each with its dotted place."""
    if isinstance(value, float) and not math.isfinite(value):
        yield where, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _no_numbers(inner, f"{where}.{key}".lstrip("."))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, inner in enumerate(value):
            yield from _no_numbers(inner, f"{where}[{index}]")
