"""user_files.py: what a user brings is read as data, and no message tells a user to delete it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.user_files import check_output, check_place, read_users_arrays, require_size

SAVE = "save it with np.savez"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def objects(path: Path) -> None:
    np.savez(path, joints_3d=np.array([{"a": 1}], dtype=object))


def cut(path: Path) -> None:
    np.savez(path, joints_3d=np.zeros((5, 17, 3)))
    path.write_bytes(path.read_bytes()[:300])


def bomb(path: Path) -> None:
    """A directory that claims 3 GB: the claim alone is refused, nothing is unpacked."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("joints_3d.npy", b"\0" * 1000)
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02") + 24  # the entry's uncompressed size in the directory
    path.write_bytes(content[:at] + (3 << 30).to_bytes(4, "little") + content[at + 4 :])


MAKE = {
    "array": (lambda path: np.save(path.open("wb"), np.zeros(5)), "one array without a name (npy)"),
    "objects": (objects, "holds pickled objects, which are not read"),
    "text": (lambda path: path.write_text("hello"), "no npz"),
    "empty": (lambda path: path.touch(), "no npz"),
    "cut": (cut, "damaged (File is not a zip file)"),
    "bomb": (bomb, "claims 3 GB of arrays, more than is read here"),
    "missing": (lambda path: None, "no such file"),
    "folder": (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
}


@pytest.mark.parametrize("case", MAKE)
def test_a_users_file_says_how_to_save_it(case: str, tmp_path: Path) -> None:
    make, message = MAKE[case]
    path = tmp_path / "mine.npz"
    make(path)
    with pytest.raises(InputError) as caught:
        read_users_arrays(path, SAVE)
    assert str(caught.value) == f"{path}: {message}; {SAVE}"


def test_arrays_come_out(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "mine.npz", a=np.arange(3), b=np.array("text"))
    read = read_users_arrays(tmp_path / "mine.npz", SAVE)
    assert read["a"].tolist() == [0, 1, 2] and read["b"] == "text"


def test_an_output_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.npz", b"mine")
    (tmp_path / "link.npz").symlink_to(mine)
    for path, message in (
        (tmp_path, "is a folder; name a file"),
        (mine / "out.npz", f"{mine} is a file, not a folder"),
        (mine, "is the input, which would be lost"),
        (tmp_path / "link.npz", "is the input, which would be lost"),
        (Path("/proc/nowhere/out.npz"), "cannot be written"),
    ):
        with pytest.raises(InputError) as caught:
            check_output(path, "--output", mine)
        assert str(caught.value).startswith(f"--output {path}: ") and message in str(caught.value)
    assert mine.read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 2


def test_an_output_that_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.npz", b"mine")
    check_output(write(tmp_path / "old.npz", b"old"), "--output", mine)
    check_output(tmp_path / "new" / "folder" / "out.npz", "--output", mine)
    check_place(tmp_path / "new" / "folder", "--output")
    assert {path.name for path in tmp_path.iterdir()} == {"mine.npz", "old.npz"}


def test_a_file_is_measured_as_it_will_be_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "mine.npz", a=np.zeros(1 << 20))
    require_size(tmp_path / "mine.npz", 9 << 20, SAVE)
    with pytest.raises(InputError, match=r"mine.npz: 8 MB, and 4 MB are read at most; split it; save it with"):
        require_size(tmp_path / "mine.npz", 4 << 20, SAVE)
    require_size(tmp_path / "nothing", 1, SAVE)
    require_size(tmp_path, 1 << 20, SAVE)
