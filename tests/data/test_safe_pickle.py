"""data/safe_pickle.py: arrays and dictionaries come out whole, and nothing in a pickle is ever executed."""

from __future__ import annotations

import copyreg
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
    "S5": {"Photo": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "Big": np.arange(4, dtype=">i4")},
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


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
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


# --- hostile pickles --------------------------------------------------------------------------------------------------


class Reduced:
    """Pickles as a call of anything."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def touch(path: str) -> str:
    """What a hostile pickle would call: it leaves a file behind."""
    Path(path).touch()
    return path


def hostile_member(pickled: bytes) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    return stream.getvalue() + pickled


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_is_executed(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "executed"
    evil = {"S1": {"Eating": [np.arange(3), Reduced(touch, str(mark))]}}
    path = files.write_npz(tmp_path / "data.npz", protocol, positions_3d=evil)
    with pytest.raises(InputError) as caught:
        safe_pickle.read(path, ["positions_3d"])
    name = f"{touch.__module__}.touch"
    assert str(caught.value) == (
        f"{path}: positions_3d.npy names {name}, which is not data, and was not executed; "
        "get the file again from where it was published"
    )
    assert not mark.exists()
    np.load(path, allow_pickle=True)["positions_3d"]  # the same file does harm where pickles are obeyed
    assert mark.exists()


def test_the_classic_is_named(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    evil = b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."
    path = files.write_npz(tmp_path / "data.npz", positions_3d=hostile_member(evil))
    with pytest.raises(InputError, match=r"names os\.system, which is not data, and was not executed"):
        safe_pickle.read(path, ["positions_3d"])
    assert not mark.exists()


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        # Other ways to an object, or to a look-up of one.
        (b"P1\n.", "instruction PERSID"),
        (b"\x80\x02K\x01Q.", "instruction BINPERSID"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"(ios\nsystem\n.", "instruction INST"),
        (b"(cnumpy\nndarray\no.", "instruction OBJ"),
        (b"\x80\x02cnumpy\ndtype\n)\x81.", "instruction NEWOBJ"),
        (b"\x80\x04cnumpy\ndtype\n)}\x92.", "instruction NEWOBJ_EX"),
        (b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00a.", "instruction BYTEARRAY8"),
        (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
        # Names that look like numpy's.
        (b"cnumpy\nload\n.", r"names numpy\.load"),
        (b"cnumpy.core.multiarray\nndarray\n.", r"names numpy\.core\.multiarray\.ndarray"),
        (b"cbuiltins\neval\n.", r"names builtins\.eval"),
        (b"\x80\x04\x8c\x05numpy\x8c\x10dtype.__reduce__\x93.", r"names numpy\.dtype\.__reduce__"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", r"names os\.system"),
        # The permitted names, misused.
        (b"cnumpy\nndarray\n(K\x05tR.", r"calls numpy\.ndarray"),
        (b"cnumpy\nndarray\n}(U\x05_makeNub.", "gives a state to a function"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\nK\x00\x85U\x01btR.", r"is no numpy\.ndarray"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR.", "an array without content"),
        (b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\x02O8tRU\x08AAAAAAAAtR.", "scalar without a plain data"),
        (b"cnumpy\ndtype\n(U\x02V8tR.", "data type 'V8', which is no plain one"),
        (b"cnumpy\ndtype\n(U\x01OtR.", "DataType in place of data"),
        (b"cnumpy\ndtype\n.", "StandIn in place of data"),
        (b"c_codecs\nencode\n(U\x01xU\x04utf8tR.", "calls _codecs.encode for 'utf8'"),
        (b"\x80\x02}(K\x01\x85K\x01u.", "a tuple for a key"),
        # A state for what has none.
        (b"\x80\x02}}U\x01xNsb.", "no attribute"),
        (b"\x80\x02]}U\x01xNsb.", "no attribute"),
    ],
)
def test_instructions_and_names_that_data_do_not_need(tmp_path: Path, pickled: bytes, reason: str) -> None:
    path = files.write_npz(tmp_path / "data.npz", member=hostile_member(pickled))
    with pytest.raises(InputError, match=reason) as caught:
        safe_pickle.read(path, ["member"])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: member.npy ")


def array_pickle(data_type: bytes, state: bytes, shape: bytes, content: bytes) -> bytes:
    """An array put together by hand: its data type's code and state, its shape and its content, as instructions."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + b"cnumpy\ndtype\nU" + bytes([len(data_type)]) + data_type + b"K\x00K\x01\x87R"
        b"(" + state + b"tb\x89" + content + b"tb."
    )


FLAGS_LIE = b"K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"  # flags that deny that objects are pointers


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        # numpy would take these 8 bytes for the address of an object.
        (
            array_pickle(b"O8", FLAGS_LIE, b"K\x01\x85", b"U\x08AAAAAAAA"),
            r"an array of shape \(1,\) with other content",
        ),
        (array_pickle(b"f4", FLAGS_LIE, b"K\x03\x85", b"U\x08AAAAAAAA"), "cannot reshape"),
        (array_pickle(b"f4", FLAGS_LIE, b"J\xff\xff\xff\xff\x85", b"U\x08AAAAAAAA"), "no tuple of sizes"),
        (array_pickle(b"f4", FLAGS_LIE, b"K\x02", b"U\x08AAAAAAAA"), "no tuple of sizes"),
        (array_pickle(b"f4", FLAGS_LIE, b"K\x02\x85", b"]"), "not bytes"),
        (array_pickle(b"f8", b"K\x03U\x01|N(U\x01ttN", b"K\x01\x85", b"U\x08AAAAAAAA"), "data type with fields"),
        (array_pickle(b"f8", b"K\x03", b"K\x01\x85", b"U\x08AAAAAAAA"), "not enough values"),
    ],
)
def test_arrays_that_lie(tmp_path: Path, pickled: bytes, reason: str) -> None:
    path = files.write_npz(tmp_path / "data.npz", member=hostile_member(pickled))
    with pytest.raises(InputError, match=reason):
        safe_pickle.read(path, ["member"])


def test_codes_of_the_extension_registry_are_refused_though_the_process_knows_them() -> None:
    copyreg.add_extension("os", "system", 0xF0)
    try:
        with pytest.raises(pickle.UnpicklingError, match="instruction EXT1"):
            safe_pickle.unpickle(io.BytesIO(b"\x80\x02\x82\xf0."))
    finally:
        copyreg.remove_extension("os", "system", 0xF0)


def test_a_pickle_that_doubles_itself_stays_small() -> None:
    """60 tuples, each of twice the one before: 2^60 places, but 60 things, of which the deepest are too deep."""
    doubled = b"\x80\x02K\x01" + b"".join(b"\x85q\x01h\x01\x86" for _ in range(12)) + b"."
    value = safe_pickle.unpickle(io.BytesIO(doubled))
    for _ in range(12):
        first, second = value
        assert first is second
        (value,) = first
    assert value == 1


def test_what_nests_too_deep_or_holds_itself_is_refused() -> None:
    for pickled in (b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".", b"\x80\x02]q\x01h\x01a."):
        with pytest.raises(pickle.UnpicklingError, match="nests more than 32 containers"):
            safe_pickle.unpickle(io.BytesIO(pickled))


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
    path = files.write_npz(tmp_path / "data.npz", member=hostile_member(pickle.dumps({"a": 1})))
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
