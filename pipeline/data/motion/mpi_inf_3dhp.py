"""MPI-INF-3DHP's test set: six people in three scenes, to measure on and never to train on.

Mehta et al., "Monocular 3D human pose estimation in the wild using improved CNN supervision", 2017. Each sequence
TS1 ... TS6 has one `annot_data.mat` (MATLAB 7.3, which is HDF5). MATLAB keeps its axes the other way round than HDF5
and numpy do, so what its README calls 3 x 17 x 1 x n is read here as [n, 1, 17, 3]:

- `univ_annot3` [n, 1, 17, 3]: joints in the camera's frame, mm, scaled to the height of Human3.6M's universal skeleton;
  the published numbers are of these, not of the unscaled `annot3`;
- `annot2` [n, 1, 17, 2]: their pixels;
- `valid_frame` [n, 1]: 1 for the frames that count, 2929 in all.

The 17 joints are not Human3.6M's, but near enough to stand for them. The authors' evaluation
(`mpii_get_joints('relevant')`) names them; EvoSkeleton and PoseLifter match them with Human3.6M's as is done here.

| our joint                 | the test set's | why                                                         |
| ------------------------- | -------------- | ----------------------------------------------------------- |
| Hip                       | pelvis         | the root of both                                            |
| hips, knees, ankles       | the same       | "right" is the person's right in both                       |
| Spine                     | spine          | half way up the trunk in both                               |
| Thorax                    | neck           | the base of the neck, where the shoulders hang in both      |
| Neck/Nose                 | head           | no nose here: what lies between the neck's base and the top |
| Head                      | head top       | the end of the chain in both                                |
| shoulders, elbows, wrists | the same       |                                                             |

The file holds no camera. Focal lengths and centre are fitted to it, an ideal lens by linear least squares. What that
leaves over shows whether a file's 2D and 3D belong together; see `LARGEST_RESIDUAL`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.data import apart
from pipeline.data.fetch import licensed
from pipeline.geometry import stature
from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet, concatenate
from pipeline.geometry.skeleton import HUMAN36M_17

JOINTS = (
    *("head top", "neck", "right shoulder", "right elbow", "right wrist"),
    *("left shoulder", "left elbow", "left wrist", "right hip", "right knee", "right ankle"),
    *("left hip", "left knee", "left ankle", "pelvis", "spine", "head"),
)
STANDS_FOR = {
    **{"Hip": "pelvis", "RHip": "right hip", "RKnee": "right knee", "RAnkle": "right ankle"},
    **{"LHip": "left hip", "LKnee": "left knee", "LAnkle": "left ankle"},
    **{"Spine": "spine", "Thorax": "neck", "Neck/Nose": "head", "Head": "head top"},
    **{"LShoulder": "left shoulder", "LElbow": "left elbow", "LWrist": "left wrist"},
    **{"RShoulder": "right shoulder", "RElbow": "right elbow", "RWrist": "right wrist"},
}
ORDER = tuple(JOINTS.index(STANDS_FOR[name]) for name in HUMAN36M_17.names)


class Sequence(NamedTuple):
    scene: str
    width: int  # of the image, px
    height: int


SEQUENCES = {
    "TS1": Sequence("studio with green screen", 2048, 2048),
    "TS2": Sequence("studio with green screen", 2048, 2048),
    "TS3": Sequence("studio without green screen", 2048, 2048),
    "TS4": Sequence("studio without green screen", 2048, 2048),
    "TS5": Sequence("outdoor", 1920, 1080),
    "TS6": Sequence("outdoor", 1920, 1080),
}

# As a share of the image's width. The outdoor camera's distorted lens leaves 0.3 %, a skeleton scaled about its
# pelvis by a tenth 1.2 %, the 2D of other frames 20 %.
LARGEST_RESIDUAL = 0.03


def load(licensed_folder: Path, progress: bool = True) -> tuple[PoseSet, dict[str, Any]]:
    """The valid frames of TS1 ... TS6 and what was kept: frames and poses of each sequence, the camera fitted to it.

    A pose's action is its scene; its subject and its take are its sequence; its frame counts from 1, as the images'
    names do. A missing, damaged or contradictory file raises InputError.
    """
    paths = licensed.require("mpi_inf_3dhp", licensed_folder)
    bar = tqdm(zip(SEQUENCES, paths, strict=True), "MPI-INF-3DHP", len(paths), disable=None if progress else True)
    loaded = {name: _load_sequence(name, path) for name, path in bar}
    poses = concatenate([poses for poses, _ in loaded.values()]).check()
    sequences = {name: summary for name, (_, summary) in loaded.items()}
    return poses, {"source": "mpi_inf_3dhp", "poses": len(poses), "sequences": sequences}


def _load_sequence(name: str, path: Path) -> tuple[PoseSet, dict[str, Any]]:
    sequence = SEQUENCES[name]
    pixels, joints, valid = _read(path)
    rows = np.flatnonzero(valid)
    if not len(rows):
        raise InputError(f"{path}: valid_frame: marks no frame as valid; bring the file again")
    pixels, joints = _checked(path, "annot2", pixels, rows), _checked(path, "univ_annot3", joints, rows)
    if (joints[..., 2] <= 0).any():
        raise InputError(f"{path}: univ_annot3: joints behind the camera (z <= 0 mm); bring the file again")
    misfit = stature.misfit(joints[:, ORDER])
    if misfit:
        raise InputError(f"{path}: univ_annot3: {misfit}; positions must be in mm; bring the file again")
    focal_length, center, residual = fit_camera(joints, pixels)
    if residual > LARGEST_RESIDUAL * sequence.width or min(focal_length) <= 0:
        raise InputError(
            f"{path}: annot2 and univ_annot3 do not belong together: the best camera has focal lengths "
            f"{focal_length[0]:.0f} and {focal_length[1]:.0f} px and misses by {residual:.0f} px, expected positive "
            f"ones and at most {LARGEST_RESIDUAL * sequence.width:.0f} px; bring {name}'s own file again"
        )
    zeros = np.zeros(len(rows), dtype=np.int16)
    poses = PoseSet(
        keypoints_2d=pixels[:, ORDER].astype(np.float32),
        joints_3d=joints[:, ORDER].astype(np.float32),
        camera=zeros,
        subject=zeros,
        action=zeros,
        take=zeros,
        frame=(rows + 1).astype(np.int32),
        cameras=[_camera(name, focal_length, center)],
        subjects=[name],
        actions=[sequence.scene],
        takes=[name],
    )
    return poses, {
        **{"scene": sequence.scene, "frames": len(valid), "poses": len(rows)},
        "focal_length": [round(value, 2) for value in focal_length],
        "center": [round(value, 2) for value in center],
        "residual_px": round(residual, 2),
    }


def _camera(name: str, focal_length: tuple[float, float], center: tuple[float, float]) -> Camera:
    """The camera is the world here: the file has nothing else to place it in."""
    return Camera(
        width=SEQUENCES[name].width,
        height=SEQUENCES[name].height,
        focal_length=focal_length,
        center=center,
        radial_distortion=(0.0, 0.0, 0.0),
        tangential_distortion=(0.0, 0.0),
        orientation=(1.0, 0.0, 0.0, 0.0),
        translation=(0.0, 0.0, 0.0),
        id=name,
    )


def fit_camera(
    joints: NDArray[np.float64], pixels: NDArray[np.float64]
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Focal lengths and centre (px) of the ideal lens that maps `joints` [..., 3] nearest to `pixels` [..., 2].

    For each axis alone, a straight line through pixel over slope (x / z, y / z) with the least squared error. The third
    value is the root mean square distance (px) that is left between a joint's pixel and where the fit puts it.
    """
    slopes = (joints[..., :2] / joints[..., 2:]).reshape(-1, 2)
    targets = pixels.reshape(-1, 2)
    lines = [
        np.linalg.lstsq(np.stack((slopes[:, axis], np.ones(len(slopes))), axis=1), targets[:, axis], rcond=None)[0]
        for axis in (0, 1)
    ]
    (focal_x, center_x), (focal_y, center_y) = ((float(focal), float(center)) for focal, center in lines)
    missed = slopes * (focal_x, focal_y) + (center_x, center_y) - targets
    residual = float(np.sqrt(np.square(missed).sum(axis=1).mean()))
    return (focal_x, focal_y), (center_x, center_y), residual


def _read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """annot2 [n, 17, 2], univ_annot3 [n, 17, 3] and valid_frame [n] of a file, with the shapes checked."""
    names = ("annot2", "univ_annot3", "valid_frame")
    try:
        with apart.Apart() as process:
            found = process.call(apart.hdf5_arrays, path, names)
    except apart.Unreadable as error:
        raise InputError(f"{path}: not readable as MATLAB 7.3 (HDF5) ({error}); bring the file again") from None
    wrong = next((name for name in names if isinstance(found[name], str)), None)
    if wrong is not None:
        raise InputError(f"{path}: {wrong}: {found[wrong]}; bring the test set's annot_data.mat")
    arrays: dict[str, NDArray[np.float64]] = found
    pixels, joints = _frames_first(path, arrays, "annot2", 2), _frames_first(path, arrays, "univ_annot3", 3)
    valid = arrays["valid_frame"].reshape(-1)
    if not len(pixels) == len(joints) == len(valid):
        raise InputError(
            f"{path}: annot2, univ_annot3 and valid_frame have {len(pixels)}, {len(joints)} and {len(valid)} frames; "
            "bring the file again"
        )
    if not np.isin(valid, (0, 1)).all():
        raise InputError(f"{path}: valid_frame: expected 0 and 1 only; bring the file again")
    return pixels, joints, valid == 1


def _frames_first(
    path: Path, arrays: dict[str, NDArray[np.float64]], name: str, coordinates: int
) -> NDArray[np.float64]:
    """[n, 1, 17, c] as [n, 17, c]."""
    array = arrays[name]
    expected = (len(JOINTS), coordinates)
    if array.ndim != 4 or array.shape[1:] != (1, *expected):
        raise InputError(
            f"{path}: {name}: expected [frames, 1, {expected[0]}, {expected[1]}] (MATLAB's {expected[1]} x "
            f"{expected[0]} x 1 x frames), found {list(array.shape)}; bring the test set's annot_data.mat"
        )
    return array[:, 0]


def _checked(path: Path, name: str, array: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The valid rows, all finite. The others may hold anything."""
    chosen = array[rows]
    broken = ~np.isfinite(chosen).all(axis=(1, 2))
    if broken.any():
        raise InputError(
            f"{path}: {name}: not finite in frame {rows[broken.argmax()] + 1}, which is valid ({broken.sum()} such "
            "frames); bring the file again"
        )
    return chosen
