"""Checkpoints and resume state: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
import os
import pickle
import re
import tempfile
from pathlib import Path
from typing import Any

import torch

from pipeline.training.errors import CheckpointError

__all__ = ["CheckpointError", "load", "save"]


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
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: missing; train the variant first") from None
    except pickle.UnpicklingError as error:
        name = re.search(r"GLOBAL (\S+)", str(error))
        if name:
            what = f"it names {name[1]}, which is not data, and was not executed"
            raise CheckpointError(f"{path}: refused: {what}; take a checkpoint from a source you know") from None
        raise CheckpointError(
            f"{path}: not a checkpoint; if a training here wrote it, delete it and train again; else name another file"
        ) from None
    except Exception as error:  # torch may raise anything for a damaged file
        what = str(error).split("\n")[0]
        raise CheckpointError(
            f"{path}: not a readable checkpoint ({what}); if a training here wrote it, delete it and train again; "
            "else name another file"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dictionary of tensors and values, found {type(content).__name__}")
    return content
