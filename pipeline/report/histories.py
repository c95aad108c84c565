"""Training histories (history.csv): a row every few steps, and one at the end of each epoch with what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.artifacts import InputError


def read(path: Path, columns: Iterable[str], remedy: str) -> pd.DataFrame:
    """The table, which has at least these columns. Raises InputError naming file, column and remedy."""
    try:
        frame = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; {remedy}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV ({str(error).strip()}); {remedy}") from None
    missing = [name for name in columns if name not in frame]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}; {remedy}")
    return frame
