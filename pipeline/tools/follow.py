"""`python -m pipeline follow`: sends the curves of trainings that are under way to an MLflow server.

Trainings know nothing of MLflow. Every 30 seconds they save their state to the disk, to continue from it after a stop,
and their history is in it. This process reads it there, beside them, and may be started and stopped at any time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report import runs
from pipeline.seeds import state_file
from pipeline.tools import options
from pipeline.tracking import streaming
from pipeline.tracking.streaming import Course
from pipeline.training import checkpoint, record
from pipeline.training.errors import CheckpointError


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.preset(command)
    command.add_argument(
        "--every", type=float, default=30.0, metavar="SECONDS", help="between two looks at the disk (default: 30)"
    )
    command.add_argument("--once", action="store_true", help="send what is there and end")


def run(root: Path, preset: str | None = None, every: float = 30.0, once: bool = False) -> int:
    """Follow the preset's trainings until all have ended. Raises InputError without a server that answers at first."""
    if every <= 0:
        raise InputError(f"--every: {every:g} is no time; write the seconds between two looks, such as 30")
    settings, address = config.load(preset, root), streaming.server()
    follower = Follower(settings)
    sent = streaming.send(address, follower.new(), root)
    print(f"following preset {settings.preset_name}; {sent} rows sent. Ctrl-C stops it, trainings go on", flush=True)
    while not (once or follower.ended):
        time.sleep(every)
        try:
            courses = follower.new()
            sent = streaming.send(address, courses, root)
        except InputError as error:  # the server may come back; what was not sent is sent then
            follower.forget()
            print(f"{error}; trying again", file=sys.stderr, flush=True)
            continue
        if sent:
            print(f"{', '.join(course.name for course in courses)}: {sent} rows sent", flush=True)
    return 0


class Follower:
    """Looks for trainings whose files have changed since the last look."""

    def __init__(self, settings: Run) -> None:
        self._run = settings
        self._seen: dict[Path, float] = {}
        self.ended = False

    def forget(self) -> None:
        """Look at everything again."""
        self._seen.clear()

    def new(self) -> list[Course]:
        """The trainings that have come further since the last look. Sets `ended` when all trainings have ended."""
        found, seeds = [], list(self._seeds())
        for variant, seed in seeds:
            course = self._course(variant, seed)
            if course:
                found.append(course)
        self.ended = all(self._run.layout.history(*seed).exists() for seed in seeds)
        return found

    def _seeds(self) -> Iterator[tuple[str, int]]:
        for variant in (*self._run.lifting_variants, *self._run.detection_variants):
            if not self._run.why_left_out(variant):
                yield from ((variant, seed) for seed in self._run.seeds_of(variant))

    def _course(self, variant: str, seed: int) -> Course | None:
        """A seed's course; None if it has not begun, or nothing has changed."""
        history, state = self._run.layout.history(variant, seed), state_file(self._run, variant, seed)
        ended = history.exists()
        path = history if ended else state
        try:
            changed = path.stat().st_mtime
            if self._seen.get(path) == changed:
                return None
            rows = record.read_history(path) if ended else checkpoint.load(path)["progress"]["rows"]
        except (OSError, CheckpointError, KeyError):  # not begun, or just ended: the next look finds more
            return None
        self._seen[path] = changed
        preset = self._run.preset_name
        return Course(
            experiment=self._run.any_variant(variant).paper,
            name=runs.name(preset, variant, seed),
            place=runs.place(preset, variant, seed),
            rows=rows,
            ended=ended,
        )
