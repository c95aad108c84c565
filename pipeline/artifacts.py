"""Where every stage's files are, and how they are written: whole or not at all.

Paths are relative to the repository's root, so that nothing a stage writes names the machine it ran on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


class InputError(Exception):
    """Something the user gave is wrong. The message is one line: the file, the field, the remedy."""


@dataclass(frozen=True)
class Layout:
    """The paths of one preset's artifacts."""

    preset: str
    root: Path = Path()
    dense: frozenset[str] = frozenset()  # the names of variants that work on pictures; the others lift

    @property
    def raw(self) -> Path:
        """Downloads as ``<host>/<path>``, shared by all presets and outside the declared outputs."""
        return self.root / "data" / "raw"

    @property
    def licensed(self) -> Path:
        """Data that only the user may put there (Human3.6M, SMPL, MPI-INF-3DHP)."""
        return self.root / "data" / "licensed"

    @property
    def data(self) -> Path:
        return self.root / "data" / self.preset

    @property
    def results(self) -> Path:
        return self.root / "results" / self.preset

    @property
    def download_manifest(self) -> Path:
        return self.data / "download.json"

    def motion(self, source: str = "ground_truth") -> Path:
        """Poses with their 2D joints: projected truth, a detector's, or (for testing only) another data set's."""
        return self.data / "motion" / source

    def motion_split(self, split: str, source: str = "ground_truth") -> Path:
        return self.motion(source) / f"{split}.npz"

    def motion_summary(self, source: str = "ground_truth") -> Path:
        return self.motion(source) / "summary.json"

    def motion_status(self, source: str) -> Path:
        """Whether a detector's poses are there, and why not."""
        return self.motion(source) / "status.json"

    @property
    def body(self) -> Path:
        """The body model, its coarse graphs and what is drawn of it."""
        return self.data / "body"

    def body_file(self, name: str) -> Path:
        return self.body / name

    def targets(self, name: str) -> Path:
        """What networks learn: `joints` has nothing to add to the poses, `meshes` has bodies fitted to them."""
        return self.data / "targets" / name

    def targets_status(self, name: str) -> Path:
        """Whether these targets are there, and why not."""
        return self.targets(name) / "status.json"

    def mesh_split(self, split: str) -> Path:
        return self.targets("meshes") / f"{split}.npz"

    @property
    def mesh_graphs(self) -> Path:
        """The coarse graphs that go with the mesh targets."""
        return self.targets("meshes") / "graphs.npz"

    def images(self, task: str) -> Path:
        """Pictures and what is annotated on them, for `pose` or `boxes`."""
        return self.data / "images" / task

    def images_split(self, task: str, split: str) -> Path:
        """COCO's annotation file of a split, `train` or `val`."""
        return self.images(task) / f"{split}.json"

    def pixels(self, task: str, split: str) -> Path:
        """The pictures of a split, where they are made; downloaded ones stay where they are."""
        return self.images(task) / f"{split}.npz"

    def images_summary(self, task: str) -> Path:
        return self.images(task) / "summary.json"

    def images_status(self, task: str) -> Path:
        """Whether there are pictures, and why not."""
        return self.images(task) / "status.json"

    def imported(self, digest: str) -> Path:
        """Weights that were trained elsewhere, as import_checkpoint wrote them; shared by all presets."""
        return self.root / "data" / "imported" / f"{digest}.pt"

    def training(self, variant: str) -> Path:
        return self.data / f"train_{self._kind(variant)}" / variant

    def _kind(self, variant: str) -> str:
        return "dense" if variant in self.dense else "lift"

    def code(self, stage: str) -> Path:
        """The modules that a stage of many variants uses, each with its digest."""
        return self.data / "code" / f"{stage}.json"

    def training_status(self, variant: str) -> Path:
        return self.training(variant) / "status.json"

    def seed(self, variant: str, seed: int) -> Path:
        return self.training(variant) / f"seed_{seed}"

    def checkpoint(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "checkpoint.pt"

    def best_checkpoint(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "best.pt"

    def history(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "history.csv"

    def environment(self, variant: str, seed: int) -> Path:
        return self.seed(variant, seed) / "environment.json"

    def resume(self, variant: str) -> Path:
        """Resume state lies outside the declared outputs, because DVC and Snakemake delete those before a run."""
        return self.root / ".resume" / self.preset / variant

    @property
    def fitting_state(self) -> Path:
        """Subjects that fit_body has finished, until it has finished all."""
        return self.root / ".resume" / self.preset / "fit_body"

    def metrics(self, variant: str) -> Path:
        return self.results / "metrics" / f"{variant}.json"

    def evaluation(self, variant: str) -> Path:
        """Arrays that figures need: example poses, learned edge weights."""
        return self.data / "evaluate_lift" / f"{variant}.npz"

    def dense_evaluation(self, variant: str) -> Path:
        """What a dense variant found, example pictures, and its speed."""
        return self.data / "evaluate_dense" / variant

    def dense_examples(self, variant: str) -> Path:
        return self.dense_evaluation(variant) / "examples.npz"

    def dense_speed(self, variant: str) -> Path:
        """Images a second: apart from the metrics, which are the same in two equal runs."""
        return self.dense_evaluation(variant) / "speed.json"

    @property
    def tables(self) -> Path:
        return self.results / "tables"

    @property
    def claims(self) -> Path:
        return self.results / "claims.json"

    @property
    def claims_text(self) -> Path:
        return self.results / "claims.md"

    @property
    def figures(self) -> Path:
        return self.results / "figures"

    @property
    def report(self) -> Path:
        return self.results / "README.md"

    @property
    def publish_receipt(self) -> Path:
        return self.data / "publish.json"


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it into place only when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    part.chmod(0o644)  # mkstemp gives 600, which would follow the file to its readers
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: what stood at `path` goes only when its successor is complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    part.chmod(0o755)
    try:
        yield part
        old = part.with_suffix(".old")
        if path.exists():
            path.replace(old)  # moved whole: a kill now leaves nothing at `path`, never half a folder
        part.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a fixed layout; NaN and infinity are refused, because they are not JSON."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); delete it and run its stage again") from None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an uncompressed npz (so that a reader may map it into memory), with the same bytes for the same arrays."""
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)  # numpy dates every member 1980, so the bytes are stable


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an npz into memory. Pickled members are refused, never executed."""
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array, not an archive of arrays")
        with arrays:
            members = {name: arrays[name] for name in arrays.files}
        for name, member in members.items():
            if not isinstance(member, np.ndarray):  # numpy hands out other members as bytes
                raise ValueError(f"{name} is no array")
        return members
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: not a readable npz of plain arrays ({error}); delete it and run its stage again"
        ) from None


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The same, mapped: an array is read from the disk where it is looked at. For what `write_arrays` wrote.

    The mapping is private (copy on write): nothing that a reader does to an array reaches the file.
    """
    try:
        with zipfile.ZipFile(path) as archive, Path(path).open("rb") as file:
            return {info.filename.removesuffix(".npy"): _map(path, file, info) for info in archive.infolist()}
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the stage that writes it (`dvc repro` finds out which)") from None
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: not a readable npz of plain arrays ({error}); delete it and run its stage again"
        ) from None


def _map(path: Path, file: BinaryIO, info: zipfile.ZipInfo) -> np.ndarray:
    """One member of an npz. It lies uncompressed behind the zip's local header and numpy's own."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) != 30 or header[:4] != b"PK\x03\x04":
        raise ValueError(f"{info.filename} does not lie where the archive says")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), os.SEEK_CUR)
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = read_header[version](file)
    if dtype.hasobject:
        raise ValueError(f"{info.filename} is no plain array")
    if not math.prod(shape):
        return np.empty(shape, dtype)  # nothing to map
    return np.memmap(path, dtype, mode="c", offset=file.tell(), shape=shape, order="F" if fortran else "C")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
