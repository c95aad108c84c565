"""The checks and figures of gpu.sh, each with its goal. The file is written anew after each, so a stop loses none.

With --tiny everything is small and runs on whatever there is, a CPU too, where nothing is recorded.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import hgn_graphs
import image_files
import numpy as np
import torch
from detection_variants import SMALL
from evaluated_poses import make_data
from torch import Tensor

from pipeline import config
from pipeline.config import LiftingVariant, Run
from pipeline.detection.checkpoints import seeded_model as seeded_centernet
from pipeline.detection.task import DetectionSettings, DetectionTask
from pipeline.lifting.checkpoints import seeded_model
from pipeline.lifting.data import LiftingData, joint_choice, skeleton_of
from pipeline.lifting.mesh_targets import MeshTargets
from pipeline.lifting.task import LiftingTask
from pipeline.training import cuda_graphs, loop
from pipeline.training.captured import Captured
from pipeline.training.readings import NotFiniteError
from pipeline.training.schedules import Schedule
from pipeline.training.update import Update

POSES_OF_MINI = 80_718  # for training
SECONDS = 440.0  # after which no new figure is begun
HUMAN36M_POSES = 1_559_752


@dataclass
class Bench:
    """Where it runs, how large, and what was found so far."""

    out: Path
    tiny: bool
    device: str
    begun: float = field(default_factory=time.monotonic)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def left(self) -> float:
        return SECONDS - (time.monotonic() - self.begun)

    def measure(self, name: str, what: Callable[[Bench], dict[str, Any]], needs: float = 0.0) -> None:
        """Add what a function measures; a failure is an entry too, so the other figures are still taken."""
        start = time.monotonic()
        if self.left < needs:
            entry: dict[str, Any] = {"left out": f"{self.left:.0f} s were left, it needs {needs:.0f}"}
        else:
            try:
                entry = what(self)
            except Exception as error:
                entry = {
                    "failed": f"{type(error).__name__}: {error}",
                    "where": traceback.format_exc().splitlines()[-6:],
                }
        self.found[name] = entry | {"took_seconds": round(time.monotonic() - start, 1)}
        print(f"{name}: {json.dumps(self.found[name])}")
        (self.out / "gpu.json").write_text(json.dumps(self.found, indent=2) + "\n")


def goal(value: float, bound: float, least: bool) -> dict[str, Any]:
    """A figure with its goal: at least, or at most, `bound`."""
    return {
        "value": value,
        "goal": f"{'at least' if least else 'at most'} {bound:g}",
        "held": (value >= bound) == least,
    }


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


# --- lifting ----------------------------------------------------------------------------------------------------------


def poses(variant: LiftingVariant, count: int, device: str) -> LiftingData:
    """Random poses of a plausible size, and random meshes where the variant learns them."""
    random = torch.Generator().manual_seed(0)
    few, skeleton = make_data(), skeleton_of(variant)
    index = torch.arange(count, device=device) % len(few)
    data = LiftingData(
        keypoints_2d=(500 + 100 * torch.randn(count, 17, 2, generator=random)).to(device),
        joints_3d=(300 * torch.randn(count, 17, 3, generator=random)).to(device),
        sizes=few.sizes.to(device),
        camera=few.camera.to(device)[index],
        action=few.action.to(device)[index],
        subject=few.subject.to(device)[index],
        joints=torch.tensor(joint_choice(skeleton), device=device),
        pose_set=few.pose_set,
        skeleton=skeleton,
    )
    if variant.targets != "meshes":
        return data
    graphs = hgn_graphs.authors_sized()
    nodes, frames = int(graphs.coarse.real.sum() + graphs.fine.real.sum()), 1000
    arrays = {
        "meshes": (0.3 * torch.randn(frames, nodes, 3, generator=random)).half().numpy(),
        "usable": np.arange(frames) % 7 > 0,
        "row_frame": np.arange(count) % frames,
    }
    return replace(data, meshes=MeshTargets.from_arrays(arrays, graphs, data.camera, few.pose_set.cameras, device))


def lifting_task(variant: LiftingVariant, count: int, device: str) -> LiftingTask:
    graphs = hgn_graphs.authors_sized() if variant.targets == "meshes" else None
    data = poses(variant, count, device)
    task = LiftingTask(variant, seeded_model(variant, 0, graphs), data, poses(variant, 200, device))
    task.model.train()
    return task


def stepper(task: Any, recorded: bool, said: list[str]) -> tuple[Update, Callable[[Tensor, float], Tensor]]:
    """The update of a task with its own bounds, recorded where there is a GPU."""
    recorded = recorded and task.device.startswith("cuda")
    optimizer = getattr(task.variant, "optimizer", None)
    bounds = [getattr(optimizer, name, None) for name in ("max_gradient_norm", "max_weight_norm")]
    update = Update(task, 1e-3, (0.9, 0.999), *bounds, recorded=recorded)
    return update, Captured(update, cuda_graphs.CudaGraphs(task.device), said.append) if recorded else update


def step_ms(variant: LiftingVariant, recorded: bool, device: str, steps: int) -> tuple[float, list[str]]:
    """Milliseconds of a training step: the median of batches of steps that do not wait for each other."""
    said: list[str] = []
    task = lifting_task(variant, max(4096, 2 * variant.optimizer.batch_size) if steps > 4 else 128, device)
    update, step = stepper(task, recorded, said)
    size, times = min(task.batch_size, task.examples), []
    indices = torch.arange(size, device=device)

    def several(count: int) -> None:
        for _ in range(count):
            update.set_rate(1e-3)
            step(indices, 0.7)
        wait(device)

    several(5)
    for _ in range(3):
        start = time.perf_counter()
        several(steps)
        times.append(1000 * (time.perf_counter() - start) / steps)
    return statistics.median(times), said


def steps_of(names: tuple[str, ...]) -> Callable[[Bench], dict[str, Any]]:
    def measure(bench: Bench) -> dict[str, Any]:
        run, entry = config.load("mini"), {}
        for name in names:
            variant = shrunk(run.variant(name)) if bench.tiny else run.variant(name)
            count = 2 if bench.tiny else 30
            eager, _ = step_ms(variant, False, bench.device, count)
            ours, said = step_ms(variant, True, bench.device, count)
            least = 10.0 if name == "graphmdn" else 1.0
            entry[name] = {"batch": variant.optimizer.batch_size, "eager_ms": eager, "recorded_ms": ours, "said": said}
            entry[name]["times_faster"] = goal(eager / ours, least, least=True)
        return entry

    return measure


def shrunk(variant: LiftingVariant) -> LiftingVariant:
    """The same variant with a small network and batch."""
    model = variant.model.model_copy(update={"channels": 8, "blocks": 1})
    return variant.model_copy(
        update={"model": model, "optimizer": variant.optimizer.model_copy(update={"batch_size": 16})}
    )


def same_numbers(bench: Bench) -> dict[str, Any]:
    """Recorded steps against plain ones from the same weights and random numbers, dropout and annealing among them."""
    settings = {"paper": "sanity", "title": "small", "model": {"channels": 32, "blocks": 2, "dropout": 0.1}}
    settings |= {"head": {"name": "mixture", "kernels": 5}, "likelihood": {"kind": "annealed"}}
    variant, found = LiftingVariant.model_validate(settings), []
    for recorded in (False, True):
        task, said = lifting_task(variant, 512, bench.device), []  # type: ignore[var-annotated]
        update, step = stepper(task, recorded, said)
        torch.manual_seed(1)
        values = []
        for number in range(20):
            update.set_rate(1e-3 * (1 + number / 20))
            batch = torch.arange(40 if number % 5 == 4 else 64, device=bench.device)
            values.append(step(batch, number / 20))
        state = torch.cuda.get_rng_state(bench.device) if bench.on_gpu else torch.get_rng_state()
        found.append((torch.stack(values).cpu(), state, said))
    (plain, state, _), (ours, other_state, said) = found
    return {
        "largest_relative_difference": goal(float(((ours - plain) / plain).abs().max()), 1e-3, least=False),
        "same_random_state": torch.equal(state, other_state),
        "said": said,
    }


def stop_and_resume(bench: Bench) -> dict[str, Any]:
    """Through the loop: a step that is not finite is named, and a killed training continues with the same numbers."""
    variant = shrunk(config.load("mini").variant("graphmdn"))
    weights: list[dict[str, Tensor]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, stop_at in (("straight", None), ("killed", 21), ("killed", None)):
            torch.manual_seed(3)
            task = lifting_task(variant, 256, bench.device)
            settings = loop.LoopSettings(epochs=3, seed=0, max_gradient_norm=1.0, recorded=True)
            schedule: Schedule = Killed(1e-3, stop_at)
            resume = loop.Resume(Path(folder) / f"{name}.pt", "a", 0.05)
            try:
                loop.train(task, schedule, settings, resume, name)
            except KeyboardInterrupt:
                continue
            weights.append({key: value.cpu() for key, value in task.model.state_dict().items()})
        task = lifting_task(variant, 256, bench.device)
        task.train.joints_3d[100] = math.nan
        try:
            loop.train(task, Schedule(1e-3), settings, loop.Resume(Path(folder) / "bad.pt", "a", 1e9), "bad")
            said = "nothing"
        except NotFiniteError as error:
            said = str(error)
        order = torch.randperm(256, generator=torch.Generator().manual_seed(0))
        bad_step = int((order == 100).nonzero()) // task.batch_size
    apart = max(float((weights[0][name] - weights[1][name]).abs().max()) for name in weights[0])
    return {
        "largest_difference_after_resuming": goal(apart, 1e-4, least=False),
        "names_the_step": goal(float(said.startswith(f"step {bad_step}: ")), 1, least=True),
        "said": said,
    }


@dataclass
class Killed(Schedule):
    """A constant rate; the step `at` is never done, as if the process had been stopped."""

    at: int | None = None
    asked: int = 0

    def rate(self, progress: float) -> float:
        self.asked += 1
        if self.at is not None and self.asked > self.at:
            raise KeyboardInterrupt
        return self.learning_rate


def two_epochs(bench: Bench) -> dict[str, Any]:
    """Two epochs of GraphMDN on as many poses as Human3.6M has, through the loop, history and validations included."""
    variant = config.load("mini").variant("graphmdn")
    variant, count = (shrunk(variant), 200) if bench.tiny else (variant, HUMAN36M_POSES)
    task = lifting_task(variant, count, bench.device)
    settings = loop.LoopSettings(epochs=2, seed=0, max_gradient_norm=1.0, recorded=True)
    with tempfile.TemporaryDirectory() as folder:
        progress = loop.train(task, Schedule(1e-4), settings, loop.Resume(Path(folder) / "a.pt", "a"), "two epochs")
    return {"poses": count, "steps": progress.step, "seconds": goal(progress.seconds, 60, least=False)}


def budget_of_mini(bench: Bench) -> dict[str, Any]:
    """All lifting trainings of mini with three seeds, one after the other, from the measured step of every network."""
    run, measured, said, total = config.load("mini"), {}, {}, 0.0  # type: ignore[var-annotated]
    end = time.monotonic() + (20 if bench.tiny else 150)
    names = [name for name in run.lifting_variants if run.why_left_out(name) is None]
    trained = [name for name in names if not run.variant(name).closed_form and not run.variant(name).imported]
    for name in trained[:2] if bench.tiny else trained:
        variant = run.variant(name)
        kind = network_of(variant)
        if kind not in measured and time.monotonic() < end:
            variant = shrunk(variant) if bench.tiny else variant
            measured[kind], said[name] = step_ms(variant, True, bench.device, 2 if bench.tiny else 20)
        total += 3 * steps_in(run, name) * measured.get(kind, max(measured.values())) / 1000
    return {
        "trainings": 3 * len(trained),
        "networks_measured": len(measured),
        "networks": len({network_of(run.variant(name)) for name in trained}),
        "slowest_ms": max(measured.values()),
        "said": {name: words for name, words in said.items() if words},
        "minutes_of_steps": goal(total / 60, 10, least=False),
    }


def network_of(variant: LiftingVariant) -> str:
    """What decides how long a step takes."""
    parts = (variant.model, variant.head, variant.optimizer.batch_size, variant.loss, variant.likelihood, variant.flip)
    return repr((variant.joints, variant.targets, *parts))


def steps_in(run: Run, name: str) -> int:
    return run.epochs(name) * math.ceil(POSES_OF_MINI / run.variant(name).optimizer.batch_size)


# --- detection --------------------------------------------------------------------------------------------------------


def image_task(bench: Bench, folder: Path, plain: bool, side: int, batch: int) -> DetectionTask:
    run = config.load("paper")
    named = (one for one in run.detection_variants.values() if one.architecture == "large_hourglass")
    variant = next(one for one in named if one.task == "pose" and one.mixture)
    data = image_files.some_people(folder, images=4 * batch, people=4, side=side)
    model = seeded_centernet(variant, 1, SMALL if bench.tiny else None, 10.0, 0)
    settings = DetectionSettings(side, batch, "full", 1.0)
    task = DetectionTask(variant, model, data, data, settings, bench.device, compiled=not plain)
    if plain:
        task.network.mixed = None
    task.model.train()
    return task


def image_step_ms(bench: Bench, task: DetectionTask, steps: int) -> float:
    """Milliseconds of a step, with the next batch made ahead as in the loop."""
    _, step = stepper(task, False, [])
    batches = torch.arange(task.examples).split(task.batch_size)
    times = []
    for number in range(steps + 3):
        start = time.perf_counter()
        step(batches[number % len(batches)], 0.7)
        task.announce(batches[(number + 1) % len(batches)])
        wait(bench.device)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[3:])


def large_hourglass(bench: Bench) -> dict[str, Any]:
    """A training step of LargeHG: float32 as torch has it (products of convolutions in TF32), strictly, and ours."""
    side, batch, steps = (64, 2, 2) if bench.tiny else (512, 8, 8)
    found: dict[str, Any] = {"side": side, "batch": batch}
    with tempfile.TemporaryDirectory() as folder:
        task = image_task(bench, Path(folder), True, side, batch)
        found["plain_ms"] = image_step_ms(bench, task, steps)
        torch.backends.cudnn.allow_tf32 = False
        found["plain_without_tf32_ms"] = image_step_ms(bench, task, steps)
        torch.backends.cudnn.allow_tf32 = True
        task.network.mixed = "cuda" if bench.on_gpu else None
        found["bfloat16_ms"] = image_step_ms(bench, task, steps)
        del task
        task = image_task(bench, Path(folder), False, side, batch)
        start = time.monotonic()
        found["ours_ms"] = image_step_ms(bench, task, steps)
        found["seconds_with_compilation"] = round(time.monotonic() - start, 1)
        found["compiled"] = task.compiled is not None and task.compiled.compiled is not None
    fastest = min(found["ours_ms"], found["bfloat16_ms"])
    return found | {"times_faster": goal(found["plain_ms"] / fastest, 2, least=True)}


def images_through_the_loop(bench: Bench) -> dict[str, Any]:
    """A small network through the loop on the device: batches made ahead, pinned memory, bfloat16, a validation."""
    with tempfile.TemporaryDirectory() as folder:
        data = image_files.some_people(Path(folder), images=12)
        variant = next(one for one in config.load("paper").detection_variants.values() if one.task == "pose")
        settings = DetectionSettings(64, 4, "full", 0.3)
        task = DetectionTask(variant, seeded_centernet(variant, 1, SMALL, 10.0, 0), data, data, settings, bench.device)
        several = loop.LoopSettings(epochs=3 if bench.tiny else 20, seed=0, validate_every=20)
        progress = loop.train(task, Schedule(2e-3), several, loop.Resume(Path(folder) / "a.pt", "a", 1e9), "images")
    return {"steps": progress.step, "seconds": progress.seconds, "losses": [row["loss"] for row in progress.rows][::6]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    there = torch.cuda.is_available()
    torch.set_num_threads(1 if arguments.tiny else torch.get_num_threads())
    if not there and not arguments.tiny:
        raise SystemExit("torch finds no GPU here; --tiny runs the script on a CPU")
    bench = Bench(arguments.out, arguments.tiny, "cuda:0" if there else "cpu")
    bench.found["machine"] = {
        "device": torch.cuda.get_device_name() if there else "cpu",
        "torch": torch.__version__,
        "tiny": arguments.tiny,
    }
    bench.measure("same numbers", same_numbers)
    bench.measure("stop and resume", stop_and_resume)
    bench.measure("images through the loop", images_through_the_loop)
    bench.measure("steps", steps_of(("graphmdn", "semgcn", "hgn")))
    bench.measure("two epochs of Human3.6M's size", two_epochs, needs=90)
    bench.measure("lifting of mini, three seeds", budget_of_mini, needs=30)
    bench.measure("LargeHG at 512 px", large_hourglass, needs=60)


if __name__ == "__main__":
    main()
