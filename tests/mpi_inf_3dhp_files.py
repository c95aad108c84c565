"""Annotation files of MPI-INF-3DHP's test set as MATLAB 7.3 writes them, with cameras and joints known here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.data.motion.mpi_inf_3dhp import SEQUENCES

FOCAL_LENGTH, CENTER = (1500.0, 1480.0), (1020.0, 1040.0)
FRAMES, VALID = 6, (1, 3, 4)  # of every sequence; VALID counts from 0


# A person who stands, mm, y down, in the test set's order; the left is where x is above 0.
STANDING = np.array(
    [
        *((0, -700, 0), (0, -500, 0), (-180, -480, 0), (-200, -200, 0), (-210, 40, 0)),
        *((180, -480, 0), (200, -200, 0), (210, 40, 0), (-120, 0, 0), (-130, 430, 0), (-130, 850, 0)),
        *((120, 0, 0), (130, 430, 0), (130, 850, 0), (0, 0, 0), (0, -250, 0), (0, -580, 0)),
    ]
)


def people(frames: int, seed: int = 0) -> np.ndarray:
    """Joints [frames, 17, 3] in front of a camera, mm, in the test set's order."""
    draw = np.random.default_rng(seed)
    places = np.stack((draw.uniform(-700, 700, frames), draw.uniform(-200, 200, frames), np.full(frames, 4000)), -1)
    return places[:, None] + STANDING + draw.uniform(-90, 90, (frames, 17, 3))


def seen(joints: np.ndarray, focal_length: tuple = FOCAL_LENGTH, center: tuple = CENTER) -> np.ndarray:
    return joints[..., :2] / joints[..., 2:] * focal_length + center


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """A sequence's annotations with the axes as h5py shows them."""
    joints = people(FRAMES, seed)
    valid = np.isin(np.arange(FRAMES), VALID).astype(float)[:, None]
    return {"annot2": seen(joints)[:, None], "univ_annot3": joints[:, None], "valid_frame": valid}


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write a file as MATLAB's `save -v7.3` does: HDF5 behind 512 bytes of MATLAB's own, classes as attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in content.items():
            file.create_dataset(name, data=value).attrs["MATLAB_class"] = np.bytes_("double")
        file.create_dataset("activity_annotation", data=np.ones((FRAMES, 1)))
        file.create_group("#refs#")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\0\x02IM")
    return path


def place(folder: Path, sequence: str) -> Path:
    return folder / "mpi_inf_3dhp" / "mpi_inf_3dhp_test_set" / sequence / "annot_data.mat"


def write_all(licensed: Path) -> Path:
    """Every sequence's file, each of other people."""
    for seed, sequence in enumerate(SEQUENCES):
        write(place(licensed, sequence), arrays(seed))
    return licensed
