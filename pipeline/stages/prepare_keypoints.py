"""Stage prepare_keypoints: the 2D joints of a detector, from the user's file or from a model of a detector's errors.

data/<preset>/motion/<detector> has the same rows as the ground truth and other keypoints_2d.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.data.fetch import licensed
from pipeline.data.motion import keypoint_noise
from pipeline.data.motion.human36m import detections
from pipeline.data.motion.settings import KeypointFile, NoisyKeypoints
from pipeline.geometry.poses import read_poses

SPLITS = ("train", "test")


def run(run: Run, detector: str) -> None:
    with artifacts.atomic_folder(run.layout.motion(detector)) as folder:
        _write(run, detector, run.preset.keypoints[detector], folder)  # type: ignore[index]


def _write(run: Run, detector: str, settings: NoisyKeypoints | KeypointFile, folder: Path) -> None:
    file = None if isinstance(settings, NoisyKeypoints) else _file(run, detector)
    summary: dict[str, Any] = {"name": detector, "source": settings.source, "description": _sentence(detector, file)}
    for stream, split in enumerate(SPLITS):
        poses = read_poses(run.layout.motion_split(split))
        if isinstance(settings, NoisyKeypoints):
            found = keypoint_noise.spoil(poses.keypoints_2d, settings, stream)
        else:
            assert file is not None
            found = detections.read(file, poses)
        artifacts.write_arrays(folder / f"{split}.npz", replace(poses, keypoints_2d=found).check().to_arrays())
        summary |= keypoint_noise.distance_summary(found, poses.keypoints_2d)  # the test split's stay
    artifacts.write_json(folder / "summary.json", summary)


def _file(run: Run, detector: str) -> Path:
    try:
        (file,) = licensed.require(detector, run.layout.licensed)
    except InputError as error:
        where = f"params/{run.preset_name}.yaml: keypoints.{detector}"
        raise InputError(f"{where}: {error}; or take the key out, and variants with this input are not run") from None
    return file


def _sentence(detector: str, file: Path | None) -> str:
    """What captions say about the input."""
    words = detector.replace("_", " ")
    if file:
        return f"2D joints are detections of a {words} ({file.name})."
    return f"No detector ran: where a {words} is named, 2D joints are true ones spoilt by a model of its errors."
