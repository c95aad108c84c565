import pickle

import pytest
import torch

from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError


class Malicious:
    def __reduce__(self):
        return (print, ("executed",))


def test_what_is_saved_comes_back(tmp_path):
    content = {"weights": torch.arange(6.0).reshape(2, 3), "step": 3, "rows": [{"loss": 0.1}], "name": "x"}
    checkpoint.save(tmp_path / "a.pt", content)
    back = checkpoint.load(tmp_path / "a.pt")
    assert torch.equal(back.pop("weights"), content.pop("weights")) and back == content


def test_equal_content_gives_equal_bytes_under_any_name(tmp_path):
    for name in ("a.pt", "another.pt"):
        checkpoint.save(tmp_path / name, {"weights": torch.ones(5), "step": 3})
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt", "another.pt"]


@pytest.mark.parametrize("writer", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))])
def test_a_pickle_that_is_not_data_is_refused_and_not_executed(tmp_path, capsys, writer):
    path = tmp_path / "evil.pt"
    writer({"weights": Malicious()}, path)
    with pytest.raises(CheckpointError, match=r"evil\.pt: ") as caught:
        checkpoint.load(path)
    assert "print" in str(caught.value) and "\n" not in str(caught.value)
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"GIF89a" + data]
)
def test_a_damaged_file_is_one_line_with_its_name(tmp_path, damage):
    path = tmp_path / "half.pt"
    checkpoint.save(path, {"weights": torch.ones(1000)})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"half\.pt: .*train again") as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.pt: missing; train"):
        checkpoint.load(tmp_path / "none.pt")
