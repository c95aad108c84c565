"""Human3.6M's videos in small, as released: a red disc goes over a blue picture, and a pose's joints lie around it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import human36m_files
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet

WIDTH, HEIGHT, FRAMES, RADIUS = 160, 128, 12, 9
CAMERAS = ("54138969", "55011271")
TAKES = {"Photo 1": "TakingPhoto 1", "Directions": "Directions"}  # as poses name them: as the release does
RED, BLUE = (200, 30, 30), (20, 30, 120)


def centre(take: int, camera: int, frame: int) -> tuple[float, float]:
    """Where the disc is, in px: in another place in every frame of every video."""
    return 50.0 + 4 * frame + 10 * take, 60.0 + 8 * camera - 2 * take


def poses(subject: str = "S1") -> PoseSet:
    """Every second frame of two takes, as two cameras see them."""
    views = [(take, camera, frame) for take in (0, 1) for camera in (0, 1) for frame in range(0, FRAMES, 2)]
    take, camera, frame = np.array(views).T
    around = np.random.default_rng(0).uniform(-20, 20, (17, 2))
    around[0] = 0
    places = np.array([centre(*view) for view in views])[:, None] + around
    lenses = [dataclasses.replace(lens, width=WIDTH, height=HEIGHT) for lens in human36m.rig(subject)]
    return PoseSet(
        keypoints_2d=places.astype(np.float32),
        joints_3d=np.concatenate((places, np.full((len(views), 17, 1), 5000.0)), axis=2).astype(np.float32),
        camera=np.array([[lens.id for lens in lenses].index(CAMERAS[one]) for one in camera], np.int16),
        subject=np.zeros(len(views), np.int16),
        action=take.astype(np.int16),
        take=take.astype(np.int16),
        frame=frame.astype(np.int32),
        cameras=lenses,
        subjects=[subject],
        actions=["Photo", "Directions"],
        takes=list(TAKES),
    ).check()


def picture(at: tuple[float, float], size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.uint8]:
    """RGB; the first pixel's centre is at (0.5, 0.5)."""
    y, x = np.mgrid[: size[1], : size[0]] + 0.5
    inside = np.hypot(x - at[0], y - at[1]) < RADIUS
    return np.where(inside[..., None], RED, BLUE).astype(np.uint8)


def video(path: Path, take: int, camera: int, frames: int = FRAMES, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """An MP4 file of 50 frames per second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 50, size)
    for frame in range(frames):
        writer.write(picture(centre(take, camera, frame), size)[..., ::-1])
    writer.release()
    return path.read_bytes()


def videos(folder: Path, subject: str = "S1") -> dict[str, bytes]:
    """The members of a subject's archive, with a film of all takes, which nobody asks for."""
    found = {f"{subject}/Videos/_ALL.{CAMERAS[0]}.mp4": b"not looked at"}
    for take, name in enumerate(TAKES.values()):
        for camera, number in enumerate(CAMERAS):
            found[f"{subject}/Videos/{name}.{number}.mp4"] = video(folder / "one.mp4", take, camera)
    return found


def archive(folder: Path, members: dict[str, bytes], subject: str = "S1") -> Path:
    return human36m_files.write_tgz(folder / f"Videos_{subject}.tgz", members)
