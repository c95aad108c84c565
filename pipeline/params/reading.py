"""YAML files read into settings, and every mistake in them said in one line: the file, the key, the nearest word."""

from __future__ import annotations

import difflib
import typing
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.artifacts import InputError
from pipeline.params.base import Settings


def nearest(word: str, words: typing.Iterable[str]) -> str:
    """`; did you mean 'semgcn'?`, or the choices when nothing is near."""
    words = list(words)
    close = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(map(str, words))}"


def read_yaml(path: Path) -> Any:
    """Read a YAML file in both dialects that the tools use, and refuse what they would read differently."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run from the repository's root") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as text ({error})") from None
    try:
        older = yaml.safe_load(text)  # YAML 1.1, as Snakemake reads it
        newer = YAML(typ="safe", pure=True).load(text)  # YAML 1.2, as DVC reads it
    except (yaml.YAMLError, YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InputError(f"{path}:{line} not YAML: {problem}") from None
    difference = _difference(older, newer)
    if difference:
        raise InputError(
            f"{path}: {difference}: Snakemake (YAML 1.1) and DVC (1.2) read it differently; "
            "quote it, or write 1.0e-3, true"
        )
    return older


def _difference(one: Any, other: Any, where: str = "") -> str | None:
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        pairs: typing.Iterable[Any] = ((f"{where}.{key}".lstrip("."), one[key], other[key]) for key in one)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = ((f"{where}[{index}]", *pair) for index, pair in enumerate(zip(one, other, strict=True)))
    else:
        return None if type(one) is type(other) and one == other else (where or "the whole file")
    return next((found for name, a, b in pairs if (found := _difference(a, b, name))), None)


Kind = TypeVar("Kind", bound=Settings)

UNION_TAGS = {
    *("synthetic", "cmu", "human36m", "noise", "file", "coco"),
    *("constant", "step", "exponential", "plateau", "one_cycle"),
}


def validate(kind: type[Kind], path: Path) -> Kind:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of keys to values")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_explain(kind, error)}") from None


def _explain(kind: type[Settings], error: ValidationError) -> str:
    """The first mistake in one line: the key, what was expected, what was found or meant."""
    errors = error.errors()
    # A misspelt key that must be there is both missing and unknown: the second says what was meant.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    # pydantic puts the branch of a union into the location (a tag, `literal[...]`); a user knows only keys.
    location = [str(part) for part in first["loc"] if part not in UNION_TAGS and "[" not in str(part)]
    context = first.get("ctx", {})
    found = first.get("input")
    match first["type"]:
        case "extra_forbidden":
            known = _fields_at(kind, first["loc"][:-1])
            return f"{'.'.join(location)}: unknown key{nearest(location[-1], known)}"
        case "missing":
            return f"{'.'.join(location)}: missing; add it"
        case "union_tag_invalid":
            tags = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
            key = context["discriminator"].strip("'")
            return f"{'.'.join([*location, key])}: unknown word {context['tag']!r}{nearest(context['tag'], tags)}"
        case "union_tag_not_found":
            return f"{'.'.join([*location, context['discriminator'].strip(chr(39))])}: missing; add it"
        case "literal_error":
            words = [word.strip().strip("'") for word in context["expected"].replace(" or ", ",").split(",")]
            return f"{'.'.join(location)}: expected {context['expected']}, found {found!r}{nearest(str(found), words)}"
        case "value_error":
            return f"{'.'.join(location) or 'the file'}: {context['error']}"
        case _:
            return f"{'.'.join(location)}: {first['msg'].lower()}, found {found!r}"


def _fields_at(kind: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """The keys that exist at a place in the settings, found by walking down the annotations."""
    models: list[type[Settings]] = [kind]
    for part in location:
        inner = [
            found
            for model in models
            if part in model.model_fields
            for found in _models_in(model.model_fields[str(part)].annotation)
        ]
        models = inner or models  # a dictionary's key or a union's tag names no field: stay
        tagged = [model for model in models if part in _tags(model)]
        models = tagged or models
    return sorted({name for model in models for name in model.model_fields})


def _tags(model: type[Settings]) -> set[Any]:
    fields = [model.model_fields[name] for name in ("source", "kind") if name in model.model_fields]
    return {tag for field in fields for tag in typing.get_args(field.annotation)}


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
