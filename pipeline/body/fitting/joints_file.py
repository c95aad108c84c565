"""Bodies fitted to a user's own joints (`fit_body --joints`).

The places of these joints in a body are found from the file, from all its people together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.body.fitting import UNUSABLE, find_offsets, find_shape, fit_frames
from pipeline.body.fitting.rotations import exponential
from pipeline.body.model import BodyModel
from pipeline.geometry import stature
from pipeline.geometry.absent import absent_joints
from pipeline.geometry.camera import rotation_matrix
from pipeline.user_files import check_output, read_users_arrays

ORDER = "Human3.6M's 17 joints: Hip, RHip, RKnee, RAnkle, LHip, ..., RWrist"
SAVE = "save it with np.savez(FILE, joints_3d=...), joints [N, 17, 3] in mm"
DRAWN_AT_ONCE = 256  # frames


def fit_file(model: BodyModel, small: BodyModel, joints: Path, output: Path) -> None:
    """Write to `output`, in metres and in the axes of the joints:

    The file has rotations [N, 24, 3] (vectors relative to the parent joint), translation [N, 3], betas [S, B], residual
    [N] mm, usable [N], fitted [N, 17, 3], vertices [N, v, 3] and faces of the small body, subject [N] (the row in
    betas) and subjects [S]. Raises InputError for a file of joints that is missing or invalid.
    """
    check_output(output, "--output", joints)
    positions, subjects, subject = read_joints(joints)
    people = [np.flatnonzero(subject == index) for index in range(len(subjects))]
    offsets = find_offsets(model, [positions[rows] for rows in people])
    arrays: dict[str, NDArray] = {}
    betas = []
    with tqdm(total=len(positions), desc="fit bodies", unit="frame", unit_scale=True, disable=None) as bar:
        for rows in people:
            shape = find_shape(model, offsets, positions[rows])
            betas.append(shape.betas.float().cpu().numpy())
            first = 0
            for fit in fit_frames(model, shape, positions[rows]):
                place = rows[first : first + len(fit.residual)]
                found = {name: values.cpu() for name, values in vars(fit).items()}
                found["fitted"] = found.pop("landmarks")
                found["vertices"] = _vertices(small, betas[-1], found["rotations"], found["translation"])
                for name, values in found.items():
                    arrays.setdefault(name, np.empty((len(positions), *values.shape[1:]), np.float32))
                    arrays[name][place] = values.float().numpy()
                first += len(place)
                bar.update(len(place))
    arrays |= {"usable": arrays["residual"] <= UNUSABLE, "betas": np.stack(betas), "faces": small.faces.numpy()}
    artifacts.write_arrays(output, arrays | {"subject": subject, "subjects": subjects})
    left = int((~arrays["usable"]).sum())
    print(f"{output}: {len(positions)} bodies, {arrays['residual'].mean():.1f} mm from the joints, {left} beyond 25 mm")


def read_joints(path: Path) -> tuple[torch.Tensor, NDArray, NDArray[np.int64]]:
    """Joints [N, 17, 3] in metres, the people's names [S], and the person of each pose [N]."""
    arrays = read_users_arrays(path, SAVE)
    if "joints_3d" not in arrays:
        raise InputError(f"{path}: joints_3d: missing, the file has {', '.join(arrays) or 'nothing'}; {SAVE}")
    joints = arrays["joints_3d"]
    if joints.ndim != 3 or joints.shape[1:] != (17, 3) or not len(joints) or joints.dtype.kind not in "fiu":
        raise InputError(f"{path}: joints_3d: expected numbers [N, 17, 3], got {joints.dtype} {joints.shape}; {ORDER}")
    positions = joints.astype(np.float64)
    _check_rows(path, np.asarray(~np.isfinite(positions).all(axis=(1, 2))), "not finite")
    missing = np.asarray(absent_joints(positions).any(axis=1))
    _check_rows(path, missing, "joints that were not found (all coordinates 0, -1 or 9999)")
    misfit = stature.misfit(positions)
    if misfit:
        raise InputError(f"{path}: joints_3d: {misfit}; give millimetres, and {ORDER}")
    subjects, subject = _subjects(path, arrays, len(joints))
    return torch.from_numpy(positions / 1000), subjects, subject


def _check_rows(path: Path, wrong: NDArray, what: str) -> None:
    """Raise InputError if there are such poses. It names the first rows."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        listed = ", ".join(map(str, rows[:5])) + (f", ... ({len(rows)} rows)" if len(rows) > 5 else "")
        raise InputError(f"{path}: joints_3d: {what} in row {listed}; leave these poses out")


def _subjects(path: Path, arrays: dict[str, Any], count: int) -> tuple[NDArray, NDArray[np.int64]]:
    names = arrays.get("subject", np.zeros(count, np.int64))
    if names.shape != (count,) or names.dtype.kind not in "iuU":
        raise InputError(
            f"{path}: subject: expected {count} whole numbers or names, one for each pose, got {names.dtype} "
            f"{names.shape}; or leave it out, if all poses are one person's"
        )
    subjects, subject = np.unique(names, return_inverse=True)
    return subjects, subject.reshape(-1)


def _vertices(small: BodyModel, betas: NDArray, rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    shape = torch.from_numpy(betas)[None]
    matrices = rotation_matrix(exponential(rotations))
    parts = zip(matrices.split(DRAWN_AT_ONCE), translation.float().split(DRAWN_AT_ONCE), strict=True)
    return torch.cat([small.skin(shape, r, t)[0] for r, t in parts])
