"""Runs of Snakemake and DVC with faults, begun again after each by the same command.

Stages and the tool itself are killed at random moments, and stages find that the disk is full.

`MIXPOSE_KILLS` says how often they are killed (by default never), and `MIXPOSE_KILLS_SEED` at which moments. With few
kills a stage is either killed or has no disk; with many, as in `make kills`, both.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tool_server import Event, Server

KILLS = int(os.environ.get("MIXPOSE_KILLS", "0"))
SEED = int(os.environ.get("MIXPOSE_KILLS_SEED", "0"))
HEAD = "snakemake"
# About how long each stage takes by itself, in seconds: it is killed at a random moment of these.
SECONDS = {
    "download": 0.1,
    "prepare_motion": 4.0,
    "build_body": 8.0,
    "fit_body": 4.0,
    "prepare_crops": 1.0,
    "prepare_keypoints": 0.5,
    "prepare_images": 0.8,
    "train_lifting": 3.0,
    "evaluate_lifting": 3.0,
    "train_detection": 2.0,
    "evaluate_detection": 2.0,
    "train_pixels": 1.0,
    "evaluate_pixels": 1.0,
    "tabulate": 1.0,
    "report": 8.0,
    "publish": 5.0,
}
FULL = r"(data|results|\.resume|mlflow\.db)\S*: .*(File too large|disk is full|disk I/O error).*make room"


class Faults:
    """A run of Snakemake on a server of stages, with its faults: those that are still to come, and those that were.

    One job at a time: a second one would begin and end unseen while Snakemake ends because of the first one's fault.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder, self.random = server, folder, random.Random(SEED)
        self.kills, self.full_disks = Counter[str](), Counter[str]()
        names = list(SECONDS)
        self.random.shuffle(names)
        self.heads = KILLS // 4
        self.left = Counter(itertools.islice(itertools.cycle(names), KILLS - self.heads))
        self.late = 0  # kills that came when the stage was done; they are made up for
        # In a short run a stage has one fault or the other.
        self.full = set(names[KILLS - self.heads :] or names)

    def run(self, *command: str, **environment: str) -> None:
        """Start a command again until it ends by itself. A start fails only by a fault."""
        while True:
            self.server.fill_disk_of(self.full)
            seen, printed = len(self.server.journal()), self.server.folder / "snakemake"
            with printed.open("w") as file:
                head = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env={**os.environ, **environment, "PATH": self.server.stages},
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            fault = self._watch(head, seen)
            code = head.wait()
            if not fault:
                assert code == 0, printed.read_text()
                return
            assert code != 0, f"{fault}, and nothing failed: {printed.read_text()}"
            if fault.words[0] in self.full:
                self._check_full_disk(fault)

    def _watch(self, head: subprocess.Popen[bytes], seen: int) -> Event | None:
        """Wait for a stage whose disk is full or that is to be killed, and kill it; None if the command ended first."""
        considered: set[int] = set()
        while head.poll() is None:
            for event in self.server.begun(seen):
                if event.process not in considered and event.words[0] in SECONDS:
                    considered.add(event.process)
                    if event.words[0] in self.full or self._kill(head, event):
                        return event
            time.sleep(0.01)
        return None

    def _kill(self, head: subprocess.Popen[bytes], event: Event) -> bool:
        """Kill a stage that has begun, or Snakemake, or both; or let it go."""
        stage = event.words[0]
        if self.left[stage] + self.late <= 0:
            if self.heads <= 0 or self.random.random() < 0.5:
                return False
            time.sleep(self.random.random() * SECONDS[stage])
            if head.poll() is not None:
                return False
            self._count_head()
            head.kill()  # its stage goes on
            return True
        time.sleep(self.random.random() * SECONDS[stage])
        made_up = self.left[stage] <= 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(event.process, signal.SIGKILL)
        if self._status(event) != -signal.SIGKILL:  # it was done before
            if not made_up:
                self.left[stage] -= 1
                self.late += 1
            return False
        self.kills[stage] += 1
        if made_up:
            self.late -= 1
        else:
            self.left[stage] -= 1
        if self.heads > 0 and self.random.random() < 0.25 and head.poll() is None:  # as when the machine stops
            self._count_head()
            os.killpg(head.pid, signal.SIGKILL)
            self.server.kill_all()
        return True

    def _status(self, event: Event) -> int:
        """With which status a stage ended, as soon as it has."""
        while True:
            for one in self.server.journal():
                if one.process == event.process and one.status is not None:
                    return one.status
            time.sleep(0.01)

    def _count_head(self) -> None:
        self.heads -= 1
        self.kills[HEAD] += 1

    def _check_full_disk(self, event: Event) -> None:
        """The stage ended with one line that names a file, and exit code 2."""
        stage, options = event.words[0], dict(zip(event.words[1::2], event.words[2::2], strict=True))
        status = self._status(event)
        options.pop("--preset")
        item = [f"seed_{value}" if name == "--seed" else value for name, value in options.items()]
        log = Path(self.folder, "logs", "tiny", stage, *item)
        text = log.with_name(f"{log.name}.log").read_text(encoding="utf-8")
        errors = [line for line in text.splitlines() if line.startswith("error: ")]
        assert status == 2 and len(errors) == 1 and "Traceback" not in text, f"{stage}, full disk: {status}, {text}"
        assert re.search(FULL, errors[0]), f"{stage}, full disk: {errors[0]}"
        self.full.discard(stage)
        self.full_disks[stage] += 1


def run_killed(
    command: list[str], folder: Path, environment: dict[str, str], begun: Callable[[], int], kills: int
) -> int:
    """Start a command and kill it, several times. Every other time its stage lives on, as after a kill by hand.

    `begun` counts the stages that have begun. Returns how often the command was killed before it ended by itself.
    """
    chosen, killed = random.Random(SEED), 0
    for number in range(kills):
        at = begun() + chosen.randint(1, 4)
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and begun() < at:
            time.sleep(0.05)
        time.sleep(3 * chosen.random())
        if process.poll() is not None:
            break
        process.kill() if number % 2 else os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
    return killed
