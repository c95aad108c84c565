"""Checkpoints as the authors' machines of 2018 to 2020 wrote them, and such as an attacker would write."""

import os
import pickle
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.authors import old_formats
from pipeline.authors.old_formats import NumberType, in_todays_opcodes, number
from pipeline.training.checkpoint import CheckpointError

LONG_NAME = "a_name_of_more_than_255_letters_" * 9


class Python2Pickler(pickle._Pickler):
    """Writes the opcodes that Python 2's cPickle wrote: text and bytes as one type, large integers in decimal."""

    def save_text(self, value: str | bytes) -> None:
        raw = value.encode() if isinstance(value, str) else value
        short = pickle.SHORT_BINSTRING + bytes([len(raw)]) if len(raw) < 256 else b""
        self.write((short or pickle.BINSTRING + len(raw).to_bytes(4, "little")) + raw)
        self.memoize(value)

    def save_integer(self, value: int) -> None:
        if -(2**31) <= value < 2**31:
            self.save_long(value)
        elif value < 2**63:
            self.write(pickle.INT + str(value).encode() + b"\n")
        else:
            self.save_long(value)  # Python 2 had a second type for these


OLD_WAYS = {str: Python2Pickler.save_text, bytes: Python2Pickler.save_text, int: Python2Pickler.save_integer}
Python2Pickler.dispatch = pickle._Pickler.dispatch | OLD_WAYS


def python2() -> types.ModuleType:
    """A pickle module for torch.save."""
    module = types.ModuleType("python2_pickle")
    module.Pickler = Python2Pickler
    module.dump = lambda value, file, protocol: Python2Pickler(file, protocol).dump(value)
    return module


def save_python2(content: object, path: Path) -> None:
    torch.save(content, path, pickle_module=python2(), _use_new_zipfile_serialization=False)


def save_old(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def save_new(content: object, path: Path) -> None:
    torch.save(content, path)


WRITERS = pytest.mark.parametrize("write", [save_new, save_old, save_python2])


def content() -> dict:
    """What SemGCN's training saves: weights, an optimizer that names parameters by address, and its progress."""
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    moments = {"step": 7, "exp_avg": torch.ones(3)}
    return {
        "epoch": 30,
        "lr": 0.00096,
        "state_dict": network.state_dict(),
        "optimizer": {"state": {140_234_234_951_680: moments}, "param_groups": [{"params": [140_234_234_951_680]}]},
        "error": np.float64(40.78),
        "best": np.float32(0.5),
        "step": np.int64(-3),
        "done": np.bool_(True),
        "curve": np.arange(3.0),
        LONG_NAME: LONG_NAME,
    }


@WRITERS
def test_an_authors_checkpoint_is_read(tmp_path: Path, write):
    written = content()
    write(written, tmp_path / "ckpt.pth.tar")
    found = old_formats.load(tmp_path / "ckpt.pth.tar")
    assert list(found) == list(written)
    assert list(found["state_dict"]) == list(written["state_dict"])
    assert all(torch.equal(found["state_dict"][name], value) for name, value in written["state_dict"].items())
    plain = {name: found[name] for name in ("epoch", "lr", "error", "best", "step", "done", LONG_NAME)}
    expected = {"epoch": 30, "lr": 0.00096, "error": 40.78, "best": 0.5, "step": -3, "done": True}
    assert plain == expected | {LONG_NAME: LONG_NAME}
    assert [type(value) for value in plain.values()] == [int, float, float, float, int, bool, str]
    assert list(found["optimizer"]["state"]) == [140_234_234_951_680]
    assert not isinstance(found["curve"], np.ndarray)


def test_the_file_of_python_2_needs_the_translation(tmp_path: Path):
    """torch's reader alone refuses it, so the test above is about something."""
    save_python2(content(), tmp_path / "ckpt.pth.tar")
    with pytest.raises(pickle.UnpicklingError, match="Unsupported operand"):
        torch.load(tmp_path / "ckpt.pth.tar", weights_only=True)


def test_translation_leaves_the_rest_alone(tmp_path: Path):
    save_old({"weights": torch.arange(1000.0), "epoch": 3}, tmp_path / "old.pt")
    data = (tmp_path / "old.pt").read_bytes()
    assert in_todays_opcodes(data) == data
    for other in (b"", b"GIF89a" + data, data[:50], b"\x00" * 100):
        assert in_todays_opcodes(other) == other


# --- numpy ------------------------------------------------------------------------------------------------------------


class Numpy:
    """Pickles as a numpy scalar of a type of its own, its bytes as given."""

    def __init__(self, dtype: object, raw: bytes) -> None:
        self.parts = (dtype, raw)

    def __reduce__(self):
        return np._core.multiarray.scalar, self.parts


class ObjectTypeWithoutFlags:
    """An object dtype that hides that it holds pointers: numpy would take the eight bytes for an address."""

    def __reduce__(self):
        return np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0)


@WRITERS
def test_no_bytes_become_a_pointer(tmp_path: Path, write):
    """With numpy's own functions allowed, reading this file ends the process."""
    write({"error": Numpy(ObjectTypeWithoutFlags(), b"A" * 8)}, tmp_path / "evil.pt")
    assert old_formats.load(tmp_path / "evil.pt") == {"error": None}


@pytest.mark.parametrize("raw", [b"1", b"1234567", b"123456789"])
def test_a_number_of_the_wrong_length_is_an_error(tmp_path: Path, raw: bytes):
    save_new({"error": Numpy(np.dtype("f8"), raw)}, tmp_path / "short.pt")
    with pytest.raises(CheckpointError, match=r"short\.pt: not a readable checkpoint .*fetch it again"):
        old_formats.load(tmp_path / "short.pt")


def test_both_byte_orders_are_read():
    kind = NumberType("f8", False, True)
    kind.__setstate__((3, ">", None, None, None, -1, -1, 0))
    assert number(kind, np.array(1.5, dtype=">f8").tobytes()) == 1.5
    assert number("f8", b"12345678") is None


# --- refused ----------------------------------------------------------------------------------------------------------


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


def save_protocol_4(content: object, path: Path) -> None:
    torch.save(content, path, pickle_protocol=4)


def save_bare(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize("write", [save_new, save_old, save_python2, save_protocol_4, save_bare])
def test_a_malicious_file_is_refused_by_name_and_not_executed(tmp_path: Path, write):
    marker = tmp_path / "executed"
    path = tmp_path / "evil.pth.tar"
    write({"state_dict": {"w1.bias": torch.zeros(3)}, "optimizer": Malicious(marker)}, path)
    with pytest.raises(CheckpointError, match=r"evil\.pth\.tar: refused: .*posix\.system.* was not executed") as caught:
        old_formats.load(path)
    assert "\n" not in str(caught.value) and not marker.exists()


def test_the_malicious_object_would_have_run(tmp_path: Path):
    pickle.loads(pickle.dumps(Malicious(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


@WRITERS
def test_a_whole_model_is_refused_by_its_class(tmp_path: Path, write):
    write({"state_dict": nn.Linear(2, 2)}, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=r"names torch\.nn\.modules\.linear\.Linear.*save its `state_dict` alone"):
        old_formats.load(tmp_path / "model.pt")


@pytest.mark.parametrize("write", [save_new, save_old, save_python2])
@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_one_line(tmp_path: Path, write, part: float):
    path = tmp_path / "half.pth.tar"
    write(content(), path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(CheckpointError, match=r"half\.pth\.tar: (not a .*fetch it again|refused)") as caught:
        old_formats.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_what_to_do(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"none\.pt: no such file; give the path"):
        old_formats.load(tmp_path / "none.pt")


def test_what_is_no_dictionary_is_told(tmp_path: Path):
    save_new([torch.zeros(3)], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match=r"list\.pt: expected a dictionary .* found list"):
        old_formats.load(tmp_path / "list.pt")
