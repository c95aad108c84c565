"""Acclaim's ASF/AMC motion capture files: a skeleton (ASF) and its motion, frame by frame (AMC).

Formats: "Acclaim Skeleton File Definition V1.10" and Vicon's "Acclaim Format - ASF line details". What matters here:

* One file unit is 1 / `length` inches: CMU's `length 0.45` makes it 56.444 mm. `angle` is deg or rad.
* `order` (root) and `dof` (bones) give the sequence of the values in the AMC file, and the sequence of the rotations
  about fixed axes: `rx ry rz` is Rz Ry Rx on column vectors. A bone without `dof` is rigid and has no values.
* `axis` turns a bone's own axes, about which its `dof` rotate; the bone's `direction` is in world axes, at rest.

A damaged file raises InputError with the file and the line.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion.acclaim import words as acclaim
from pipeline.data.motion.rotations import euler

MILLIMETRES_PER_INCH = 25.4
ROOT = "root"
REMEDY = "the file is damaged; download it again"

Lines = list[tuple[int, list[str]]]  # line number and words of each line, comments and empty lines left out


@dataclass(frozen=True)
class AcclaimSkeleton:
    """Bones in an order in which parents come before their children; bone 0 is the root.

    `offsets` [B, 3] (mm) lead at rest from the end of the parent to the end of the bone; the root's is its preset
    position. `axes` [B, 3, 3] turn bone axes to world axes at rest. `freedoms` holds each bone's degrees of freedom,
    tx ty tz rx ry rz, in the file's order. One unit of the files is `millimetres` mm or `radians` rad.
    """

    path: Path
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: NDArray[np.float64]
    axes: NDArray[np.float64]
    freedoms: tuple[tuple[str, ...], ...]
    millimetres: float
    radians: float

    @property
    def channels(self) -> tuple[tuple[int, str], ...]:
        """Every degree of freedom as (bone, freedom), bone by bone."""
        return tuple((bone, freedom) for bone, freedoms in enumerate(self.freedoms) for freedom in freedoms)


@dataclass
class _Bone:
    """A bone as the file describes it, before it has a place in the hierarchy."""

    line: int
    name: str = ""
    direction: tuple[float, ...] = ()
    length: float = math.nan
    axis: tuple[float, ...] = ()
    axis_order: str = ""
    freedoms: tuple[str, ...] = ()


def read_skeleton(path: Path) -> AcclaimSkeleton:
    """Read an ASF file whole: units, root, bones and hierarchy."""
    sections = _sections(path)
    missing = [name for name in (":root", ":bonedata", ":hierarchy") if name not in sections]
    if missing:
        raise InputError(f"{path}: section {missing[0]} is missing; {REMEDY}")
    units = {words[0].lower(): (line, words) for line, words in sections.get(":units", [])}
    millimetres, radians = _length_unit(path, units), _angle_unit(path, units)

    bones: dict[str, _Bone] = {}
    for bone in _bones(path, sections[":bonedata"]):
        if bones.setdefault(bone.name, bone) is not bone:
            raise InputError(f"{path}:{bone.line}: bone {bone.name} is described twice; {REMEDY}")
    root = _root(path, sections[":root"])
    parents = _parents(path, sections[":hierarchy"], bones)
    names = tuple(parents)
    for name in bones:
        if name not in parents:
            raise InputError(f"{path}:{bones[name].line}: bone {name} is not in the hierarchy; {REMEDY}")

    ordered = [root, *(bones[name] for name in names[1:])]
    axes = [euler(np.array(bone.axis) * radians, bone.axis_order) for bone in ordered]
    offsets = [np.array(bone.direction) * bone.length * millimetres for bone in ordered]
    return AcclaimSkeleton(
        path=path,
        names=names,
        parents=tuple(-1 if parent is None else names.index(parent) for parent in parents.values()),
        offsets=np.stack(offsets),
        axes=np.stack(axes),
        freedoms=tuple(bone.freedoms for bone in ordered),
        millimetres=millimetres,
        radians=radians,
    )


def _sections(path: Path) -> dict[str, Lines]:
    """The lines below each `:keyword`; a value on the keyword's own line becomes the section's first line."""
    sections: dict[str, Lines] = {}
    current: Lines = []
    for number, line in enumerate(_bytes(path).splitlines(), start=1):
        stripped = (word.strip(acclaim.PUNCTUATION) for word in acclaim.words_of(line))
        words = [word.decode("latin-1") for word in stripped if word]
        if words and words[0].startswith(":"):
            current = sections.setdefault(words[0].lower(), [])
            words = words[1:]
        if words:
            current.append((number, words))
    return sections


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the download stage, or put the file there") from None


def _length_unit(path: Path, units: dict[str, tuple[int, list[str]]]) -> float:
    if "length" not in units:
        return MILLIMETRES_PER_INCH
    line, words = units["length"]
    (value,) = _numbers(path, line, words, 1)
    if value <= 0:
        raise InputError(f"{path}:{line}: length unit {value} must be above 0; {REMEDY}")
    return MILLIMETRES_PER_INCH / value


def _angle_unit(path: Path, units: dict[str, tuple[int, list[str]]]) -> float:
    line, words = units.get("angle", (0, ["angle", "deg"]))
    known = {"deg": math.pi / 180, "rad": 1.0}
    if words[-1].lower() not in known:
        raise InputError(f"{path}:{line}: angle unit {words[-1]} is not deg or rad; {REMEDY}")
    return known[words[-1].lower()]


def _numbers(path: Path, line: int, words: list[str], count: int) -> tuple[float, ...]:
    """The finite numbers that follow a line's first word: `count` of them and nothing else."""
    values = acclaim.numbers([word.encode("latin-1") for word in words[1:]])
    if values is None or len(values) != count or not all(map(math.isfinite, values)):
        raise InputError(f"{path}:{line}: {words[0]} needs {count} finite numbers, got {' '.join(words[1:])}; {REMEDY}")
    return values


def _order(path: Path, line: int, word: str) -> str:
    if sorted(word.lower()) != ["x", "y", "z"]:
        raise InputError(f"{path}:{line}: rotation order {word} is not X, Y and Z in some sequence; {REMEDY}")
    return word.lower()


def _freedoms(path: Path, line: int, words: list[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    freedoms = tuple(word.lower() for word in words[1:])
    for freedom in freedoms:
        if freedom not in allowed or freedoms.count(freedom) > 1:
            raise InputError(
                f"{path}:{line}: degree of freedom {freedom} is repeated or not read here; known: {' '.join(allowed)}"
            )
    return freedoms


def _root(path: Path, lines: Lines) -> _Bone:
    """The root as a bone: its preset position is the offset, its preset orientation the axis."""
    root = _Bone(line=lines[0][0] if lines else 0, name=ROOT, direction=(0, 0, 0), length=1.0, axis=(0, 0, 0))
    root.axis_order = "xyz"
    for line, words in lines:
        match words[0].lower():
            case "order":
                root.freedoms = _freedoms(path, line, words, ("tx", "ty", "tz", "rx", "ry", "rz"))
            case "axis":
                root.axis_order = _order(path, line, words[-1])
            case "position":
                root.direction = _numbers(path, line, words, 3)
            case "orientation":
                root.axis = _numbers(path, line, words, 3)
    if not root.freedoms:
        raise InputError(f"{path}:{root.line}: the root has no order of its degrees of freedom; {REMEDY}")
    return root


def _bones(path: Path, lines: Lines) -> Iterator[_Bone]:
    """The bones between `begin` and `end`; limits, masses and other keywords do not move anything and are skipped."""
    bone: _Bone | None = None
    for line, words in lines:
        keyword = words[0].lower()
        if keyword == "begin":
            bone = _Bone(line)
        elif bone is None:
            raise InputError(f"{path}:{line}: {words[0]} is outside begin and end; {REMEDY}")
        elif keyword == "end":
            lacking = [name for name in ("name", "direction", "axis") if not getattr(bone, name)]
            lacking += ["length"] if math.isnan(bone.length) else []
            if lacking:
                raise InputError(f"{path}:{bone.line}: bone {bone.name or '?'} has no {lacking[0]}; {REMEDY}")
            yield bone
            bone = None
        else:
            _describe(path, bone, line, words)
    if bone is not None:
        raise InputError(f"{path}:{bone.line}: bone {bone.name or '?'} has no end; {REMEDY}")


def _describe(path: Path, bone: _Bone, line: int, words: list[str]) -> None:
    """Read one line of a bone's description into `bone`."""
    match words[0].lower():
        case "name":
            bone.name = words[-1]
        case "direction":
            bone.direction = _numbers(path, line, words, 3)
        case "length":
            (bone.length,) = _numbers(path, line, words, 1)
        case "axis":
            bone.axis = _numbers(path, line, [words[0], *words[1:-1]], 3)
            bone.axis_order = _order(path, line, words[-1])
        case "dof":
            bone.freedoms = _freedoms(path, line, words, ("rx", "ry", "rz"))


def _parents(path: Path, lines: Lines, bones: dict[str, _Bone]) -> dict[str, str | None]:
    """Each bone's parent, the root first and parents before children."""
    parents: dict[str, str | None] = {ROOT: None}
    for line, words in lines:
        if words[0].lower() in ("begin", "end"):
            continue
        parent, *children = words
        if parent not in parents:
            raise InputError(f"{path}:{line}: {parent} has children before it has a parent; {REMEDY}")
        for child in children:
            if child not in bones:
                raise InputError(f"{path}:{line}: bone {child} is in the hierarchy but not in :bonedata; {REMEDY}")
            if child in parents:
                raise InputError(f"{path}:{line}: bone {child} has two parents; {REMEDY}")
            parents[child] = parent
    return parents
