"""Small Human3.6M archives in exactly the formats that users have, of people whose every joint is known."""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cdflib.cdfwrite import CDF
from numpy.typing import NDArray

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
OFFICIAL = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}

# Where the 17 joints are among the 32, and where they are in the first frame: metres, z up.
STANDING = {
    "Hip": (0, (0.0, 0.0, 0.95)),
    "RHip": (1, (-0.13, 0.0, 0.95)),
    "RKnee": (2, (-0.13, 0.02, 0.5)),
    "RAnkle": (3, (-0.14, 0.0, 0.08)),
    "LHip": (6, (0.13, 0.0, 0.96)),
    "LKnee": (7, (0.13, 0.03, 0.52)),
    "LAnkle": (8, (0.15, 0.0, 0.09)),
    "Spine": (12, (0.01, 0.0, 1.2)),
    "Thorax": (13, (0.0, 0.01, 1.43)),
    "Neck/Nose": (14, (0.0, -0.05, 1.5)),
    "Head": (15, (0.0, 0.0, 1.62)),
    "LShoulder": (17, (0.15, 0.0, 1.4)),
    "LElbow": (18, (0.2, 0.02, 1.12)),
    "LWrist": (19, (0.22, -0.1, 0.9)),
    "RShoulder": (25, (-0.15, 0.0, 1.41)),
    "RElbow": (26, (-0.21, 0.02, 1.13)),
    "RWrist": (27, (-0.23, -0.2, 0.91)),
}


def motion(frames: int, subject: str = "S1", take: str = "Walking") -> NDArray[np.float64]:
    """32 joints [T, 32, 3] in metres: STANDING, 1 cm further in x every frame, in another place for every take.

    What is none of the 17 joints is at 77 m, so that it can't be taken for one unnoticed.
    """
    joints = np.full((frames, 32, 3), 77.0)
    place = np.random.default_rng([*subject.encode(), *take.encode()]).uniform(-0.5, 0.5, size=2)
    for index, position in STANDING.values():
        joints[:, index] = position + np.array([*place, 0.0])
    joints[..., 0] += 0.01 * np.arange(frames)[:, None]
    return joints


def frame_count(subject: str, take: str) -> int:
    """Every take has a length of its own, between 11 and 25 frames."""
    return 11 + (SUBJECTS.index(subject) + sum(take.encode())) % 15


def everyone(official: bool = False) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Subject -> take -> joints [T, 32, 3] in metres: two takes an action, and the release's `_ALL`.

    Names as VideoPose3D has them or, if `official`, as the release; S11's damaged take is only in the latter.
    """
    subjects: dict[str, dict[str, NDArray[np.float64]]] = {}
    for subject in SUBJECTS:
        takes = subjects.setdefault(subject, {})
        for action in reversed(ACTIONS):
            for suffix in (" 1", ""):
                name = OFFICIAL.get(action, action) if official else action
                take = action + suffix
                takes[name + suffix] = motion(frame_count(subject, take), subject, take)
        if official:
            takes["_ALL"], takes["_ALL 1"] = motion(3), motion(3)
        elif subject == "S11":
            del takes["Directions"]
    return subjects


def member_of(pickled: bytes) -> bytes:
    """A member of an npz: the header of an object array without dimensions, then this pickle."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    return stream.getvalue() + pickled


def pickled_member(value: Any, protocol: int) -> bytes:
    """An npy file that wraps any value, as `np.save` writes it, of any protocol."""
    array = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
    return stream.getvalue() + pickle.dumps(array, protocol=protocol)


def write_npz(path: Path, protocol: int = 4, **members: Any) -> Path:
    """An npz of pickled members; bytes are taken for the content of an npy file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(f"{name}.npy", value if isinstance(value, bytes) else pickled_member(value, protocol))
    return path


def write_prepared(path: Path, subjects: Mapping[str, Mapping[str, NDArray]], protocol: int = 4) -> Path:
    """VideoPose3D's data_3d_h36m.npz."""
    positions = {
        s: {name: joints.astype(np.float32) for name, joints in takes.items()} for s, takes in subjects.items()
    }
    return write_npz(path, protocol, positions_3d=positions)


def cdf_bytes(folder: Path, joints_mm: NDArray, variable: str = "Pose", compress: int = 0) -> bytes:
    """A CDF file of one record [T, 96]."""
    path = folder / "written.cdf"
    specification = {
        **{"Variable": variable, "Data_Type": CDF.CDF_FLOAT, "Num_Elements": 1, "Rec_Vary": True},
        **{"Var_Type": "zVariable", "Dim_Sizes": [len(joints_mm), 96], "Compress": compress},
    }
    file = CDF(path, cdf_spec={"Compressed": compress}, delete=True)
    file.write_var(specification, var_data=joints_mm.reshape(1, len(joints_mm), 96).astype(np.float32))
    file.close()
    return path.read_bytes()


def write_tgz(path: Path, members: Mapping[str, bytes]) -> Path:
    """A tgz with these files by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def write_released(folder: Path, subject: str, takes: Mapping[str, NDArray], compress: int = 0) -> Path:
    """Poses_D3_Positions_S<n>.tgz, with joints given in metres."""
    folder.mkdir(parents=True, exist_ok=True)
    inside = f"{subject}/MyPoseFeatures/D3_Positions"
    members = {
        f"{inside}/{name}.cdf": cdf_bytes(folder, 1000 * joints, "Pose", compress) for name, joints in takes.items()
    }
    (folder / "written.cdf").unlink()
    return write_tgz(folder / f"Poses_D3_Positions_{subject}.tgz", members)
