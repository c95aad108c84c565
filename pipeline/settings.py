"""What all settings share: values are strict and frozen, and unknown keys are refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticKnownError


class Settings(BaseModel):
    # Strict: '30' and true are not accepted as numbers of epochs.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value} is listed twice; keep it once")
    return values


# YAML has lists but no tuples, so the tuple itself is not strict; its items are.
Words = Annotated[tuple[str, ...], Field(min_length=1, strict=False), AfterValidator(_once)]
Numbers = Annotated[tuple[int, ...], Field(min_length=1, strict=False), AfterValidator(_once)]


# A variant's name is a part of paths, of DVC's stage names and of Snakemake's wildcards.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def one_of(names: Iterable[str]) -> AfterValidator:
    """A string among `names`; a wrong one gives the same error as a Literal."""
    *first, last = map(repr, names)

    def check(value: str) -> str:
        if repr(value) not in (*first, last):
            raise PydanticKnownError("literal_error", {"expected": f"{', '.join(first)} or {last}"})
        return value

    return AfterValidator(check)
