"""Settings with only the fields that a job's plan holds. To read another field is an error."""

from __future__ import annotations

import typing
from typing import Any, TypeVar, cast

from pipeline.settings import Settings

Kind = TypeVar("Kind", bound=Settings)

TAGS = ("source", "kind")  # the fields by which a member of a union is chosen


def partial(kind: type[Kind], content: dict[str, Any]) -> Kind:
    """Settings with these fields and no others: a field that is not in `content` raises AttributeError when read.

    `content` is what `model_dump(mode="json")` gave, less what is not used. It was validated when it was written.
    """
    fields = kind.model_fields
    values = {name: _value(fields[name].annotation, value) for name, value in content.items()}
    made = cast(Kind, kind.model_construct(**values))
    for name in fields.keys() - content.keys():
        made.__dict__.pop(name, None)  # model_construct fills defaults in
    return made


def _value(annotation: Any, value: Any) -> Any:
    if isinstance(value, list):  # settings hold tuples
        return tuple(_value(Any, item) for item in value)
    if not isinstance(value, dict):
        return value
    if typing.get_origin(annotation) is dict:
        _, of_values = typing.get_args(annotation)
        return {key: _value(of_values, item) for key, item in value.items()}
    models = _models(annotation)
    if not models:
        inner = next((part for part in typing.get_args(annotation) if typing.get_origin(part) is dict), Any)
        return _value(inner, value) if inner is not Any else {key: _value(Any, item) for key, item in value.items()}
    return partial(next(model for model in models if len(models) == 1 or _is_tagged(model, value)), value)


def _models(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    if typing.get_origin(annotation) is dict:
        return []
    return [model for part in typing.get_args(annotation) for model in _models(part)]


def _is_tagged(model: type[Settings], value: dict[str, Any]) -> bool:
    return any(
        value[tag] in typing.get_args(model.model_fields[tag].annotation)
        for tag in TAGS
        if tag in value and tag in model.model_fields
    )
