"""A job is done by one process: a second one waits, and does nothing if the first has done the job meanwhile."""

from __future__ import annotations

import fcntl
import threading
import time
from pathlib import Path

import planned
import pytest

from pipeline.__main__ import main

MEAN_POSE = ["train_lifting", "--preset", "tiny", "--variant", "mean_pose", "--seed", "0"]
LOCK = Path(".resume/tiny/jobs/train_lifting-mean_pose-seed_0")
HISTORY = Path("data/tiny/train_lifting/mean_pose/seed_0/history.csv")


@pytest.mark.parametrize("done", [True, False], ids=["the first does it", "the first is killed"])
def test_a_second_process_waits(folder: Path, capfd: pytest.CaptureFixture[str], done: bool) -> None:
    planned.plan()
    if done:  # the first process has done the job, and holds the lock a moment longer
        assert main(MEAN_POSE) == 0
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as first:
        first.write("4711\n")
        first.flush()
        fcntl.flock(first, fcntl.LOCK_EX)
        codes: list[int] = []
        before = HISTORY.stat().st_mtime_ns if done else 0
        second = threading.Thread(target=lambda: codes.append(main(MEAN_POSE)))
        second.start()
        said, end = "", time.monotonic() + 60
        while "waiting" not in said and time.monotonic() < end:
            time.sleep(0.05)
            said += capfd.readouterr().out
        assert "process 4711 still does train_lifting-mean_pose-seed_0" in said
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
