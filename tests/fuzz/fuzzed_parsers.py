"""Every parser of files from outside with small inputs to begin with, and what may come of any input.

A parser gives data or one clear error. It never crashes the interpreter, hangs, runs code, or takes more than 2 GB.
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import pickle
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import acclaim_files
import coco_files
import human36m_files
import mpi_inf_3dhp_files
import numpy as np
import torch

from pipeline.artifacts import InputError
from pipeline.authors import old_formats
from pipeline.body.fitting.joints_file import read_joints
from pipeline.data import apart, safe_pickle, smpl
from pipeline.data.images import coco
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import read_skeleton
from pipeline.data.motion.human36m import archives, tgz
from pipeline.predict import keypoints, weights
from pipeline.training import checkpoint
from pipeline.training.errors import CheckpointError

KEPT = Path(__file__).parent / "kept"  # inputs that once did harm: a folder for each parser
LONGEST = 1 << 16  # bytes of an input
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "socket.connect",
    "ctypes.dlopen",
)
Seeds = Callable[[], list[bytes]]


@dataclass(frozen=True)
class Parser:
    """`read` reads a file; `write` makes one of an input, `seeds` are good inputs."""

    name: str
    seeds: Seeds
    read: Callable[[Path], Any]
    write: Callable[[Path, bytes], Any] = Path.write_bytes
    file: str = "input"


class CodeRan(BaseException):
    """Reading a file started a program or asked the network."""


_watching = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    of_machine = event == "socket.connect" and isinstance(arguments[1], str | bytes)  # to the reader of CDF files
    if _watching and event.startswith(FORBIDDEN) and not of_machine:
        raise CodeRan(f"{event} {arguments}")


sys.addaudithook(_audit)


def check(parser: Parser, data: bytes, folder: Path) -> bool:
    """Whether the parser took the input. Raises what the parser raised, or AssertionError, if it is no clear error."""
    global _watching
    path = folder / parser.file
    parser.write(path, data)
    _watching = True
    try:
        parser.read(path)
        return True
    except (InputError, CheckpointError) as error:
        assert "\n" not in str(error) and str(error).startswith(str(folder)), str(error)
        return False
    finally:
        _watching = False


# --- inputs to begin with ---------------------------------------------------------------------------------------------


def _file(write: Callable[[Path], Any], name: str = "seed") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write(path)
        return path.read_bytes()


def _npz() -> list[bytes]:
    value = {"S1": {"Walking": np.zeros((2, 3, 3), np.float32), "Eating": np.arange(3)}, "text": ["a", 1, None]}
    members = [human36m_files.pickled_member(value, protocol) for protocol in (0, 2, 4, 5)]
    return [*members, _file(lambda path: human36m_files.write_npz(path, positions_3d=value))]


def _body() -> dict[str, Any]:
    shapes = {"v_template": (4, 3), "shapedirs": (4, 3, 2), "posedirs": (4, 3, 3), "J_regressor": (2, 4)}
    arrays: dict[str, Any] = {name: np.zeros(shape) for name, shape in shapes.items()}
    return arrays | {"weights": np.zeros((4, 2)), "kintree_table": np.zeros((2, 2)), "f": np.zeros((2, 3), np.uint32)}


def _users_npz() -> list[bytes]:
    joints = 1000 * human36m_files.motion(2)[:, [place for place, _ in human36m_files.STANDING.values()]]
    return [
        _file(lambda path: np.savez(path.open("wb"), joints_3d=joints, subject=np.array(["a", "b"]))),
        _file(lambda path: np.savez_compressed(path.open("wb"), joints_3d=joints.astype(np.float32))),
        _file(lambda path: np.save(path.open("wb"), joints)),
        _file(lambda path: np.savez(path.open("wb"), keypoints=np.random.default_rng(0).random((2, 17, 2)))),
    ]


def _hdf5() -> list[bytes]:
    return [_file(lambda path: mpi_inf_3dhp_files.write(path, mpi_inf_3dhp_files.arrays()))]


def _cdf() -> list[bytes]:
    joints = 1000 * human36m_files.motion(2)
    with tempfile.TemporaryDirectory() as folder:
        return [human36m_files.cdf_bytes(Path(folder), joints, compress=level) for level in (0, 6)]


def _keypoints() -> list[bytes]:
    points = [float(value) for value in range(51)]
    found: list[Any] = [
        [{"image_id": 1, "category_id": 1, "keypoints": points, "score": 0.9}],
        [{"image_id": "a.jpg", "keypoints": points, "idx": 1, "box": [1, 2, 3, 4]}],
        {"people": [{"pose_keypoints_2d": [1.0] * 75, "person_id": [-1]}]},
        {
            "images": [{"id": 1, "width": 9, "height": 9, "file_name": "a"}],
            "annotations": [{"image_id": 1, "keypoints": points}],
        },
    ]
    line = ",".join(map(str, range(34)))
    table = f"frame,{','.join('x' * 34)}\n1,{line}\n2,{line}\n"
    return [*(json.dumps(value).encode() for value in found), f"{line}\n{line}\n".encode(), table.encode()]


def _coco() -> list[bytes]:
    return [json.dumps(coco_files.contents("val", 2)[coco.FILES[task].format("val")]).encode() for task in coco.TASKS]


def _torch() -> list[bytes]:
    content = {"epoch": 3, "state_dict": {"a.weight": torch.zeros(2, 3), "n": torch.tensor(5)}, "text": "x"}
    old = _file(lambda path: torch.save(content, path, _use_new_zipfile_serialization=False))
    new = _file(lambda path: torch.save(content, path))
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        inner = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    return [old, new, inner]


def _weights() -> list[bytes]:
    from safetensors.torch import save

    return [save({"a": torch.zeros(2, 3)}, metadata={weights.ABOUT: json.dumps({"format": weights.FORMAT})})]


# --- from an input to a file: what is inside a container is changed too, with the container's check sums right --------


def _write_npz(path: Path, data: bytes) -> None:
    if data.startswith(b"PK"):
        path.write_bytes(data)
    else:
        human36m_files.write_npz(path, positions_3d=data)


def _write_coco(path: Path, data: bytes) -> None:
    coco_files.write_archive(coco_files.path_of(path, coco.ANNOTATIONS), dict.fromkeys(_coco_names(), data))


def _coco_names() -> list[str]:
    return [coco.FILES[task].format("val") for task in coco.TASKS]


def _write_torch(path: Path, data: bytes) -> None:
    if not data.startswith((b"\x80", b"PK")):
        return path.write_bytes(data) and None
    if data.startswith(b"\x80\x02}"):  # the pickle inside a new file
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", data)
            for key in "012":
                archive.writestr(f"a/data/{key}", b"\0" * 24)
        return None
    return path.write_bytes(data) and None


def _write_tgz(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 1))


def _read_amc(path: Path) -> Any:
    return read_motion(path, _skeleton())


@functools.cache
def _skeleton() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return read_skeleton(acclaim_files.write(Path(folder, "small.asf"), acclaim_files.SMALL_ASF))


@functools.cache
def _apart() -> apart.Apart:
    """One process for all inputs, and no patience: a real take is read in a tenth of a second."""
    apart.SECONDS = 0.3
    return apart.Apart()


def _read_hdf5(path: Path) -> Any:
    try:
        return _apart().call(apart.hdf5_arrays, path, ("annot2", "univ_annot3", "valid_frame"))
    except apart.Unreadable as error:
        raise InputError(f"{path}: {error}".replace("\n", " ")) from None


def _read_tgz(path: Path) -> Any:
    return list(tgz.members(path, archives.MEMBER, archives.LARGEST, progress=False))


def _tar() -> list[bytes]:
    """Archives before they are compressed: of takes, and of links in their place."""
    return [_tar_of(b"0", b"0"), _tar_of(b"0", b"1"), _tar_of(b"2"), _tar_of(b"6")]


def _tar_of(*kinds: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in zip(("Walking", "Eating"), kinds, strict=False):
            entry = tarfile.TarInfo(f"S1/MyPoseFeatures/D3_Positions/{name}.cdf")
            entry.type, entry.size = kind, 600 if kind == b"0" else 0
            entry.linkname = "" if kind == b"0" else "/etc/passwd"
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return stream.getvalue()


def _read_coco(path: Path) -> Any:
    return [coco.read_annotations(path, "val", task) for task in coco.TASKS]


def _amc() -> list[bytes]:
    frames = acclaim_files.small_frame(1) + acclaim_files.small_frame(2, spine="1.5 -2e1 .5")
    return [(acclaim_files.AMC_HEADER + frames).encode()]


PARSERS = {
    parser.name: parser
    for parser in (
        Parser("asf", lambda: [acclaim_files.SMALL_ASF.encode()], read_skeleton),
        Parser("amc", _amc, _read_amc),
        Parser("npz", _npz, lambda path: safe_pickle.read(path, ["positions_3d"]), _write_npz),
        Parser("joints", _users_npz, read_joints),
        Parser("pickle", lambda: [pickle.dumps(_body(), p) for p in (0, 2, 4, 5)], smpl.read, file="input.pkl"),
        Parser("cdf", _cdf, lambda path: archives._cdf_joints(_apart(), path, path, "take")),
        Parser("tgz", _tar, _read_tgz, _write_tgz),
        Parser("hdf5", _hdf5, _read_hdf5),
        Parser("coco", _coco, _read_coco, _write_coco),
        Parser("keypoints", _keypoints, keypoints.read),
        Parser("keypoints_npz", _users_npz, keypoints.read),
        Parser("authors_checkpoint", _torch, old_formats.load, _write_torch),
        Parser("checkpoint", _torch, checkpoint.load, _write_torch),
        Parser("weights", _weights, weights.read_weights),
    )
}


def inputs(parser: Parser) -> Iterator[bytes]:
    """The good inputs of a parser and those that once did harm."""
    yield from parser.seeds()
    for path in sorted((KEPT / parser.name).glob("*")):
        yield path.read_bytes()
