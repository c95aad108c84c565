"""config/running.py: Snakemake does not start beside a `dvc repro`, and one that was killed is not in its way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import running

NOBODY = 4_194_305  # above the largest number of a process


def noted(root: Path, text: str) -> None:
    path = root / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def by(process: int) -> dict[str, object]:
    return {"pid": process, "cmd": "dvc repro"}


@pytest.mark.parametrize("kind", ["read", "write"])
def test_a_dvc_at_work_is_named(tmp_path: Path, repository_copy: Path, kind: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as dvc:
        who = by(dvc.pid)
        noted(tmp_path, json.dumps({"read": {}, "write": {}, kind: {"data": [who] if kind == "read" else who}}))
        run = config.load("demo", repository_copy).model_copy(update={"root": tmp_path})
        with pytest.raises(InputError, match=f"process {dvc.pid} is `dvc repro` in this folder; wait for it"):
            running.hold(run)
        dvc.kill()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"write": {"data": by(NOBODY)}, "read": {"a": [by(NOBODY)]}}),
        "{}",
        "",
        '{"write": {"da',
        "[]",
        '{"write": []}',
    ],
)
def test_what_a_killed_dvc_left_is_in_nobodys_way(tmp_path: Path, text: str) -> None:
    assert running.dvc_at_work(tmp_path) is None
    noted(tmp_path, text)
    assert running.dvc_at_work(tmp_path) is None
