"""Slots of a GPU, taken by processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from repository import ROOT

from pipeline import device
from pipeline.artifacts import InputError
from pipeline.training import slots

JOB = """
import sys, time
from pathlib import Path
from pipeline.training import slots
folder, name, whole, seconds = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "whole", float(sys.argv[4])
with slots.slot("card", slots.count(), whole, folder):
    start = time.monotonic()
    (folder / f"{name}.began").touch()
    time.sleep(seconds)
    (folder / f"{name}.span").write_text(f"{start} {time.monotonic()}")
"""


def start(
    folder: Path, name: str, whole: bool = False, seconds: float = 0.5, count: int = 2
) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", JOB, str(folder), name, "whole" if whole else "one", str(seconds)]
    return subprocess.Popen(words, cwd=ROOT, env=os.environ | {"MIXPOSE_GPU_SLOTS": str(count)})


def wait_for(file: Path) -> None:
    end = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end, f"{file} was never made"
        time.sleep(0.02)


def span(folder: Path, name: str) -> tuple[float, float]:
    first, last = (folder / f"{name}.span").read_text().split()
    return float(first), float(last)


def at_once(spans: list[tuple[float, float]]) -> int:
    return max(sum(first <= moment < last for first, last in spans) for moment, _ in spans)


def test_at_most_as_many_jobs_as_slots_are_on_a_card(tmp_path: Path) -> None:
    jobs = [start(tmp_path, str(number)) for number in range(5)]
    assert [job.wait() for job in jobs] == [0] * 5
    assert at_once([span(tmp_path, str(number)) for number in range(5)]) <= 2


def test_a_job_that_wants_the_whole_card_is_alone_on_it(tmp_path: Path) -> None:
    one = start(tmp_path, "one")
    wait_for(tmp_path / "one.began")
    others = [start(tmp_path, "whole", whole=True), start(tmp_path, "again", whole=True)]
    assert [job.wait() for job in (one, *others)] == [0, 0, 0]
    assert at_once([span(tmp_path, name) for name in ("one", "whole", "again")]) == 1


def test_a_killed_job_leaves_its_slot(tmp_path: Path) -> None:
    killed = start(tmp_path, "killed", seconds=600, count=1)
    wait_for(tmp_path / "killed.began")
    killed.kill()
    killed.wait()
    assert start(tmp_path, "next", count=1, seconds=0).wait(60) == 0


def test_the_number_of_slots_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIXPOSE_GPU_SLOTS", raising=False)
    assert slots.count() == slots.DEFAULT
    monkeypatch.setenv("MIXPOSE_GPU_SLOTS", "7")
    assert slots.count() == 7


@pytest.mark.parametrize(("asked", "there", "taken"), [("auto", True, 1), ("auto", False, 0), ("cpu", True, 0)])
def test_only_a_job_on_a_gpu_takes_a_slot(monkeypatch: pytest.MonkeyPatch, asked: str, there: bool, taken: int) -> None:
    cards: list[str] = []
    run: Any = SimpleNamespace(preset=SimpleNamespace(device=asked))
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number: SimpleNamespace(uuid=f"card {number}"))
    monkeypatch.setattr(slots, "slot", lambda card, count, whole: cards.append(card))
    device.slot(run)
    assert cards == ["card 0"] * taken


@pytest.mark.parametrize("stated", ["0", "-1", "two", ""])
def test_a_number_of_slots_that_is_none_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, stated: str) -> None:
    monkeypatch.setenv("MIXPOSE_GPU_SLOTS", stated)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number: SimpleNamespace(uuid="card"))
    run: Any = SimpleNamespace(preset=SimpleNamespace(device="auto"))
    with pytest.raises(InputError, match=f"MIXPOSE_GPU_SLOTS: expected a whole number from 1, found '{stated}'"):
        device.slot(run)
