"""pipeline/artifacts.py: files appear whole or not at all, and a damaged one is named and never executed."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[1]


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


# --- whole or not at all ----------------------------------------------------------------------------------------------


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    artifacts.write_json(path, {"mpjpe": 50.5})
    with pytest.raises(ZeroDivisionError), artifacts.atomic(path) as part:
        part.write_text("half of the n")
        raise ZeroDivisionError
    assert artifacts.read_json(path) == {"mpjpe": 50.5}
    assert list(tmp_path.iterdir()) == [path]


def test_a_value_that_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    artifacts.write_json(path, {"mpjpe": 50.5})
    for value in (float("nan"), float("inf"), {1, 2}):
        with pytest.raises((ValueError, TypeError)):
            artifacts.write_json(path, {"mpjpe": value})
    assert artifacts.read_json(path) == {"mpjpe": 50.5}


def test_an_array_of_objects_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"frame": np.arange(3)})
    with pytest.raises(ValueError):
        artifacts.write_arrays(path, {"frame": np.array([{}], dtype=object)})
    assert list(artifacts.read_arrays(path)["frame"]) == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "table.md"
    artifacts.write_text(path, "old")
    with artifacts.atomic(path) as part:
        part.write_text("new")
        assert path.read_text() == "old" and part.parent == path.parent  # one file system: renaming is one step
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_folder_is_exchanged_as_one(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    with artifacts.atomic_folder(path) as part:
        (part / "old.md").write_text("old")
    with pytest.raises(ZeroDivisionError), artifacts.atomic_folder(path) as part:
        (part / "new.md").write_text("new")
        raise ZeroDivisionError
    assert [file.name for file in path.iterdir()] == ["old.md"]
    with artifacts.atomic_folder(path) as part:
        (part / "new.md").write_text("new")
        assert [file.name for file in path.iterdir()] == ["old.md"]
    assert [file.name for file in path.iterdir()] == ["new.md"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_never_half_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill while the old folder is deleted: what stands at the path then is whole."""
    path = tmp_path / "tables"
    for text in ("old", "new"):
        with monkeypatch.context() as patch:
            if text == "new":
                patch.setattr(artifacts.shutil, "rmtree", delete_one_file_and_die)
            try:
                with artifacts.atomic_folder(path) as part:
                    for name in ("one.md", "two.md"):
                        (part / name).write_text(text)
            except SystemError:
                pass
    assert {(file.name, file.read_text()) for file in path.iterdir()} == {("one.md", "new"), ("two.md", "new")}


def delete_one_file_and_die(folder: Path, **_: Any) -> None:
    for file in sorted(Path(folder).glob("*"))[:1]:
        file.unlink()
        raise SystemError


KILLED = """
import sys, time
from pathlib import Path
from pipeline import artifacts
with artifacts.{context}(Path(sys.argv[1])) as part:
    (part / "file.md" if part.is_dir() else part).write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("context", ["atomic", "atomic_folder"])
def test_a_kill_leaves_the_old_one(tmp_path: Path, context: str) -> None:
    path = tmp_path / "output"
    file = path / "file.md" if context == "atomic_folder" else path
    file.parent.mkdir(exist_ok=True)
    file.write_text("old")
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(context=context), str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert file.read_text() == "old"


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    arrays = {
        "joints_3d": np.linspace(0, 1, 102, dtype=np.float32).reshape(2, 17, 3),
        "seed_0/edge_weights": np.eye(16),
        "actions": np.array(["Walking", "Sitting Down"]),
        "none": np.zeros((0, 3), np.int16),
    }
    artifacts.write_arrays(path, arrays)
    found = artifacts.read_arrays(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


def test_equal_arrays_have_equal_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    artifacts.write_arrays(one, {"frame": np.arange(100), "take": np.ones(3)})
    time.sleep(2.1)  # a zip archive's dates have a resolution of two seconds
    artifacts.write_arrays(other, {"frame": np.arange(100), "take": np.ones(3)})
    assert one.read_bytes() == other.read_bytes()
    artifacts.write_arrays(other, {"frame": np.arange(100), "take": np.ones(3, np.float32)})
    assert artifacts.digest(one) != artifacts.digest(other)


def pickled_member(path: Path, trap: Trap) -> None:
    np.savez(path, frame=np.array([trap], dtype=object))


def pickled_file(path: Path, trap: Trap) -> None:
    path.write_bytes(pickle.dumps({"frame": trap}))


@pytest.mark.parametrize("damage", [pickled_member, pickled_file])
def test_a_pickle_is_refused_and_not_executed(tmp_path: Path, damage: Any) -> None:
    mark = tmp_path / "executed"
    damage(tmp_path / "poses.npz", Trap(mark))
    refused(tmp_path / "poses.npz")
    assert not mark.exists()
    if damage is pickled_member:  # the trap works
        np.load(tmp_path / "poses.npz", allow_pickle=True)["frame"]
        assert mark.exists()


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.arange(3))


def text_inside(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frame.npy", b"1 2 3")


def a_trillion_numbers(path: Path) -> None:
    """A header that promises more than there is."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frame.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


@pytest.mark.parametrize("damage", [flip_a_bit, cut, empty, one_array, text_inside, a_trillion_numbers])
def test_damaged_arrays_are_named(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"frame": np.arange(1000)})
    damage(path)
    refused(path)


def refused(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        artifacts.read_arrays(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and "again" in message


# --- mapped arrays ----------------------------------------------------------------------------------------------------


def test_mapped_arrays_are_the_ones_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    arrays = {
        "joints_3d": np.linspace(0, 1, 102, dtype=np.float32).reshape(2, 17, 3),
        "seed_0/edge_weights": np.eye(16)[::2],
        "turned": np.arange(12.0).reshape(3, 4).T,  # numpy writes it column by column
        "actions": np.array(["Walking", "Sitting Down"]),
        "flags": np.array([True, False]),
        "single": np.array(3.5),
        "none": np.zeros((0, 3), np.int16),
        "tables": np.frombuffer(b"{}", np.uint8),
    }
    artifacts.write_arrays(path, arrays)
    read, mapped = artifacts.read_arrays(path), artifacts.map_arrays(path)
    assert list(mapped) == list(read) == list(arrays)
    for name, array in read.items():
        assert (mapped[name].dtype, mapped[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_array_equal(mapped[name], array)


def test_a_change_to_a_mapped_array_does_not_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"frame": np.arange(1000)})
    before = artifacts.digest(path)
    mapped = artifacts.map_arrays(path)["frame"]
    mapped[:] = -1
    assert isinstance(mapped, np.memmap)
    mapped.flush()
    del mapped
    assert artifacts.digest(path) == before and artifacts.map_arrays(path)["frame"][999] == 999


def test_a_mapped_array_outlives_the_name_of_its_file(tmp_path: Path) -> None:
    """A stage may write its output anew while another reads it."""
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"frame": np.arange(1000)})
    mapped = artifacts.map_arrays(path)["frame"]
    artifacts.write_arrays(path, {"frame": np.zeros(1000, int)})
    assert mapped.sum() == 499_500


RESIDENT = """
import sys
from pathlib import Path
from pipeline import artifacts

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

before = resident()
mapped = artifacts.map_arrays(Path(sys.argv[1]))["keypoints_2d"]
total = float(mapped[:1000].sum())
print(mapped.nbytes, resident() - before, total)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for a process's memory")
def test_mapping_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"keypoints_2d": np.ones((1_000_000, 10), np.float32)})
    command = [sys.executable, "-c", RESIDENT, str(path)]
    answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    size, taken, total = (float(word) for word in answer)
    assert (size, total) == (40e6, 10_000.0)
    assert taken < size / 4  # a thousandth was looked at; the kernel reads ahead


def compressed(path: Path) -> None:
    np.savez_compressed(path, frame=np.arange(1000))


def objects(path: Path) -> None:
    np.savez(path, frame=np.array([{}], dtype=object))


def a_member_that_is_elsewhere(path: Path) -> None:
    """Something put before the archive: the places that its list gives are off."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"PK\x03\x04", b"PK\x03\x05", 1))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (compressed, "frame.npy is compressed"),
        (objects, "frame.npy is no plain array"),
        (cut, ""),
        (empty, ""),
        (one_array, ""),
        (text_inside, ""),
        (a_trillion_numbers, ""),
        (a_member_that_is_elsewhere, "is not where the archive says"),
    ],
)
def test_what_cannot_be_mapped_is_named(tmp_path: Path, damage: Any, words: str) -> None:
    path = tmp_path / "poses.npz"
    artifacts.write_arrays(path, {"frame": np.arange(1000)})
    damage(path)
    with pytest.raises(InputError) as caught:
        artifacts.map_arrays(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not a readable npz of plain arrays (") and words in message
    assert "\n" not in message and message.endswith("delete it and run its stage again")


def test_mapping_executes_no_pickle(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    pickled_member(tmp_path / "poses.npz", Trap(mark))
    with pytest.raises(InputError):
        artifacts.map_arrays(tmp_path / "poses.npz")
    assert not mark.exists()


# --- JSON and the rest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b'{"mpjpe": 50.', b"{'mpjpe': 50.5}", b"\xff\xfe{}"])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metrics.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        artifacts.read_json(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not readable as JSON") and "\n" not in message and "again" in message


@pytest.mark.parametrize("read", [artifacts.read_json, artifacts.read_arrays, artifacts.map_arrays, artifacts.digest])
def test_a_missing_file_is_named(tmp_path: Path, read: Any) -> None:
    with pytest.raises(InputError, match=f"{tmp_path / 'lost'}: missing; run the stage"):
        read(tmp_path / "lost")


def test_digest_is_sha_256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert artifacts.digest(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
    # FIPS 180-2, example B.1
    assert artifacts.digest(tmp_path / "file").startswith("ba7816bf8f01cfea")


def test_presets_share_nothing_but_downloads_and_what_is_known_of_the_code() -> None:
    """Side by side: no path of one preset is a path of another, and none names the machine."""
    layouts = [Layout(preset) for preset in ("demo", "mini")]
    demo, mini = (
        {
            name: getattr(layout, name)
            for name, kind in vars(Layout).items()
            if isinstance(kind, property) and name not in ("raw", "licensed", "imagenet", "code_digests")
        }
        | {"checkpoint": layout.checkpoint("semgcn", 0), "resume": layout.resume("semgcn")}
        for layout in layouts
    )
    assert demo.keys() == mini.keys() and len(demo) > 10
    assert not set(demo.values()) & set(mini.values())
    assert not any(path.is_absolute() for path in demo.values())
    assert layouts[0].raw == layouts[1].raw and layouts[0].code_digests == layouts[1].code_digests
    assert layouts[0].imported("ab") == layouts[1].imported("ab") == Path("data/imported/ab.pt")


def test_every_source_of_poses_has_a_folder_of_its_own() -> None:
    layout = Layout("demo")
    assert layout.motion_split("test") == Path("data/demo/motion/ground_truth/test.npz")
    assert layout.motion_split("train", "stacked_hourglass") == Path("data/demo/motion/stacked_hourglass/train.npz")
    assert layout.motion_split("test", "mpi_inf_3dhp") == Path("data/demo/motion/mpi_inf_3dhp/test.npz")
    assert layout.motion_summary() == Path("data/demo/motion/ground_truth/summary.json")
