"""Metrics files hold numbers. Python's JSON reads NaN and infinity, which would spread through tables and claims."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.artifacts import InputError


def require(path: Path, found: BaseModel, remedy: str) -> None:
    """Raise InputError naming file, field and remedy if a field is NaN or infinite."""
    for place, value in _not_finite(found.model_dump(by_alias=True)):
        raise InputError(f"{path}: {place}: is {value:g}, which is no number; {remedy}")


def _not_finite(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield ".".join(place), value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _not_finite(part, (*place, str(key)))
