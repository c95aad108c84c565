"""Human3.6M's own pictures: every pose's frame of the released videos, cut out around the person.

Each archive `Videos_S<n>.tgz` is read once, and a video is on disk only while it is decoded, because OpenCV wants a
path. What is kept of a frame is a square around its true 2D joints, as a JPEG.

A video that ends early, one that is missing, and a person outside the picture cost their images and nothing else; all
are counted and the videos named.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.data.images.crops.boxes import Boxes, boxes_of
from pipeline.data.images.settings import FilmedCrops
from pipeline.data.motion.human36m import tgz
from pipeline.data.motion.human36m.takes import RECORDED_RATE, take_name
from pipeline.geometry.poses import PoseSet

ARCHIVE = re.compile(r"Videos_(S\d+)\.tgz")
MEMBER = re.compile(r"(?:\./)?(S\d+)/Videos/([^/]+)\.(\d+)\.mp4")
LARGEST = 2 << 30  # bytes of a video
FINER = 2  # a cut is made with FINER x FINER pixels per pixel of the crop, and averaged


class Video(NamedTuple):
    """What one camera saw of a take."""

    subject: str
    take: str
    camera: str

    def __str__(self) -> str:
        return f"{self.subject} {self.take}, camera {self.camera}"


@dataclass(frozen=True)
class Packed:
    """M images of one person each."""

    jpegs: list[bytes]
    row: NDArray[np.int64]  # [M] of the poses
    boxes: Boxes  # where the images are in the cameras' pictures
    counts: dict[str, Any]

    def to_arrays(self) -> dict[str, NDArray]:
        """Plain arrays for a file: `jpegs`, one after the other, where each is `first`, the images' `size`, ..."""
        first = np.cumsum([0, *(len(one) for one in self.jpegs)], dtype=np.int64)
        jpegs = np.frombuffer(b"".join(self.jpegs), dtype=np.uint8)
        size, corner, side = np.array(self.boxes.size), self.boxes.corner, self.boxes.side
        return {"jpegs": jpegs, "first": first, "size": size, "row": self.row, "corner": corner, "side": side}


def pack(settings: FilmedCrops, split: str, poses: PoseSet, files: Sequence[Path], progress: bool = True) -> Packed:
    """The images of a split's poses, from the archives of its subjects. `frame` counts the poses' frames at 50 Hz.

    Raises InputError for an archive that is damaged or of another subject, and for a video of another size or under
    two names.
    """
    rows = chosen(poses, settings.frames_per_second, {"train": settings.train, "test": settings.test}[split])
    packing = _Packing(settings, poses, by_video(poses, rows))
    for file in files:
        packing.read(file, progress)
    for sentence in (*packing.missing, *packing.early):
        tqdm.write(f"warning: Human3.6M's videos, {sentence}", file=sys.stderr)
    if not packing.found:
        raise InputError(f"{files[0].parent}: no frame of the {split} poses is in the videos; {tgz.REMEDY}")
    return packing.packed(rows)


class _Packing:
    """The images of a split while its archives are read."""

    def __init__(self, settings: FilmedCrops, poses: PoseSet, asked: Mapping[Video, NDArray[np.int64]]) -> None:
        self.settings, self.poses, self.asked = settings, poses, asked
        self.boxes = boxes_of(poses.keypoints_2d, settings.size)
        self.found: dict[int, bytes] = {}  # JPEGs by row
        self.seen: set[Video] = set()
        self.early: list[str] = []  # videos that end early
        self.outside = 0  # people outside the picture

    @property
    def missing(self) -> list[str]:
        return [f"{video}: not in its archive" for video in self.asked if video not in self.seen]

    def read(self, file: Path, progress: bool) -> None:
        """Cut what is asked for out of an archive's videos, as many at a time as torch has threads."""
        named = ARCHIVE.fullmatch(file.name)
        if not named or named[1] not in {video.subject for video in self.asked}:
            return
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # of a damaged video the count is enough
        at_once = torch.get_num_threads()
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as threads:
            waiting: deque[tuple[Video, Future[list[bytes | None]]]] = deque()
            for match, content in tgz.members(file, MEMBER, LARGEST, progress):
                video = self._named(file, named[1], match)
                if video is None:
                    continue
                path = Path(folder, f"{len(self.seen)}.mp4")
                path.write_bytes(content)
                waiting.append((video, threads.submit(self._cut, video, path)))
                if len(waiting) > at_once:
                    self._keep(*waiting.popleft())
            for one in waiting:
                self._keep(*one)

    def _named(self, file: Path, subject: str, match: re.Match[str]) -> Video | None:
        """Which of the videos that are asked for a member is; None for another one."""
        if match[1] != subject:
            raise InputError(f"{file}: holds videos of {match[1]}; give the archive its name back")
        take = take_name(match[2], str(file))
        video = Video(subject, take, match[3]) if take else None
        if video is None or video not in self.asked:
            return None
        if video in self.seen:
            raise InputError(f"{file}: {video} is there under two names; take one of them away")
        self.seen.add(video)
        return video

    def _cut(self, video: Video, path: Path) -> list[bytes | None]:
        rows = self.asked[video]
        camera = self.poses.cameras[self.poses.camera[rows[0]]]
        boxes = Boxes(self.boxes.corner[rows], self.boxes.side[rows], self.boxes.size)
        try:
            size = camera.width, camera.height
            return list(cuts(path, self.poses.frame[rows].tolist(), boxes, size, self.settings.quality))
        except ValueError as error:
            raise InputError(f"Human3.6M's videos, {video}: {error}; {tgz.REMEDY}") from None
        finally:
            path.unlink()

    def _keep(self, video: Video, cut: Future[list[bytes | None]]) -> None:
        rows, jpegs = self.asked[video], cut.result()
        self.found.update({int(row): jpeg for row, jpeg in zip(rows, jpegs, strict=False) if jpeg is not None})
        self.outside += jpegs.count(None)
        if len(jpegs) < len(rows):
            self.early.append(f"{video}: ends before frame {self.poses.frame[rows[len(jpegs)]]}")

    def packed(self, rows: NDArray[np.int64]) -> Packed:
        there = np.array(sorted(self.found), dtype=np.int64)
        counts = {
            **{"images": len(there), "poses": len(rows), "outside_the_picture": self.outside},
            "without_a_frame": len(rows) - len(there) - self.outside,
            **{"videos_missing": self.missing, "videos_that_end_early": self.early},
        }
        boxes = Boxes(self.boxes.corner[there], self.boxes.side[there], self.boxes.size)
        return Packed([self.found[row] for row in there.tolist()], there, boxes, counts)


def chosen(poses: PoseSet, frames_per_second: float, most: int | None) -> NDArray[np.int64]:
    """The rows of poses at this rate, evenly thinned out if there are more than `most`."""
    rows = np.flatnonzero(poses.frame % round(RECORDED_RATE / frames_per_second) == 0)
    return rows if most is None or len(rows) <= most else rows[(np.arange(most) * len(rows)) // most]


def by_video(poses: PoseSet, rows: NDArray[np.int64]) -> dict[Video, NDArray[np.int64]]:
    """The rows that each video shows, by frame."""
    columns = np.stack((poses.subject[rows], poses.take[rows], poses.camera[rows]))
    keys, owner = np.unique(columns, axis=1, return_inverse=True)
    asked = {}
    for number, (subject, take, camera) in enumerate(keys.T.tolist()):
        of_video = rows[owner == number]
        video = Video(poses.subjects[subject], poses.takes[take], poses.cameras[camera].id)
        asked[video] = of_video[np.argsort(poses.frame[of_video], kind="stable")]
    return asked


def cuts(
    path: Path, frames: Sequence[int], boxes: Boxes, size: tuple[int, int], quality: int
) -> Iterator[bytes | None]:
    """A JPEG for each of these frames of a video, in rising order; None where the box is outside the picture.

    They end with the video. Raises ValueError if it is not of this size (width and height, px).
    """
    import cv2

    capture, at = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
    try:
        for frame, corner, side in zip(frames, boxes.corner, boxes.side, strict=True):
            while at < frame and capture.grab():
                at += 1
            read, picture = capture.read()
            at += 1
            if not read:
                return
            if picture.shape[1::-1] != size:
                found = f"{picture.shape[1]} x {picture.shape[0]} px"
                raise ValueError(f"{found}, where its camera has {size[0]} x {size[1]}")
            inside = (corner < size).all() and (corner + side > 0).all()
            yield jpeg(cut(np.asarray(picture, np.uint8), corner, side, boxes.size), quality) if inside else None
    finally:
        capture.release()


def cut(picture: NDArray[np.uint8], corner: NDArray[np.float32], side: float, size: int) -> NDArray[np.uint8]:
    """A square of a picture [H, W, 3] as a crop [S, S, 3]; what is outside the picture is black.

    Places are as in `Boxes`: the first pixel's centre is at (0.5, 0.5).
    """
    import cv2

    scale = FINER * size / float(side)
    matrix = np.array([[scale, 0, scale * (0.5 - corner[0]) - 0.5], [0, scale, scale * (0.5 - corner[1]) - 0.5]])
    fine = cv2.warpAffine(picture, matrix, (FINER * size, FINER * size), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(crop: NDArray[np.uint8], quality: int) -> bytes:
    import cv2

    return cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
