"""The files of a prediction: predictions.json, predictions.npz, predictions.csv, and those of other modules."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.data import joint_choice
from pipeline.predict import drawing, flags, movement, page
from pipeline.predict.result import Prediction
from pipeline.predict.weights import Model
from pipeline.user_files import check_place

SCHEMA = 1
AXES = "the camera's: x right, y down, z away; relative to the pelvis, which is joint 0"
LARGE_FILE = 20  # more hypotheses a pose than that are in the npz alone
NOT_FOLLOWED = (
    "several people in an image have the same number or none, so nobody is followed, and there are no BVH and C3D "
    "files; number people (csv: column person; JSON: track_id)"
)
OWN = (
    *("predictions.json", "predictions.npz", "predictions.csv", "angles.csv", "keypoints.png", "poses.html"),
    *("bvh", "c3d", "keypoints.json", "overlay", "overlay.webm"),
)


def check_folder(folder: Path) -> None:
    """Refuse to replace a folder that has anything but an earlier prediction. Raises InputError."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"--output {folder}: is a file; name a new folder")
    others = sorted(file.name for file in folder.iterdir() if file.name not in OWN)
    if others:
        raise InputError(f"--output {folder}: has other files ({others[0]}); name a new folder")


def check_apart(folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse a folder that holds what is read, which would be lost when the folder is replaced; or that cannot be made.

    Raises InputError.
    """
    whole = os.path.realpath(folder)
    for path in inputs:
        if any(_is_below(place, whole) for place in (os.path.realpath(path), str(path.absolute()))):
            raise InputError(f"--output {folder}: holds {path}, which is read and would be lost; name another folder")
    if _is_below(os.path.realpath(os.curdir), whole):
        raise InputError(f"--output {folder}: is the folder that you are in, or above it; name a folder inside it")
    check_place(folder, "--output")


def _is_below(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder


def write(folder: Path, prediction: Prediction, model: Model, source: Path, frames_per_second: float) -> None:
    """Write all files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predictions.json").write_text(as_json(prediction, model, source), encoding="utf-8")
    np.savez(folder / "predictions.npz", allow_pickle=False, **arrays(prediction, model))
    (folder / "predictions.csv").write_text(as_csv(prediction, model), encoding="utf-8")
    (folder / "angles.csv").write_text(angles_as_csv(prediction), encoding="utf-8")
    (folder / "poses.html").write_text(page.of(prediction, model, source.name, frames_per_second), encoding="utf-8")
    drawing.draw(folder / "keypoints.png", prediction.keypoints, prediction.rows)
    if prediction.keypoints.table.followed:
        for person in np.unique(prediction.person).tolist():
            movement.write(folder, prediction, model, person, frames_per_second)


def arrays(prediction: Prediction, model: Model) -> dict[str, np.ndarray]:
    """What predictions.npz has; N poses, K hypotheses, J joints, lengths in mm and px."""
    poses, placement = prediction.poses, prediction.placement
    return {
        "hypotheses": poses.hypotheses,
        "weights": poses.weights,
        "mean": poses.mean,
        "spread_mm": poses.spread_mm,
        "angles_deg": prediction.angles.mean,
        "angle_spread_deg": prediction.angles.spread,
        "angle_names": np.array(prediction.angles.names),
        "weak_perspective_root_mm": placement.root_mm.astype(np.float32),
        "weak_perspective_root_px": placement.root_px.astype(np.float32),
        "weak_perspective_scale": placement.scale.astype(np.float32),
        "reprojection_error_px": placement.error_px.astype(np.float32),
        "reprojection_error_mm": placement.error_mm.astype(np.float32),
        "keypoints_2d": prediction.joints.astype(np.float32),
        "keypoints_found": prediction.there,
        "confidence": prediction.confidence.astype(np.float32),
        "image_size": prediction.size.astype(np.float32),
        "image": np.array(prediction.images),
        "frame": prediction.frame,
        "person": prediction.person,
        "flags": np.array(["; ".join(names) for names in prediction.flags]),
        "joints": np.array(model.predictor.skeleton.names),
        "joints_2d": np.array(HUMAN36M_17.names),
    }


def as_json(prediction: Prediction, model: Model, source: Path) -> str:
    """predictions.json: what the numbers mean, then one line for each pose."""
    skeleton, table = model.predictor.skeleton, prediction.keypoints.table
    raised = sorted({name for names in prediction.flags for name in names})
    left_out = np.setdiff1d(np.arange(len(table)), prediction.rows)
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "input": {
            "file": source.name,
            "format": table.source,
            "layout": prediction.keypoints.layout.name,
            "layout_because": prediction.keypoints.why,
        },
        "model": {
            "variant": model.predictor.variant_name,
            "file": model.path.name,
            "sha256": model.sha256,
            "trained_on": prediction.trained_on,
        },
        "units": "mm",
        "axes": AXES,
        "joints": list(skeleton.names),
        "parents": list(skeleton.parents),
        "joints_2d": list(HUMAN36M_17.names),
        "angles": list(prediction.angles.names),
        "flags": {name: flags.MEANING[name] for name in raised},
        "left_out": [{"image": table.images[row], "reason": "too few joints were found"} for row in left_out.tolist()],
    }
    lines = ",\n".join(json.dumps(pose, allow_nan=False, ensure_ascii=False) for pose in _each(prediction))
    opened = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    return f'{opened},\n "poses": [\n{lines}\n ]\n}}\n'


def _each(prediction: Prediction) -> Iterator[dict[str, Any]]:
    """The poses as JSON, rounded to 0.1 mm and 0.1 px."""
    poses, placement = prediction.poses, prediction.placement
    columns: dict[str, Any] = {
        "image": prediction.images,
        "frame": prediction.frame.tolist(),
        "person": prediction.person.tolist(),
        "flags": prediction.flags,
        "absent_joints": [prediction.absent(row) for row in range(len(prediction))],
        "mean": _rounded(poses.mean),
        "spread_mm": _rounded(poses.spread_mm),
    }
    if 1 < poses.hypotheses.shape[1] <= LARGE_FILE:
        columns |= {"hypotheses": _rounded(poses.hypotheses), "weights": _rounded(poses.weights, 4)}
    columns |= {
        "angles_deg": _rounded(prediction.angles.mean),
        "angle_spread_deg": _rounded(prediction.angles.spread),
        "weak_perspective_root_mm": _rounded(placement.root_mm, 0),
        "weak_perspective_px_per_mm": _rounded(placement.scale, 5),
        "reprojection_error_px": _rounded(placement.error_px),
        "reprojection_error_mm": _rounded(placement.error_mm),
        "keypoints_2d": _rounded(prediction.joints),
    }
    for row in range(len(prediction)):
        yield {name: values[row] for name, values in columns.items()}


def _rounded(values: Any, decimals: int = 1) -> Any:
    """Numbers for JSON; None for what is not finite."""
    found = np.asarray(values, dtype=np.float64).round(decimals)
    if np.isfinite(found).all():
        return found.tolist()
    return [_rounded(value, decimals) for value in found] if found.ndim else None


def as_csv(prediction: Prediction, model: Model) -> str:
    """predictions.csv: a line for each joint of each pose."""
    skeleton = model.predictor.skeleton
    chosen = joint_choice(skeleton)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ("image", "frame", "person", "joint", "x_mm", "y_mm", "z_mm", "spread_mm", "x_px", "y_px", "found", "flags")
    )
    mean, spread = _rounded(prediction.poses.mean), _rounded(prediction.poses.spread_mm)
    seen, there = _rounded(prediction.joints[:, chosen]), prediction.there[:, chosen].tolist()
    images, frame, person = prediction.images, prediction.frame.tolist(), prediction.person.tolist()
    for row in range(len(prediction)):
        raised = "; ".join(prediction.flags[row])
        for joint, name in enumerate(skeleton.names):
            place = (images[row], frame[row], person[row], name, *mean[row][joint], spread[row][joint])
            writer.writerow((*place, *seen[row][joint], int(there[row][joint]), raised))
    return file.getvalue()


def angles_as_csv(prediction: Prediction) -> str:
    """angles.csv: a line for each pose, with each angle and its standard deviation in degrees."""
    found, file = prediction.angles, io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = [f"{name}{ending}" for name in found.names for ending in ("_deg", "_spread_deg")]
    writer.writerow(("image", "frame", "person", *columns, "flags"))
    values = _rounded(np.stack((found.mean, found.spread), axis=-1).reshape(len(prediction), -1))
    places = zip(prediction.images, prediction.frame.tolist(), prediction.person.tolist(), strict=True)
    for place, row, raised in zip(places, values, prediction.flags, strict=True):
        writer.writerow((*place, *row, "; ".join(raised)))
    return file.getvalue()


def into(
    folder: Path,
    prediction: Prediction,
    model: Model,
    source: Path,
    frames_per_second: float,
    more: Callable[[Path], None] | None = None,
) -> None:
    """Write the whole folder or nothing of it. `more` writes what else belongs into it."""
    target = folder.resolve() if folder.is_symlink() else folder  # a link stays one
    with artifacts.atomic_folder(target) as part:
        write(part, prediction, model, source, frames_per_second)
        if more is not None:
            more(part)
