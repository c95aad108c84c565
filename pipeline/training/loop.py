"""The training loop of every task.

A training that is killed at any moment and started again ends with the same weights as an undisturbed one. The state on
disk holds the weights, the optimiser and the random generators. The order of an epoch's examples depends
on the seed and the epoch's number only. Steps after the last saved state are repeated.

On a GPU the host runs ahead of the device. It reads the losses every few steps (readings.py), and before everything
that keeps something of the training: a row of the history, a validation, a saved state.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from pipeline.training import batch_norm, checkpoint, cuda_graphs, readings
from pipeline.training.captured import Captured
from pipeline.training.progress import Progress, Row
from pipeline.training.readings import Reading, Readings
from pipeline.training.schedules import Schedule
from pipeline.training.task import ReadsAhead, Task
from pipeline.training.update import Update

SECONDS_BETWEEN_LINES = 30.0  # of progress in a log file; a short training prints nothing there


@dataclass(frozen=True)
class LoopSettings:
    """How a task is trained, besides its schedule."""

    epochs: int
    seed: int
    max_gradient_norm: float | None = None
    max_weight_norm: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)  # Adam's
    validate_every: int = 1  # epochs
    rows_an_epoch: int = 25
    recorded: bool = False  # on a GPU: steps are recorded as CUDA graphs (captured.py)
    read_every: int | None = None  # steps; by default as the device likes it


@dataclass(frozen=True)
class Resume:
    """Where a stopped training resumes from. State with another fingerprint is of another training: it is not used."""

    file: Path
    fingerprint: str
    save_every_seconds: float = 20.0


def train(task: Task, schedule: Schedule, settings: LoopSettings, resume: Resume, description: str) -> Progress:
    """Train `task.model` in place. Raises NotFiniteError, and KeyboardInterrupt once the state is safe."""
    update = _update(task, schedule, settings)
    step = _step(update)
    progress, unread = Progress(), Readings(settings.read_every or readings.every(task.device))
    if resume.file.exists():
        _restore(resume, task, update, progress)
    steps_an_epoch = math.ceil(task.examples / task.batch_size)
    total = steps_an_epoch * settings.epochs
    row_every = max(1, steps_an_epoch // settings.rows_an_epoch)
    ahead = task if isinstance(task, ReadsAhead) else None
    task.model.train()
    clock = time.monotonic()
    saved = clock

    def save() -> None:
        nonlocal clock, saved
        _account(progress, unread.read())
        saved = time.monotonic()
        progress.seconds, clock = progress.seconds + saved - clock, saved
        _save(resume, task, update, progress)

    with _stop_signals() as stop, _bar(task, steps_an_epoch, total, progress.step, description) as bar:
        while progress.step < total:
            epoch, within = divmod(progress.step, steps_an_epoch)
            order = _order(task, settings.seed, epoch)
            for batch in range(within, steps_an_epoch):
                indices = _batch(task, order, batch)
                done = (progress.step + 0.5) / total
                rate = schedule.rate(done)
                update.set_rate(rate)
                unread.add(Reading(progress.step, rate, step(indices, done), update.names))
                progress.step += 1
                at_end = batch == steps_an_epoch - 1
                if ahead and not at_end:
                    ahead.announce(_batch(task, order, batch + 1))
                row_due = at_end or (batch + 1) % row_every == 0
                if row_due or unread.due:
                    losses = unread.read()
                    _account(progress, losses)
                    bar.set_postfix(loss=f"{losses[-1]:.3g}", refresh=False)
                if row_due:
                    watched = at_end and ((epoch + 1) % settings.validate_every == 0 or progress.step == total)
                    _add_row(progress, task, rate, steps_an_epoch, at_end, watched)
                bar.update(len(indices))
                if stop or time.monotonic() - saved > resume.save_every_seconds:
                    save()
                if stop:
                    raise KeyboardInterrupt
    progress.seconds += time.monotonic() - clock
    return progress


def _update(task: Task, schedule: Schedule, settings: LoopSettings) -> Update:
    recorded = settings.recorded and cuda_graphs.wanted(task.device)
    bounds = settings.max_gradient_norm, settings.max_weight_norm
    return Update(task, schedule.rate(0.0), settings.betas, *bounds, recorded=recorded)


def _step(update: Update) -> Callable[[Tensor, float], Tensor]:
    """The update, recorded if it is made for that."""
    if not update.recorded:
        return update
    return Captured(update, cuda_graphs.CudaGraphs(update.task.device), tqdm.write)


def _order(task: Task, seed: int, epoch: int) -> Tensor:
    """The order of an epoch's examples. It depends on seed and epoch alone, so that resuming needs no record of it."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(task.examples, generator=generator)
    return order if isinstance(task, ReadsAhead) else order.to(task.device)


def _batch(task: Task, order: Tensor, batch: int) -> Tensor:
    return order[batch * task.batch_size : (batch + 1) * task.batch_size]


def _account(progress: Progress, losses: list[float]) -> None:
    for loss in losses:
        progress.epoch_loss += loss
        progress.row_loss += loss
        progress.row_steps += 1


def _add_row(progress: Progress, task: Task, rate: float, steps_an_epoch: int, at_end: bool, watched: bool) -> None:
    """Add a row to the history. After a watched epoch it has a validation, which also decides on the best epoch.

    The best epoch is that with renewed batch-norm statistics. Its weights are kept with their running statistics.
    """
    row: Row = {
        "epoch": progress.step / steps_an_epoch,
        "step": progress.step,
        "learning_rate": rate,
        "loss": progress.row_loss / progress.row_steps,
    }
    progress.row_loss, progress.row_steps = 0.0, 0
    if at_end:
        progress.epoch_loss = 0.0
    if watched:
        task.model.eval()
        figures = batch_norm.validation(task)
        task.model.train()
        row |= figures
        first = next(iter(figures.values()))
        if progress.best_value is None or (first - progress.best_value) * (1 if task.best == "highest" else -1) > 0:
            progress.best_value, progress.best_epoch = first, round(row["epoch"])
            progress.best_model = {name: value.detach().clone() for name, value in task.model.state_dict().items()}
    progress.rows.append(row)


def _save(resume: Resume, task: Task, update: Update, progress: Progress) -> None:
    state: dict[str, Any] = {
        "fingerprint": resume.fingerprint,
        "model": task.model.state_dict(),
        "optimizer": update.optimizer.state_dict(),
        "progress": vars(progress),
        "random": torch.get_rng_state(),
    }
    if task.device.startswith("cuda"):
        state["random_cuda"] = torch.cuda.get_rng_state(task.device)
    checkpoint.save(resume.file, state)


def _restore(resume: Resume, task: Task, update: Update, progress: Progress) -> None:
    """Restore the state of a stopped training, unless it had other settings, code or data."""
    state = checkpoint.load(resume.file)
    if state.get("fingerprint") != resume.fingerprint:
        tqdm.write(f"{resume.file}: belongs to other settings, code or data; training starts anew")
        return
    task.model.load_state_dict(state["model"])
    update.load_optimizer(state["optimizer"])
    vars(progress).update(state["progress"])
    progress.resumed += 1
    torch.set_rng_state(state["random"])
    if task.device.startswith("cuda"):
        torch.cuda.set_rng_state(state["random_cuda"], task.device)


def _bar(task: Task, steps_an_epoch: int, total: int, step: int, description: str) -> Any:
    """A progress bar in examples per second with the time left; in a log file one line every 30 s."""
    epochs, within = divmod(step, steps_an_epoch)
    watched = sys.stderr.isatty()
    return tqdm(
        total=total // steps_an_epoch * task.examples,
        initial=epochs * task.examples + within * task.batch_size,
        desc=description,
        unit=f" {task.unit}",
        unit_scale=True,
        smoothing=0.05,
        delay=0 if watched else SECONDS_BETWEEN_LINES,
        mininterval=0.1 if watched else SECONDS_BETWEEN_LINES,
    )


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Record SIGINT and SIGTERM instead of stopping at once: the loop saves its state and stops between two steps."""
    caught: list[int] = []
    try:
        before = {
            number: signal.signal(number, lambda received, _: caught.append(received))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:  # only the main thread receives signals
        before = {}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
