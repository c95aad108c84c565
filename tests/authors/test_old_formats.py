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
    np.testing.assert_array_equal(found["curve"], np.arange(3.0))


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
def test_bytes_never_become_a_pointer(tmp_path: Path, write):
    """With numpy's own functions allowed, reading this file ends the process."""
    write({"error": Numpy(ObjectTypeWithoutFlags(), b"A" * 8)}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="a scalar without a plain data type"):
        old_formats.load(tmp_path / "evil.pt")


@pytest.mark.parametrize("raw", [b"1", b"1234567", b"123456789"])
def test_a_number_of_the_wrong_length_is_an_error(tmp_path: Path, raw: bytes):
    save_new({"error": Numpy(np.dtype("f8"), raw)}, tmp_path / "short.pt")
    with pytest.raises(CheckpointError, match=r"short\.pt: not a readable checkpoint .*fetch it again"):
        old_formats.load(tmp_path / "short.pt")


def test_both_byte_orders_are_read(tmp_path: Path):
    save_new({"error": Numpy(np.dtype(">f8"), np.array(1.5, dtype=">f8").tobytes())}, tmp_path / "big.pt")
    assert old_formats.load(tmp_path / "big.pt") == {"error": 1.5}


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


@pytest.mark.parametrize("write", [save_new, save_old, save_python2, save_protocol_4])
def test_a_malicious_file_is_refused_by_name_and_not_executed(tmp_path: Path, write):
    marker = tmp_path / "executed"
    path = tmp_path / "evil.pth.tar"
    write({"state_dict": {"w1.bias": torch.zeros(3)}, "optimizer": Malicious(marker)}, path)
    with pytest.raises(CheckpointError, match=r"evil\.pth\.tar: refused: .*posix\.system.* was not executed") as caught:
        old_formats.load(path)
    assert "\n" not in str(caught.value) and not marker.exists()


def test_a_malicious_bare_pickle_is_refused_at_the_first_name(tmp_path: Path):
    """Without torch.save a tensor is a call of torch's own, which is refused before the malicious one is reached."""
    marker = tmp_path / "executed"
    save_bare({"state_dict": {"w1.bias": torch.zeros(3)}, "optimizer": Malicious(marker)}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match=r"refused: it names torch\.\S+, .* was not executed"):
        old_formats.load(tmp_path / "evil.pt")
    save_bare({"optimizer": Malicious(marker)}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match=r"refused: it names posix\.system, .* was not executed"):
        old_formats.load(tmp_path / "evil.pt")
    assert not marker.exists()


class View:
    """Pickles as a tensor that sees the storage of another as it likes."""

    def __init__(self, tensor: torch.Tensor, *view: object) -> None:
        self.parts = (tensor.storage(), *view, False, {})

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.parts


@WRITERS
@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ((0, (2, 3), (3, 1)), None),
        ((1, (2,), (3,)), None),
        ((0, (2, 4), (4, 1)), "8 numbers or more in a storage of 6"),
        ((5, (2,), (1,)), "7 numbers or more in a storage of 6"),
        ((0, (1 << 40,), (0,)), "in a storage of 6"),  # no memory, until somebody copies it
        ((-1, (2,), (1,)), "no view of a storage"),
        ((0, (2,), (-1,)), "no view of a storage"),
        ((0, (True,), (1,)), "no view of a storage"),
        ((0, (2, 3), (3,)), "shorter"),
    ],
)
def test_a_tensor_stays_within_its_storage(tmp_path: Path, write, view: tuple, reason: str | None):
    numbers = torch.arange(6.0)
    write({"weight": View(numbers, *view), "other": numbers}, tmp_path / "view.pt")
    if reason is None:
        offset, size, stride = view
        assert torch.equal(old_formats.load(tmp_path / "view.pt")["weight"], numbers.as_strided(size, stride, offset))
        return
    with pytest.raises(CheckpointError, match=reason):
        old_formats.load(tmp_path / "view.pt")


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


def test_a_file_without_a_dictionary_is_reported(tmp_path: Path):
    save_new([torch.zeros(3)], tmp_path / "list.pt")
    with pytest.raises(CheckpointError, match=r"list\.pt: expected a dictionary .* found list"):
        old_formats.load(tmp_path / "list.pt")
