"""A job is done by one process: a second one waits, and does nothing if the first has done the job meanwhile."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import planned
import pytest

from pipeline.__main__ import main
from pipeline.config import running
from pipeline.stages import train_lifting

MEAN_POSE = ["train_lifting", "--preset", "tiny", "--variant", "mean_pose", "--seed", "0"]
LOCK = Path(".resume/tiny/jobs/train_lifting-mean_pose-seed_0")
# The first process: a lock is a process's own, so that a test cannot hold it.
HOLDS = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
file.write("4711\\n")
file.flush()
print("locked", flush=True)
sys.stdin.read()
"""
HISTORY = Path("data/tiny/train_lifting/mean_pose/seed_0/history.csv")


@pytest.mark.parametrize("done", [True, False], ids=["the first does it", "the first is killed"])
def test_a_second_process_waits(folder: Path, capfd: pytest.CaptureFixture[str], done: bool) -> None:
    planned.plan()
    if done:  # the first process has done the job, and holds the lock a moment longer
        assert main(MEAN_POSE) == 0
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", HOLDS, str(LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None and first.stdout.readline() == b"locked\n"
        codes: list[int] = []
        before = HISTORY.stat().st_mtime_ns if done else 0
        second = threading.Thread(target=lambda: codes.append(main(MEAN_POSE)))
        second.start()
        said, end = "", time.monotonic() + 60
        while "waiting" not in said and time.monotonic() < end:
            time.sleep(0.05)
            said += capfd.readouterr().out
        assert "process 4711 already does train_lifting-mean_pose-seed_0" in said
        assert codes == []
    second.join(60)
    assert codes == [0]
    assert (HISTORY.stat().st_mtime_ns == before) is done


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    planned.plan()
    left = [HISTORY.parents[1] / name for name in (".seed_0.abc.part", ".seed_0.abc.old")]
    for one in left:
        (one / "inner").mkdir(parents=True)
    record = Path("data/tiny/made/train_lifting/mean_pose/.seed_0.json.abc.part")
    record.parent.mkdir(parents=True)
    record.touch()
    other = HISTORY.parents[1] / ".seed_1.abc.part"
    other.mkdir()
    assert main(MEAN_POSE) == 0
    assert not any(path.exists() for path in (*left, record)) and other.exists()


def test_an_output_that_may_not_be_written_is_said_before_the_work(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned.plan()
    monkeypatch.setattr(train_lifting, "run", lambda *_, **__: pytest.fail("the work has begun"))
    monkeypatch.setattr(running.tempfile, "TemporaryFile", refuse)
    capfd.readouterr()
    assert main(MEAN_POSE) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: data/tiny/train_lifting/mean_pose/seed_0: Read-only file system; give yourself")


def refuse(**_: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
