"""`like: <variant>` in params.yaml: a variant takes over what another states, and says only what differs.

Resolved on the file's content as it was read, before it is validated, so that nobody else knows of `like`. It stands in
place of YAML's merge keys: DVC writes those out in full when `dvc exp run -S` changes the file.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pipeline.artifacts import InputError
from pipeline.config.reading import nearest

LIKE = "like"
OWN = ("title", "core", "imported", "weights")  # never taken over
KINDS = ("name", "kind")  # what a mapping is about: the settings of one network or schedule are none of another's
SECTIONS = ("lifting_variants", "detection_variants")


def applied(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """params.yaml's content with the variants of both kinds resolved, each among its own."""
    found = {key: resolved(content[key], f"{path}: {key}") for key in SECTIONS if isinstance(content.get(key), dict)}
    return content | found


def resolved(variants: dict[str, Any], where: str = "variants") -> dict[str, Any]:
    """Every variant with what it takes over, in the same order. Raises InputError, one line that begins with `where`.

    What a variant states goes first. A nested mapping takes each key over that it does not state, and a list replaces
    the other's. A mapping that is empty, or that states a name or kind which the other's does not, takes nothing over.
    What is no mapping stays as it is: validation says so afterwards.
    """
    done: dict[str, Any] = {}
    for name in variants:
        _resolve(name, variants, done, (), where)
    return {name: done[name] for name in variants}


def _resolve(name: str, variants: dict[str, Any], done: dict[str, Any], trail: tuple[str, ...], where: str) -> Any:
    """One variant; `trail`: those that are like it, the last one directly."""
    if name in trail:
        circle = [*trail[trail.index(name) :], name]
        raise InputError(f"{where}.{name}.{LIKE}: goes round in a circle ({', '.join(circle)}); state one in full")
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
    """The variant that this one is like, None if it stands alone."""
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
    """A setting where the other variant states it too."""
    if not (own and isinstance(own, dict) and isinstance(other, dict)):
        return own
    another = any(key in own and own[key] != other.get(key) for key in KINDS)
    return own if another else _joined(own, other)
