"""data/safe_pickle.py: arrays and dictionaries come out whole, and nothing in a pickle is ever executed."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import human36m_files as files
import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.data import safe_pickle

POSITIONS = {
    "S1": {"Directions 1": np.arange(12, dtype=np.float32).reshape(2, 2, 3), "Eating": np.zeros((0, 4, 3))},
    "S5": {
        "Photo": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "Big": np.arange(4, dtype=">i4"),
        "Turned": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
        "Part": np.arange(24.0).reshape(4, 6)[::2, 1::2],
    },
}
METADATA = {
    "layout_name": "h36m",
    "num_joints": np.int64(17),
    "keypoints_symmetry": [[4, np.int64(5), 6], (1, 2, 3)],
    "numbers": [
        True,
        None,
        -1,
        1 << 70,
        0.5,
        b"bytes",
        "text",
        np.complex64(2 + 1j),
        np.float32(0.25),
        np.str_("t"),
        np.bool_(True),
    ],
}


def assert_same(actual: Any, expected: Any) -> None:
    """Equal in type, shape and value; numpy's scalars may have become Python's."""
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key, value in expected.items():
            assert_same(actual[key], value)
    elif isinstance(expected, list | tuple):
        assert type(actual) is type(expected)
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, np.ndarray):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)
    else:
        plain = expected.item() if isinstance(expected, np.generic) else expected
        assert type(actual) is type(plain)
        assert actual == plain


@pytest.mark.parametrize("protocol", range(6))
def test_what_numpy_pickles_comes_back(tmp_path: Path, protocol: int) -> None:
    path = files.write_npz(tmp_path / "data.npz", protocol, positions_3d=POSITIONS, metadata=METADATA)
    read = safe_pickle.read(path, ["positions_3d", "metadata"])
    assert_same(read, {"positions_3d": POSITIONS, "metadata": METADATA})


def test_files_of_numpys_own_making(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(
        path, positions_3d=np.array(POSITIONS, dtype=object), plain=np.arange(3), words=np.array("word")
    )
    read = safe_pickle.read(path, ["positions_3d", "plain", "words"])
    assert_same(read, {"positions_3d": POSITIONS, "plain": np.arange(3), "words": np.array("word")})


def test_object_arrays_with_dimensions(tmp_path: Path) -> None:
    array = np.empty((2, 3), dtype=object)
    for index in range(6):
        array[divmod(index, 3)] = np.arange(index)
    inner = {"views": array, "turned": array.T}
    read = safe_pickle.read(files.write_npz(tmp_path / "data.npz", array=array, inner=inner), ["array", "inner"])
    for found, expected in (
        (read["array"], array),
        (read["inner"]["views"], array),
        (read["inner"]["turned"], array.T),
    ):
        assert (found.shape, found.dtype) == (expected.shape, object)
        for one, other in zip(found.flat, expected.flat, strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_mentioned_twice_is_one(tmp_path: Path) -> None:
    array = np.arange(3.0)
    (first, second) = safe_pickle.read(files.write_npz(tmp_path / "d.npz", pair={"a": array, "b": array}), ["pair"])[
        "pair"
    ].values()
    assert first is second


# What Python 2 and its numpy wrote for {"a": numpy.array([1, -2], "<f4")}: text and bytes alike, protocol 2.
PYTHON_2 = (
    b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89U\x08\x00\x00\x80\x3f\x00\x00\x00\xc0tbs."
)


def test_pickles_of_python_2() -> None:
    read = safe_pickle.unpickle(io.BytesIO(PYTHON_2))
    assert list(read) == ["a"]
    np.testing.assert_array_equal(read["a"], np.array([1, -2], dtype="<f4"))


# --- damaged files ----------------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.npz: missing"):
        safe_pickle.read(tmp_path / "data.npz", ["a"])


def test_a_missing_member_is_named_with_those_there(tmp_path: Path) -> None:
    path = files.write_npz(tmp_path / "data.npz", positions_2d={}, metadata={})
    with pytest.raises(InputError, match="positions_3d is missing, it holds positions_2d, metadata"):
        safe_pickle.read(path, ["positions_3d"])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_one_line(tmp_path: Path, share: float) -> None:
    path = files.write_npz(tmp_path / "data.npz", positions_3d=POSITIONS)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"data\.npz: truncated or damaged \(.*\); get the file again") as caught:
        safe_pickle.read(path, ["positions_3d"])
    assert "\n" not in str(caught.value)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = files.write_npz(tmp_path / "data.npz", positions_3d=POSITIONS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="truncated or damaged"):
        safe_pickle.read(path, ["positions_3d"])


def test_a_truncated_pickle_in_a_whole_archive(tmp_path: Path) -> None:
    whole = files.pickled_member(POSITIONS, 4)
    for length in (len(whole) - 1, len(whole) - 100, 200, 130, 128, 60, 5, 0):
        path = files.write_npz(tmp_path / "data.npz", positions_3d=whole[:length])
        with pytest.raises(InputError) as caught:
            safe_pickle.read(path, ["positions_3d"])
        assert "\n" not in str(caught.value)


def test_a_header_that_promises_another_array(tmp_path: Path) -> None:
    path = files.write_npz(tmp_path / "data.npz", member=files.member_of(pickle.dumps({"a": 1})))
    with pytest.raises(InputError, match="holds another array than its header says"):
        safe_pickle.read(path, ["member"])


def test_a_member_that_claims_to_be_huge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.write_npz(tmp_path / "data.npz", member={"a": np.zeros(1000)})
    monkeypatch.setattr(safe_pickle, "LARGEST", 5000)
    with pytest.raises(InputError, match=r"member\.npy claims"):
        safe_pickle.read(path, ["member"])


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    path = files.write_npz(tmp_path / "data.npz", member={})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        directory = archive.start_dir
    content[6] |= 1  # the flag that says so, in the local header and in the directory
    content[directory + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"password.*unpack it and pack it again"):
        safe_pickle.read(path, ["member"])
