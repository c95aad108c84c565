"""data/safe_pickle.py against hostile pickles: nothing is executed, and one line names what was refused."""

from __future__ import annotations

import copyreg
import io
import pickle
from pathlib import Path
from typing import Any

import human36m_files as files
import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.data import safe_pickle


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


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
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


def test_os_system_is_named(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    evil = b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."
    path = files.write_npz(tmp_path / "data.npz", positions_3d=files.member_of(evil))
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
        (b"\x80\x05\x97.", "instruction NEXT_BUFFER"),
        (b"\x80\x05\x98.", "instruction READONLY_BUFFER"),
        (b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00a.", "bytearray in place of data"),
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
    path = files.write_npz(tmp_path / "data.npz", member=files.member_of(pickled))
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
def test_inconsistent_arrays_are_refused(tmp_path: Path, pickled: bytes, reason: str) -> None:
    path = files.write_npz(tmp_path / "data.npz", member=files.member_of(pickled))
    with pytest.raises(InputError, match=reason):
        safe_pickle.read(path, ["member"])


def from_buffer(rest: bytes) -> bytes:
    """An array of protocol 5 put together by hand: eight bytes, and what follows them."""
    return (
        b"\x80\x05cnumpy._core.numeric\n_frombuffer\n(\x96\x08\0\0\0\0\0\0\0AAAAAAAA"
        b"cnumpy\ndtype\n(U\x02" + rest + b"tR."
    )


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"O8tRK\x01\x85U\x01C", "other content"),  # the bytes would be the address of an object
        (b"f4tRK\x03\x85U\x01C", "cannot reshape"),
        (b"f4tRK\x02\x85U\x01Z", "unknown order"),
        (b"f4tRK\x02\x85U\x01KK\x01\x85", "axes are in no order"),
        (b"f4tRK\x02U\x01C", "no tuple of sizes"),
    ],
)
def test_inconsistent_arrays_of_protocol_5(rest: bytes, reason: str) -> None:
    with pytest.raises((pickle.UnpicklingError, ValueError), match=reason):
        safe_pickle.unpickle(io.BytesIO(from_buffer(rest)))
    good = safe_pickle.unpickle(io.BytesIO(from_buffer(b"f4tRK\x02\x85U\x01C")))
    assert good.tobytes() == b"AAAAAAAA"


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
