"""Reads YAML files into settings and reports every mistake in one line: the file, the key, the nearest known word."""

from __future__ import annotations

import difflib
import re
import reprlib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from pipeline.artifacts import InputError
from pipeline.settings import Settings

SHORT = reprlib.Repr()  # of a wrong value: some lines of aliases may stand for a list without end
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 80
SHORT.maxlevel = 2


def nearest(word: str, words: typing.Iterable[str]) -> str:
    """`; did you mean 'semgcn'?`, or the choices when nothing is near."""
    words = list(words)
    close = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(map(str, words))}"


def read_yaml(path: Path) -> Any:
    """Read a YAML file as both dialects that the tools use, and refuse what they would read differently."""
    if path.is_fifo():
        raise InputError(f"{path}: a pipe, which is not waited for; write a file")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run from the repository's root") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as text ({error})") from None
    try:
        content, difference = _parse(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as 2001-13-01, a date that does not exist
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InputError(f"{path}:{line} not YAML: {problem}") from None
    except RecursionError:
        raise InputError(f"{path}: not YAML: mappings and lists are nested too deep; write them out flat") from None
    if difference:
        raise InputError(
            f"{path}: {difference}: Snakemake (YAML 1.1) and DVC (1.2) read it differently; "
            "write 1000, 1.0e-3 or true, or quote it if it is text"
        )
    return content


# libyaml is ten times as fast as Python; PyYAML can be had without it.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAG = "tag:yaml.org,2002:"

# What both dialects read as the same without a closer look: nothing, true, false, null, decimal numbers; and text that
# begins as no number does and is no word that a dialect knows, or that contains what no number and no date does.
SAME = re.compile(
    r"|true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:e[-+][0-9]+)?)?"
    r"|(?!(?i:yes|no|on|off|true|false|null)\Z)[^-+.0-9~<=!&*].*"
    r"|[0-9].*[^-+.:0-9a-fA-FxobTtZz_ \t].*",
    re.DOTALL,
)


def _parse(text: str) -> tuple[Any, str | None]:
    """The content as YAML 1.1, and the first place that YAML 1.2 reads differently, None where there is none."""
    loader = LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        # Before anything is constructed: constructing a mapping mixes the keys that it merges with its own.
        difference = next(
            (place for place, node in _scalars(loader, root, "", set()) if not _agree(loader, node)), None
        )
        return (None if difference else loader.construct_document(root)), difference
    finally:
        loader.dispose()


def _scalars(loader: Any, node: yaml.Node, where: str, seen: set[int]) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Every scalar with its place; a key has the place of its mapping. Raises YAMLError for a duplicate key."""
    if id(node) in seen:
        return  # an alias
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        yield where or "the whole file", node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(loader, item, f"{where}[{index}]", seen)
    elif isinstance(node, yaml.MappingNode):
        keys = set()
        for key_node, value in node.value:
            key = key_node.value
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.tag not in (f"{TAG}merge", f"{TAG}value"):
                    yield where or "the whole file", key_node
                    key = loader.construct_object(key_node)
                if key in keys:
                    raise yaml.MarkedYAMLError(problem=f'found duplicate key "{key}"', problem_mark=key_node.start_mark)
                keys.add(key)
            yield from _scalars(loader, value, f"{where}.{key}".lstrip("."), seen)


def _agree(loader: Any, node: yaml.ScalarNode) -> bool:
    """Whether both dialects read a scalar as the same type and value. Of `!!str 1e-3`, written so, it is not known."""
    plain = not node.style
    if SAME.fullmatch(node.value) if plain else node.tag == f"{TAG}str":
        return True
    older = loader.construct_object(node)
    # Only now: importing ruamel.yaml takes longer than reading a file.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.tag import Tag

    dialect = YAML(typ="safe", pure=True)
    stated = not plain or node.tag != loader.resolve(yaml.ScalarNode, node.value, (True, False))
    tag = Tag(suffix=node.tag) if stated else dialect.resolver.resolve(ScalarNode, node.value, (True, False))
    try:
        newer = dialect.constructor.construct_object(ScalarNode(tag, node.value))
    except (YAMLError, ValueError):
        return False
    return type(older) is type(newer) and repr(older) == repr(newer)


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a YAML file that holds settings."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of keys to values")
    return content


Kind = TypeVar("Kind", bound=Settings)


def validate(kind: type[Kind], path: Path, content: dict[str, Any]) -> Kind:
    """The settings that a file's content states."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        said = _explain(kind, error).replace("\n", "\\n")  # a key may have any letters
        raise InputError(f"{path}: {said}") from None


def _explain(kind: type[Settings], error: ValidationError) -> str:
    """The first mistake in one line: the key, what was expected, what was found or probably meant."""
    errors = error.errors()
    # A misspelt key that must be there is both missing and unknown: the second says what was meant.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    location = _keys(kind, first["loc"])
    context = first.get("ctx", {})
    found = first.get("input")
    match first["type"]:
        case "extra_forbidden":
            known = _fields_at(kind, first["loc"][:-1])
            return f"{'.'.join(location)}: unknown key{nearest(location[-1], known)}"
        case "missing":
            return f"{'.'.join(location)}: missing; add it"
        case "union_tag_invalid":
            words = [word.strip().strip("'") for word in context["expected_tags"].split(",")]
            key = context["discriminator"].strip("'")
            return f"{'.'.join([*location, key])}: unknown word {context['tag']!r}{nearest(context['tag'], words)}"
        case "union_tag_not_found":
            return f"{'.'.join([*location, context['discriminator'].strip(chr(39))])}: missing; add it"
        case "literal_error":
            words = [word.strip().strip("'") for word in context["expected"].replace(" or ", ",").split(",")]
            shown = SHORT.repr(found)
            near = nearest(found if isinstance(found, str) else shown, words)
            return f"{'.'.join(location)}: expected {context['expected']}, found {shown}{near}"
        case "value_error":
            return f"{'.'.join(location) or 'the file'}: {context['error']}"
        case _:
            return f"{'.'.join(location)}: {first['msg'].lower()}, found {SHORT.repr(found)}"


def _keys(kind: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """A location's keys. pydantic also names the branch of a union (its tag, `literal[...]`), which no user knows."""
    steps = ((location[:end], location[end]) for end in range(len(location)))
    return [str(part) for place, part in steps if "[" not in str(part) and part not in _tags_at(kind, place)]


def _tags_at(kind: type[Settings], location: tuple[int | str, ...]) -> set[Any]:
    """The words by which a member of the union at a place is chosen."""
    return set[Any]().union(*map(_tags, _models_at(kind, location)))


def _fields_at(kind: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """The keys that exist at a place in the settings."""
    return sorted({name for model in _models_at(kind, location) for name in model.model_fields})


def _models_at(kind: type[Settings], location: tuple[int | str, ...]) -> list[type[Settings]]:
    """What may stand at a place in the settings, found by walking down the annotations."""
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
    return models


def _tags(model: type[Settings]) -> set[Any]:
    fields = [model.model_fields[name] for name in ("source", "kind") if name in model.model_fields]
    return {tag for field in fields for tag in typing.get_args(field.annotation)}


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
