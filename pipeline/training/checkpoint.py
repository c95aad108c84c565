"""Checkpoints and resume state: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.training.errors import CheckpointError

__all__ = ["Advice", "CheckpointError", "load", "read_dictionary", "save"]

HARMLESS_PACKAGES = ("torch", "collections", "numpy", "_codecs")


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
    return read_dictionary(path, OURS, lambda: torch.load(path, map_location=device, weights_only=True))


def read_dictionary(path: Path, advice: Advice, read: Callable[[], Any]) -> dict[str, Any]:
    """The dictionary that `read` gives of a file. Raises CheckpointError, one line that ends with the advice."""
    try:
        content = read()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: {advice.missing}") from None
    except pickle.UnpicklingError as error:
        foreign = re.search(r"GLOBAL (\S+)", str(error))
        name = foreign[1] if foreign else _stranger(_pickle_of(path))
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


def _stranger(data: bytes) -> str | None:
    """The first class or function that a pickle of protocol 4 or 5 names and that no data needs. Nothing is executed.

    torch's reader does not know these protocols, and so cannot say what it refused.
    """
    texts: list[str] = [""]
    memory: list[str] = []
    latest = ""
    try:
        for opcode, value, _ in pickletools.genops(data):
            if opcode.name == "MEMOIZE":
                memory.append(latest)
                continue
            latest = value if isinstance(value, str) else ""
            if opcode.name in ("BINGET", "LONG_BINGET") and isinstance(value, int) and value < len(memory):
                latest = memory[value]
            if latest:
                texts.append(latest)
            if opcode.name == "STACK_GLOBAL" and texts[-2].split(".")[0] not in HARMLESS_PACKAGES:
                return ".".join(texts[-2:])
    except ValueError:
        pass  # no pickle, or half of one: then nobody can be named
    return None
