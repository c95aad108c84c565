"""Checkpoints and resume state: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
import os
import pickle
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.training.errors import CheckpointError
from pipeline.authors.old_formats import STAND_INS, in_todays_opcodes, stranger

__all__ = ["CheckpointError", "load", "load_foreign", "save"]

ZIP = b"PK\x03\x04"  # torch's format since 1.6; the old one is a row of pickles and raw numbers


@dataclass(frozen=True)
class Advice:
    """What to do about a file that cannot be read: it depends on whose file it is."""

    missing: str
    refused: str
    damaged: str


OURS = Advice(
    missing="missing; train the variant first",
    refused="take a checkpoint from a source you know",
    damaged="delete it and train again",
)
FOREIGN = Advice(
    missing="no such file; give the path of the file that the authors released",
    refused="where it is trusted, save its `state_dict` alone, and take that file",
    damaged="fetch it again",
)


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values; the same content gives the same bytes.

    The bytes are made in memory because torch writes the file's own name into an archive, and the file begins its life
    under a temporary name.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read what `save` wrote. Raises CheckpointError on a missing, damaged or foreign file."""
    return _read(path, OURS, lambda: torch.load(path, map_location=device, weights_only=True))


def load_foreign(path: Path) -> dict[str, Any]:
    """Read what other people's code wrote with torch.save, in either of torch's formats, with Python 2 or 3.

    As strict as `load`: tensors, plain values and containers, and numpy scalars, which become plain numbers. Any other
    class is refused by its name. Raises CheckpointError.
    """
    return _read(path, FOREIGN, lambda: _foreign(path))


def _foreign(path: Path) -> Any:
    data = path.read_bytes()
    if not data.startswith(ZIP):
        data = in_todays_opcodes(data)
    with torch.serialization.safe_globals(STAND_INS), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about pickles that it then refuses, which is told in one line
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _read(path: Path, advice: Advice, read: Callable[[], Any]) -> dict[str, Any]:
    try:
        content = read()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: {advice.missing}") from None
    except pickle.UnpicklingError as error:
        foreign = re.search(r"GLOBAL (\S+)", str(error))
        name = foreign[1] if foreign else stranger(_pickle_of(path))
        if name:
            what = f"it names {name}, which is not data, and was not executed"
            raise CheckpointError(f"{path}: refused: {what}; {advice.refused}") from None
        raise CheckpointError(f"{path}: not a checkpoint; {advice.damaged}") from None
    except Exception as error:  # what a reader stumbles over in a damaged file cannot be foretold
        what = str(error).split("\n")[0]
        raise CheckpointError(f"{path}: not a readable checkpoint ({what}); {advice.damaged}") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary of tensors and values, found {type(content).__name__}")
    return content


def _pickle_of(path: Path) -> bytes:
    """The pickle in a file of either format; nothing where there is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return next((archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")), b"")
    except (zipfile.BadZipFile, RuntimeError):
        return path.read_bytes()
