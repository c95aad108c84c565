"""Reading a trained network back from the file that its training wrote.

The readers of lifting and of detection are older and do this by themselves: their code counts in the digests of
trainings that are finished, which a change would outdate.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pipeline.training import checkpoint
from pipeline.training.errors import CheckpointError

Network = TypeVar("Network")


def read(path: Path, form: str, stage: str, build: Callable[[dict[str, Any]], Network], device: str = "cpu") -> Network:
    """What `build` makes of a checkpoint of `stage`, whose content says `format: <form>`.

    Raises CheckpointError, in one line, if the file is missing, is something else, or is not whole.
    """
    content = checkpoint.load(path, device)
    if content.get("format") != form:
        raise CheckpointError(f"{path}: not a checkpoint of {stage} (no `format: {form}` in it)")
    try:
        return build(content)
    except RuntimeError as error:  # of load_state_dict
        what = " ".join(str(error).split()[:24])
        raise CheckpointError(f"{path}: its weights do not fit the variant it names ({what} ...)") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = " ".join(repr(error).split()[:24])
        raise CheckpointError(
            f"{path}: not whole ({what}); if a training here wrote it, delete it and train again; "
            "else name another file"
        ) from None
