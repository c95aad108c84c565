"""Reads CDF and HDF5 files in a process of its own, with limits on time and memory.

cdflib and HDF5's library believe every number of a file: one that is damaged or made to do harm can keep them busy for
hours, make them fill the memory, or crash them. The process has neither torch nor the memory of this one, and starts
with the first file.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECONDS = 60.0  # for one file; the longest of Human3.6M's takes less than one
START = 300.0  # seconds for the process to begin, on a busy machine
MEMORY = 2 << 30  # bytes of address space
LARGEST = 10_000_000  # numbers in an array of an HDF5 file; the longest sequence of MPI-INF-3DHP has 300,000


class Unreadable(Exception):  # noqa: N818 - what the file is, said as the caller reads it
    """Why a file cannot be read, in a few words."""


class Apart:
    """`call(cdf_variable, path, name)` does so in the process. To be used in a `with`, which ends the process."""

    def __init__(self) -> None:
        self._process: Any = None
        self._connection: Connection | None = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function of this module gives. Raises Unreadable, also if it takes more time than any real file."""
        try:
            if self._connection is None:
                self._start()
            assert self._connection is not None
            self._connection.send((function, arguments))
            if not self._connection.poll(SECONDS):
                raise Unreadable(f"no end after {SECONDS:g} seconds")
            answer = self._connection.recv()
        except (EOFError, OSError):
            self.stop()
            raise Unreadable("the process that read it broke down") from None
        except Unreadable:
            self.stop()
            raise
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    def _start(self) -> None:
        context = multiprocessing.get_context("forkserver")  # no copy of this process with its threads and memory
        context.set_forkserver_preload(["cdflib", "h5py"])  # not this module: it may be installed from another checkout
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        if not self._connection.poll(START):
            raise Unreadable("the process that reads it does not start")
        self._connection.recv()

    def stop(self) -> None:
        """End the process; the next file starts another."""
        if self._connection is not None:
            self._connection.close()
            self._process.kill()
            self._process.join()
            self._connection = None


def _serve(connection: Connection) -> None:
    """In the process: answer each (function, arguments) with its result, or with an Unreadable."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    connection.send("ready")
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer: Any = function(*arguments)
        except BaseException as error:  # the libraries trust their files, so anything may come of a damaged one
            answer = Unreadable(" ".join(str(error).split())[:200] or type(error).__name__)
        connection.send(answer)


# --- what the process does --------------------------------------------------------------------------------------------


def cdf_variable(path: Path, name: str) -> NDArray[Any]:
    """A variable of a CDF file, which is numbers or text."""
    import cdflib

    values = np.asarray(cdflib.CDF(path).varget(name))
    if values.dtype.hasobject:
        raise Unreadable("holds objects in place of numbers")
    return values


def hdf5_arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.float64] | str]:
    """Arrays of numbers of an HDF5 file; in the place of one that is none, why."""
    import h5py

    found: dict[str, NDArray[np.float64] | str] = {}
    with h5py.File(path, "r") as file:
        for name in names:
            dataset = file.get(name)
            if dataset is None:
                keys = (str(key) for key in file)  # h5py gives bytes for a name that is no text
                there = ", ".join(sorted(repr(key)[1:-1] for key in keys if not key.startswith("#"))) or "nothing"
                found[name] = f"missing (the file holds {there})"
            elif not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiub" or dataset.shape is None:
                found[name] = "no array of numbers"
            elif dataset.size > LARGEST:
                found[name] = f"claims {dataset.size:,} numbers"
            else:
                found[name] = np.asarray(dataset[()], dtype=np.float64)
    return found
