"""Human3.6M's joints from either of the two sets of files in use.

As released: one archive per subject, `Poses_D3_Positions_S<n>.tgz`, with one CDF file per take. Its variable `Pose`
[1, T, 96] holds 32 joints in mm. As VideoPose3D prepares them: one `data_3d_h36m.npz`, whose `positions_3d` is a
pickled dictionary of subject, take and joints [T, 32, 3] in metres. Both are in the world's frame, at 50 Hz.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.data import apart, safe_pickle
from pipeline.data.motion.human36m import tgz
from pipeline.data.motion.human36m.takes import (
    DAMAGED,
    KEPT_JOINTS,
    RECORDED_RATE,
    RELEASED_JOINTS,
    SUBJECTS,
    take_name,
    take_order,
)
from pipeline.data.motion.human36m.tgz import REMEDY
from pipeline.geometry import stature
from pipeline.geometry.skeleton import HUMAN36M_17

ARCHIVE = re.compile(r"Poses_D3_Positions_(S\d+)\.tgz")
MEMBER = re.compile(r"(?:(?:\./)?(S\d+)/MyPoseFeatures/)?D3_Positions/([^/]+)\.cdf")
LARGEST = 64 << 20  # bytes of a take's file; the longest takes 5 MB


@dataclass(frozen=True)
class Recording:
    """One take: joints [T, 17, 3] in mm, in the world's frame, at 50 Hz."""

    subject: str
    take: str
    joints: NDArray[np.float32]


def read(files: Sequence[Path], progress: bool = True) -> list[Recording]:
    """The recordings of all seven subjects, S11's damaged take left out, by subject (as SUBJECTS has them) and take.

    `files` are one npz, or an archive for every subject. Raises InputError, naming the file and the take, for what is
    truncated, damaged, not of the expected shape or unit, no number, double, or lacks a subject altogether.
    """
    with apart.Apart() as reader:
        parts = [recordings for path in files for recordings in _one_file(path, progress, reader)]
    seen: dict[tuple[str, str], Recording] = {}
    for recording in parts:
        key = recording.subject, recording.take
        if key in seen:
            raise InputError(f"{files[0].parent}: {' '.join(key)} is there under two names; take one of them away")
        seen[key] = recording
    for subject in SUBJECTS:
        if not any(owner == subject for owner, _ in seen):
            raise InputError(f"{files[0]}: no take of {subject} is there; {REMEDY}")
    return sorted(seen.values(), key=lambda one: (SUBJECTS.index(one.subject), take_order(one.take)))


def _one_file(path: Path, progress: bool, reader: apart.Apart) -> Iterator[Recording]:
    if path.suffix == ".npz":
        yield from _read_prepared(path, progress)
    else:
        yield from _read_released(path, progress, reader)


def _wanted(subject: str, name: str, path: Path) -> str | None:
    """A take's name, or None if it is none of those to read."""
    take = take_name(name, f"{path}: {subject}")
    return None if (subject, take) == DAMAGED else take


# --- VideoPose3D's npz ------------------------------------------------------------------------------------------------


def _read_prepared(path: Path, progress: bool) -> Iterator[Recording]:
    subjects = safe_pickle.read(path, ["positions_3d"])["positions_3d"]
    if not isinstance(subjects, dict) or not all(isinstance(takes, dict) for takes in subjects.values()):
        raise InputError(f"{path}: positions_3d is no dictionary of subjects and takes; {REMEDY}")
    names = [(subject, name) for subject in SUBJECTS for name in subjects.get(subject, {})]
    for subject, name in tqdm(names, desc=f"read {path.name}", unit="take", disable=None if progress else True):
        metres = subjects[subject].pop(name)  # popped, so that the memory is free when the take has been read
        take = _wanted(subject, str(name), path)
        if take is None:
            continue
        if not isinstance(metres, np.ndarray) or metres.dtype.kind != "f" or metres.shape[1:] != (RELEASED_JOINTS, 3):
            found = f"{metres.dtype} {metres.shape}" if isinstance(metres, np.ndarray) else type(metres).__name__
            raise InputError(f"{path}: {subject} {take}: expected joints [T, {RELEASED_JOINTS}, 3], got {found}")
        joints = metres[:, KEPT_JOINTS].astype(np.float64) * 1000
        yield _checked(joints, subject, take, path, "positions must be in metres")


# --- the archives as released -----------------------------------------------------------------------------------------


def _read_released(path: Path, progress: bool, reader: apart.Apart) -> Iterator[Recording]:
    """The takes of one subject's archive. A CDF file is on disk only while it is read, because cdflib wants a path."""
    named = ARCHIVE.fullmatch(path.name)
    if named is None:
        raise InputError(f"{path}: not called Poses_D3_Positions_S<n>.tgz; give it its name back")
    subject, found = named[1], 0
    with tempfile.TemporaryDirectory() as folder:
        for match, content in tgz.members(path, MEMBER, LARGEST, progress):
            owner, name = match.groups()  # no owner where the archive has no folder for it
            if owner is not None and owner != subject:
                raise InputError(f"{path}: holds takes of {owner}; give the archive its name back")
            found += 1
            take = _wanted(subject, name, path)
            if take is None:
                continue
            part = Path(folder, "take.cdf")
            part.write_bytes(content)
            yield _checked(_cdf_joints(reader, part, path, name), subject, take, path, "positions must be in mm")
    if not found:
        raise InputError(f"{path}: holds no D3_Positions/<action>.cdf; it must be the archive of 3D positions")


def _cdf_joints(reader: apart.Apart, part: Path, path: Path, name: str) -> NDArray[np.floating[Any]]:
    """Joints [T, 17, 3] of a CDF file."""
    try:
        values = reader.call(apart.cdf_variable, part, "Pose")
    except apart.Unreadable as error:
        raise InputError(f"{path}: {name}.cdf: no variable Pose can be read ({error}); {REMEDY}") from None
    if values.dtype.kind != "f" or values.shape[-1:] != (RELEASED_JOINTS * 3,):
        found = f"{values.dtype} {values.shape}"
        raise InputError(f"{path}: {name}.cdf: expected Pose [1, T, {RELEASED_JOINTS * 3}], got {found}; {REMEDY}")
    return values.reshape(-1, RELEASED_JOINTS, 3)[:, KEPT_JOINTS]


# --- both -------------------------------------------------------------------------------------------------------------


def _checked(joints: NDArray[np.floating[Any]], subject: str, take: str, path: Path, unit: str) -> Recording:
    """The recording, if there are frames, all finite and of a person's size."""
    where = f"{path}: {subject} {take}"
    if not len(joints):
        raise InputError(f"{where}: no frames; {REMEDY}")
    broken = np.argwhere(~np.isfinite(joints).all(axis=-1))
    if len(broken):
        frame, joint = broken[0]
        raise InputError(
            f"{where}: frame {frame} (of {len(joints)} at {RECORDED_RATE:g} Hz), joint {HUMAN36M_17.names[joint]}: "
            f"not a number; {REMEDY}"
        )
    misfit = stature.misfit(joints)
    if misfit:
        raise InputError(f"{where}: {misfit}; {unit}, with {RELEASED_JOINTS} joints; {REMEDY}")
    return Recording(subject, take, joints.astype(np.float32))
