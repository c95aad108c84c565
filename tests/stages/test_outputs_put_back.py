"""config.finished: a job of Snakemake that would make the same again puts back what it made before."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import planned
import pytest
from repository import replace_in

from pipeline import artifacts
from pipeline.__main__ import main
from pipeline.config import finished
from pipeline.stages import train_lifting

MEAN_POSE = ["train_lifting", "--preset", "tiny", "--variant", "mean_pose", "--seed", "0"]
MADE = Path("data/tiny/made/train_lifting/mean_pose/seed_0.json")
TRAIN = Path("data/tiny/motion/ground_truth/train.npz")
SEED = Path("data/tiny/train_lifting/mean_pose/seed_0")


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A training that Snakemake has run, and whose outputs it has deleted; gives their content."""
    monkeypatch.setenv("MIXPOSE_REUSE", "yes")
    planned.plan()
    assert main(MEAN_POSE) == 0
    content = {file.name: file.read_bytes() for file in SEED.iterdir()}
    shutil.rmtree(SEED)
    MADE.unlink()
    return content


def trains(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the command trains."""
    calls: list[int] = []
    monkeypatch.setattr(train_lifting, "run", lambda *_, **options: calls.append(options["seed"]))
    monkeypatch.setattr(finished, "keep", lambda *_: None)
    assert main(MEAN_POSE) == 0
    return calls == [0]


def test_made_from_the_same_it_is_put_back(
    kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    TRAIN.write_bytes(TRAIN.read_bytes())  # a preparing stage that wrote the same bytes
    before = time.time() - 1
    assert not trains(monkeypatch)
    assert "outputs were put back; to make them again delete data/tiny/finished/" in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in SEED.iterdir()} == kept
    assert MADE.stat().st_mtime > before
    shutil.rmtree(SEED)
    assert not trains(monkeypatch) and SEED.exists()  # as often as it is needed


def test_from_other_data_it_is_made_anew(kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = artifacts.read_arrays(TRAIN)
    artifacts.write_arrays(TRAIN, arrays | {"joints_3d": arrays["joints_3d"] + 1})
    assert kept and trains(monkeypatch)


def test_with_other_settings_it_is_made_anew(kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    replace_in(Path("params/tiny.yaml"), "threads: 1", "threads: 2")
    planned.plan()
    assert kept and trains(monkeypatch)


def test_by_hand_it_is_always_made_anew(kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIXPOSE_REUSE")
    assert kept and trains(monkeypatch)


def test_a_kept_file_that_was_written_into_since_is_made_anew(
    kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (weights,) = Path("data/tiny/finished").rglob("checkpoint.pt")
    with weights.open("ab") as file:
        file.write(b"more")
    assert kept and trains(monkeypatch)
