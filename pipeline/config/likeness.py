"""`like: <variant>`: a variant of params.yaml, or of a preset, copies another's settings and states only what differs.

`like` is resolved in the file's content before validation, so no other code knows it. YAML's merge keys would not do:
DVC writes them out in full when `dvc exp run -S` changes the file.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pipeline.artifacts import InputError
from pipeline.config.reading import nearest

LIKE = "like"
OWN = ("title", "core", "imported", "weights")  # never copied
KINDS = (
    "name",
    "kind",
)  # a mapping with another name or kind is about another network or schedule, so nothing is copied into it
SECTIONS = ("lifting_variants", "detection_variants")


def applied(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """params.yaml's content with the variants of both kinds resolved, each among its own."""
    found = {key: resolved(content[key], f"{path}: {key}") for key in SECTIONS if isinstance(content.get(key), dict)}
    return content | found


def applied_to_own(content: dict[str, Any], path: Path, general: dict[str, Any]) -> dict[str, Any]:
    """A preset's content with the variants of its own resolved, each among its own and those of `general`.

    `general` is what `applied` made of params.yaml. Raises InputError for a name that is there already.
    """
    found = {}
    for key in SECTIONS:
        own, others = content.get(key), general.get(key) or {}
        if isinstance(own, dict):
            for name in own:
                if name in others:
                    raise InputError(f"{path}: {key}.{name}: params.yaml has a variant of this name; choose another")
            done = resolved(others | own, f"{path}: {key}")
            found[key] = {name: done[name] for name in own}
    return content | found


def resolved(variants: dict[str, Any], where: str = "variants") -> dict[str, Any]:
    """Every variant with the settings it copies, in the same order. Raises InputError, whose line begins with `where`.

    A variant's own keys override the copied ones. A nested mapping gets the keys that it does not state; a list
    replaces the other's. A mapping that is empty, or that states another name or kind than the other's, gets nothing.
    Values that are not mappings are left as they are, for validation to refuse.
    """
    done: dict[str, Any] = {}
    try:
        for name in variants:
            _resolve(name, variants, done, (), where)
    except RecursionError:
        raise InputError(f"{where}: hundreds of variants are each like the next; state some in full") from None
    return {name: done[name] for name in variants}


def _resolve(name: str, variants: dict[str, Any], done: dict[str, Any], trail: tuple[str, ...], where: str) -> Any:
    """One variant. `trail`: the variants that led here by `like`, the nearest last."""
    if name in trail:
        circle = [*trail[trail.index(name) :], name]
        raise InputError(f"{where}.{name}.{LIKE}: circular ({', '.join(circle)}); state one in full")
    if name not in done:
        stated = variants[name]
        other = _other(name, stated, variants, where) if isinstance(stated, dict) else None
        if other is not None:
            theirs = _resolve(other, variants, done, (*trail, name), where)
            taken = {key: value for key, value in theirs.items() if key not in OWN} if isinstance(theirs, dict) else {}
            stated = _joined({key: value for key, value in stated.items() if key != LIKE}, taken)
        done[name] = stated
    return done[name]


def _other(name: str, stated: dict[str, Any], variants: dict[str, Any], where: str) -> str | None:
    """The variant that this one is like, or None."""
    if LIKE not in stated:
        for key in difflib.get_close_matches(LIKE, [key for key in stated if isinstance(key, str)], n=1):
            raise InputError(f"{where}.{name}.{key}: unknown key; did you mean {LIKE!r}?")
        return None
    other = stated[LIKE]
    if not isinstance(other, str):
        raise InputError(f"{where}.{name}.{LIKE}: expected the name of a variant, found {other!r}")
    if other not in variants:
        known = [variant for variant in variants if isinstance(variant, str)]
        raise InputError(f"{where}.{name}.{LIKE}: unknown variant {other!r}{nearest(other, known)}")
    return other


def _joined(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return other | {key: _over(value, other[key]) if key in other else value for key, value in own.items()}


def _over(own: Any, other: Any) -> Any:
    """A setting that both variants state."""
    if not (own and isinstance(own, dict) and isinstance(other, dict)):
        return own
    another = any(key in own and own[key] != other.get(key) for key in KINDS)
    return own if another else _joined(own, other)
