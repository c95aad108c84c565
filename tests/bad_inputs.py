"""Wrong input of every kind, each made as a user could have made it, for the page docs/bad_input.md."""

from __future__ import annotations

import errno
import gzip
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import acclaim_files
import human36m_files
import numpy as np
import pytest
import torch
from repository import replace_in
from stick_body import natural_joints, stick_landmarks

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.authors import old_formats
from pipeline.data import safe_pickle, smpl
from pipeline.data.images import coco
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import read_skeleton
from pipeline.data.motion.human36m import archives
from pipeline.predict import keypoints
from pipeline.training.errors import CheckpointError


@dataclass(frozen=True)
class Case:
    """What is wrong, how it is made in the working directory, and the command; or a reader that a stage calls."""

    what: str
    make: Callable[[], Any]
    command: tuple[str, ...] = ()
    reader: Callable[[], Any] | None = None


def joints(change: Callable[[np.ndarray], Any] = lambda value: None, **more: Any) -> Callable[[], None]:
    def make() -> None:
        value = 1000 * natural_joints(stick_landmarks(), torch.zeros(10, dtype=torch.float64), 5).numpy()
        changed = change(value)
        np.savez("mine.npz", joints_3d=value if changed is None else changed, **more)

    return make


def put(place: Any, value: float) -> Callable[[np.ndarray], None]:
    return lambda array: array.__setitem__(place, value)


def text(name: str, content: str | bytes) -> Callable[[], None]:
    def make() -> None:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def points(**arrays: Any) -> Callable[[], None]:
    return lambda: np.savez("keypoints.npz", **arrays)


def evil_pickle() -> bytes:
    return b"cos\nsystem\n(S'touch executed'\ntR."


def small_asf(old: str, new: str) -> Callable[[], None]:
    return text("small.asf", acclaim_files.SMALL_ASF.replace(old, new, 1))


def amc(old: str, new: str) -> Callable[[], None]:
    def make() -> None:
        text("small.asf", acclaim_files.SMALL_ASF)()
        text("take.amc", (acclaim_files.AMC_HEADER + acclaim_files.small_frame(1)).replace(old, new, 1))()

    return make


def read_bones() -> None:
    read_skeleton(Path("small.asf"))


def read_take() -> None:
    read_motion(Path("take.amc"), read_skeleton(Path("small.asf")))


def read_keypoints() -> None:
    keypoints.read(Path("keypoints.npz"))


def read_smpl() -> None:
    smpl.read(Path("body.pkl"))


def read_npz() -> None:
    safe_pickle.read(Path("data.npz"), ["positions_3d"])


def read_coco() -> None:
    coco.read_annotations(Path("raw"), "val", "pose")


def write_nan() -> None:
    artifacts.write_json(Path("results/tiny/metrics/semgcn.json"), {"p1": float("nan")})


def evil_npz() -> None:
    human36m_files.write_npz(Path("data.npz"), positions_3d=human36m_files.member_of(evil_pickle()))


def setting(old: str, new: str) -> Callable[[], None]:
    return lambda: replace_in(Path("params/tiny.yaml"), old, new)


def npy() -> None:
    with Path("mine.npz").open("wb") as file:
        np.save(file, np.zeros(5))


def full_folder() -> None:
    points(keypoints=POINTS)()
    text("poses/mine.txt", "x")()


def linked() -> None:
    Path("data").rename("elsewhere")
    Path("data").symlink_to("elsewhere")


def link_in_archive() -> None:
    """An archive of Human3.6M that holds nothing but a link to a file outside, under a take's name."""
    entry = tarfile.TarInfo("S1/MyPoseFeatures/D3_Positions/Walking.cdf")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open("Poses_D3_Positions_S1.tgz", "w:gz") as archive:
        archive.addfile(entry)


def bomb_in_archive() -> None:
    entry = tarfile.TarInfo("S1/MyPoseFeatures/D3_Positions/Walking.cdf")
    entry.size = 3 << 30
    Path("Poses_D3_Positions_S1.tgz").write_bytes(gzip.compress(entry.tobuf()))


def released() -> None:
    archives.read([Path("Poses_D3_Positions_S1.tgz")], progress=False)


def outside_of_archive() -> None:
    """COCO's annotations with a member that would be written outside of the folder."""
    path = Path("raw/images.cocodataset.org/annotations/annotations_trainval2017.zip")
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../../executed", "x")


def zip_bomb() -> None:
    with zipfile.ZipFile("mine.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("joints_3d.npy", b"\0" * 1000)
    content = Path("mine.npz").read_bytes()
    at = content.rindex(b"PK\x01\x02") + 24  # the entry's uncompressed size in the directory
    Path("mine.npz").write_bytes(content[:at] + (3 << 30).to_bytes(4, "little") + content[at + 4 :])


def nested_persistent() -> None:
    """A checkpoint of the authors whose persistent identity holds a call in place of a storage's name."""
    inner = b"(X\x07\0\0\0storage" + evil_pickle()[:-1] + b"X\x01\0\0\0000X\x03\0\0\0cpuK\x01tQ."
    with zipfile.ZipFile("weights.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + inner)


def checkpoint() -> None:
    try:
        old_formats.load(Path("weights.pth"))
    except CheckpointError as error:
        raise InputError(str(error)) from None


FIT = ("fit_body", "--joints", "mine.npz", "--output", "bodies.npz")
PREDICT = ("predict", "keypoints.npz", "--output", "poses", "--width", "1000", "--height", "1000")
POINTS = np.random.default_rng(0).uniform(1, 900, (2, 17, 2))

CASES: dict[str, list[Case]] = {
    'Numbers that mean "not found"': [
        Case("poses of zeros", joints(put(np.s_[[2, 4]], 0)), FIT),
        Case("a joint at 9999", joints(put(np.s_[2, 9], 9999)), FIT),
        Case("NaN", joints(put(np.s_[1, 3], np.nan)), FIT),
        Case("every keypoint -1", points(keypoints=np.full((2, 17, 2), -1.0)), reader=read_keypoints),
    ],
    "Units and sizes": [
        Case("joints in metres", joints(lambda value: value / 1000), FIT),
        Case("joints in centimetres", joints(lambda value: value / 10), FIT),
        Case("another order or number of joints", joints(lambda value: value[:, :16]), FIT),
        Case(
            "a skeleton's length unit is 0",
            small_asf("length 0.5", "length 0"),
            reader=read_bones,
        ),
    ],
    "Numbers in text": [
        Case(
            "`1.#INF` in an ASF",
            small_asf("length 3", "length 1.#INF"),
            reader=read_bones,
        ),
        Case("a decimal comma", small_asf("length 3", "length 3,5"), reader=read_bones),
        Case("`-1.#IND` in an AMC", amc("arm 0", "arm -1.#IND"), reader=read_take),
        Case("a frame without its number", amc("1\nroot", "root"), reader=read_take),
        Case("a frame's number is 1.5", amc("1\nroot", "1.5\nroot"), reader=read_take),
    ],
    "A user's own files": [
        Case("no such file", lambda: None, FIT),
        Case("an npy in place of an npz", npy, FIT),
        Case("pickled objects", lambda: np.savez("mine.npz", joints_3d=np.array([{}], dtype=object)), FIT),
        Case("text", text("mine.npz", "hello"), FIT),
        Case("another name in the npz", lambda: np.savez("mine.npz", joints=np.zeros(5)), FIT),
        Case("a name for every second pose", joints(subject=np.array(["a", "b"])), FIT),
        Case("keypoints of 5 joints", points(keypoints=POINTS[:, :5]), reader=read_keypoints),
        Case("no keypoints", points(keypoints=POINTS[:0]), reader=read_keypoints),
        Case("a picture", text("keypoints.npz", b"\x89PNG\r\n"), reader=read_keypoints),
        Case("half a JSON", text("keypoints.npz", '[{"image_id": 1'), reader=read_keypoints),
    ],
    "Outputs": [
        Case("the output is the input", joints(), (*FIT[:3], "--output", "mine.npz")),
        Case("the output is a folder", joints(), (*FIT[:3], "--output", "data")),
        Case("the output is below a file", joints(), (*FIT[:3], "--output", "mine.npz/bodies.npz")),
        Case("the output may not be written", joints(), (*FIT[:3], "--output", "/proc/nowhere/bodies.npz")),
        Case("a folder with other files", full_folder, PREDICT),
    ],
    "Names and settings": [
        Case("an unknown preset", lambda: None, ("plan", "--preset", "tny")),
        Case("a preset's name with a space", text("params/my preset.yaml", ""), ("plan", "--preset", "my preset")),
        Case("a preset named as a folder of the pipeline", text("params/raw.yaml", ""), ("plan", "--preset", "raw")),
        Case("a preset named as a word of YAML", text("params/null.yaml", ""), ("plan", "--preset", "null")),
        Case("a misspelt key", setting("threads:", "thread:"), ("plan",)),
        Case(
            "text in place of a number",
            lambda: replace_in(Path("params/tiny.yaml"), "threads: 1", "threads: one"),
            ("plan",),
        ),
        Case(
            "what two dialects of YAML read differently",
            lambda: replace_in(Path("params/tiny.yaml"), "threads: 1", "threads: 010"),
            ("plan",),
        ),
        Case("weights named as a path", lambda: None, ("export_weights", "--variant", "semgcn", "--name", "../mine")),
        Case(
            "`data` is a link",
            linked,
            ("plan",),
        ),
    ],
    "Files that want to do harm": [
        Case(
            "a pickle that calls os.system, in an npz",
            evil_npz,
            reader=read_npz,
        ),
        Case("the same as SMPL's body", text("body.pkl", evil_pickle()), reader=read_smpl),
        Case("the same as a checkpoint", text("weights.pth", evil_pickle()), reader=checkpoint),
        Case("a call within a persistent identity", nested_persistent, reader=checkpoint),
        Case(
            "a buffer outside a pickle of protocol 5",
            text("body.pkl", b"\x80\x05\x97."),
            reader=read_smpl,
        ),
        Case("an npz that claims 3 GB", zip_bomb, FIT),
        Case("a link in an archive", link_in_archive, reader=released),
        Case("a take of 3 GB in an archive", bomb_in_archive, reader=released),
        Case(
            "a member outside the folder",
            outside_of_archive,
            reader=read_coco,
        ),
    ],
    "The machine": [
        Case("the disk is full", lambda: None, reader=lambda: fails(errno.ENOSPC)),
        Case("the folder may not be written", lambda: None, reader=lambda: fails(errno.EROFS)),
        Case(
            "a result is NaN",
            lambda: None,
            reader=write_nan,
        ),
    ],
}


def fails(number: int) -> None:
    """Write a file where the system gives this error."""

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "tempfile", SimpleNamespace(mkstemp=broken))
        artifacts.write_text(Path("results/tiny/README.md"), "x")
