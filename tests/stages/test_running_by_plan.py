"""A stage is run as its plan says: refused without one or with an older one, and noted in made/ when it is done."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import planned
import pytest
import small_lifting
import torch
from repository import ROOT, replace_in

from pipeline import artifacts, config
from pipeline.__main__ import main
from pipeline.config import Run
from pipeline.lifting.task import LiftingTask
from pipeline.stages import evaluate_lifting, prepare_motion

PLAN = "python -m pipeline plan --preset tiny"
GRAPHMDN = ["train_lifting", "--preset", "tiny", "--variant", "graphmdn", "--seed", "0"]
PLANNED = Path("data/tiny/plan/train_lifting/graphmdn/seed_0.json")
MEAN_POSE = ["train_lifting", "--preset", "tiny", "--variant", "mean_pose", "--seed", "0"]
MADE = Path("data/tiny/made/train_lifting/mean_pose/seed_0.json")
TRAIN = Path("data/tiny/motion/ground_truth/train.npz")


def refusal(capsys: pytest.CaptureFixture[str], command: list[str]) -> str:
    """The one line with which a command ends."""
    capsys.readouterr()
    assert main(command) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


# --- no plan, or an older one -----------------------------------------------------------------------------------------


def test_without_a_plan_it_says_which_command_makes_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, GRAPHMDN) == (
        f"error: {PLANNED}: missing; run `{PLAN}` first (`dvc repro` and `snakemake` do it themselves)\n"
    )
    assert not Path("data/tiny/train_lifting").exists()
    planned.plan()
    PLANNED.unlink()
    assert refusal(capsys, GRAPHMDN).startswith(f"error: {PLANNED}: missing; run `{PLAN}`")


HEAD = "  graphmdn:\n    paper: graphmdn\n    title: GraphMDN\n    core: true\n    epochs: 2\n"


@pytest.mark.parametrize(
    ("file", "before", "after", "change"),
    [
        ("params/tiny.yaml", "  epochs: 2\n", "  epochs: 3\n", "preset.lifting.epochs: 2 -> 3"),
        ("params/tiny.yaml", "threads: 1\n", "threads: 2\n", "preset.threads: 1 -> 2"),
        (
            "params.yaml",
            HEAD,
            HEAD.replace("epochs: 2", "epochs: 20"),
            "params.lifting_variants.graphmdn.epochs: 2 -> 20",
        ),
    ],
    ids=["epochs of the preset", "threads", "epochs of the variant"],
)
def test_after_an_edit_it_names_the_setting_and_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, before: str, after: str, change: str
) -> None:
    planned.plan()
    replace_in(folder / file, before, after)
    assert refusal(capsys, GRAPHMDN) == (
        f"error: {PLANNED}: from an earlier plan: settings: {change}; run `{PLAN}`, or `dvc repro` or `snakemake`\n"
    )
    assert not Path("data/tiny/train_lifting").exists()


def test_after_an_edit_of_the_code_it_names_the_module(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned.plan()
    content = json.loads(PLANNED.read_text())
    content["code"]["pipeline/lifting/task.py"] = "of yesterday"
    artifacts.write_json(PLANNED, content)
    assert f"{PLANNED}: from an earlier plan: code: pipeline/lifting/task.py changed; run" in refusal(capsys, GRAPHMDN)


def test_an_edit_of_what_a_job_does_not_use_leaves_its_plan_good(folder: Path) -> None:
    planned.plan()
    preset = folder / "params" / "tiny.yaml"
    replace_in(preset, "description: random poses", "description: others")
    replace_in(preset, "seconds_per_take: 1", "seconds_per_take: 2")
    replace_in(folder / "params.yaml", "title: Mean pose", "title: Another")
    replace_in(folder / "params.yaml", HEAD, HEAD.replace("epochs: 2", "epochs: 20"))
    assert main(MEAN_POSE) == 0


NO_TORCH = """
import sys
from pipeline.__main__ import main
for variant, seed in (("mean_pose", 0), ("mean_pose", 7), ("semgcn_authors", 0), ("mean_pos", 0)):
    assert main(["train_lifting", "--preset", "tiny", "--variant", variant, "--seed", str(seed)]) == 2
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "scipy", "matplotlib", "pandas"}))
"""


def test_a_refusal_takes_no_time(folder: Path) -> None:
    """What is not run shall not import torch first."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", NO_TORCH]
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert answer.stdout == "[]\n" and len(answer.stderr.splitlines()) == 4


# --- the plan's settings and no others --------------------------------------------------------------------------------


def test_a_setting_that_the_plan_does_not_hold_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def run(run: Run) -> None:
        seen.append(run.preset.motion.frames_per_second)
        seen.append(run.preset.threads)

    monkeypatch.setattr(prepare_motion, "run", run)
    with pytest.raises(AttributeError, match="'Preset' object has no attribute 'threads'"):
        planned.stage("prepare_motion")
    assert seen == [5]
    assert not Path("data/tiny/made").exists()


# --- several seeds at once --------------------------------------------------------------------------------------------


def outputs(seed: int) -> dict[str, bytes]:
    """What is equal in equal trainings."""
    made = Path(f"data/tiny/train_lifting/graphmdn/seed_{seed}")
    return {name: (made / name).read_bytes() for name in ("checkpoint.pt", "best.pt", "history.csv")}


def left_of(variant: str) -> set[str]:
    """What stopped trainings of a variant would resume from."""
    return {path.name for path in Path(".resume/tiny", variant).iterdir()}


@pytest.fixture
def few(folder: Path) -> Path:
    """Poses for two steps an epoch, and a narrow network."""
    small_lifting.keep(train=512)
    small_lifting.narrow("graphmdn")
    return folder


@pytest.mark.slow
def test_two_seeds_trained_at_the_same_time_do_not_disturb_each_other(few: Path) -> None:
    planned.train("lifting", "graphmdn", seeds=(0, 1))
    one_by_one = [outputs(seed) for seed in (0, 1)]
    assert one_by_one[0] != one_by_one[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "pipeline", *GRAPHMDN[:-1], str(seed)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (0, 1)
    ]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert [outputs(seed) for seed in (0, 1)] == one_by_one
    assert left_of("graphmdn") == set()
    assert sorted(path.name for path in Path("data/tiny/made/train_lifting/graphmdn").iterdir()) == [
        "seed_0.json",
        "seed_1.json",
    ]


def stop_after(steps: int) -> Callable[[LiftingTask, torch.Tensor, float], dict[str, torch.Tensor]]:
    whole, calls = LiftingTask.loss, 0

    def loss(task: LiftingTask, indices: torch.Tensor, done: float) -> dict[str, torch.Tensor]:
        nonlocal calls
        calls += 1
        if calls > steps:
            raise SystemExit("killed")  # nothing of the loop runs after it, as after SIGKILL
        return whole(task, indices, done)

    return loss


def test_a_stopped_seed_is_resumed_after_another_was_trained(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned.train("lifting", "graphmdn", seeds=(0, 1))
    expected = [outputs(seed) for seed in (0, 1)]
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "0")
    with monkeypatch.context() as patch:
        patch.setattr(LiftingTask, "loss", stop_after(3))
        with pytest.raises(SystemExit):
            main([*GRAPHMDN[:-1], "1"])
    assert left_of("graphmdn") == {"seed_1.state.pt"}
    assert main(GRAPHMDN) == 0
    assert left_of("graphmdn") == {"seed_1.state.pt"}
    assert main([*GRAPHMDN[:-1], "1"]) == 0
    assert [outputs(seed) for seed in (0, 1)] == expected
    resumed = [
        json.loads(Path(f"data/tiny/train_lifting/graphmdn/seed_{s}/environment.json").read_text()) for s in (0, 1)
    ]
    assert [record["resumed"] for record in resumed] == [0, 1]


def test_a_finished_seed_clears_its_own_things_away_and_no_others(folder: Path) -> None:
    working = config.load("tiny").layout.resume("mean_pose")
    working.mkdir(parents=True)
    of_others = {"seed_10.state.pt", ".seed_10.state.pt.abc.part", "seed_0.state.pt"}
    for name in ("seed_1.state.pt", ".seed_1.state.pt.abc.part", *of_others):  # .part: killed while writing it
        (working / name).write_text("")
    planned.train("lifting", "mean_pose", seeds=(1,))
    assert left_of("mean_pose") == of_others


# --- what is noted ----------------------------------------------------------------------------------------------------


def digest_of(place: Path) -> str:
    lines = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(place.iterdir())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_a_finished_job_notes_its_plan_and_its_data(folder: Path) -> None:
    planned.plan()
    assert main(MEAN_POSE) == 0
    record = json.loads(MADE.read_text())
    assert record == {
        "plan": json.loads(Path("data/tiny/plan/train_lifting/mean_pose/seed_0.json").read_text()),
        "data": {"data/tiny/motion/ground_truth": digest_of(TRAIN.parent)},
    }
    plan = record["plan"]
    assert plan["command"] == "python -m pipeline train_lifting --preset tiny --variant mean_pose --seed 0"
    assert plan["outputs"] == ["data/tiny/train_lifting/mean_pose/seed_0"]
    assert plan["settings"]["params"]["lifting_variants"].keys() == {"mean_pose"}
    assert "pipeline/stages/train_lifting.py" in plan["code"]
    assert main([*MEAN_POSE[:-1], "1"]) == 0
    assert main(["evaluate_lifting", "--preset", "tiny", "--variant", "mean_pose"]) == 0
    measured = json.loads(Path("data/tiny/made/evaluate_lifting/mean_pose.json").read_text())["data"]
    trained = [Path(f"data/tiny/train_lifting/mean_pose/seed_{seed}") for seed in (0, 1)]
    assert measured == {place.as_posix(): digest_of(place) for place in (TRAIN.parent, *trained)}
    # What the tools leave in a folder is no data.
    (TRAIN.parent / ".snakemake_timestamp").write_text("")
    before = MADE.read_text()
    assert main(MEAN_POSE) == 0
    assert MADE.read_text() == before


def test_a_job_that_fails_or_is_stopped_notes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned.plan()
    whole = TRAIN.read_bytes()
    TRAIN.write_bytes(whole[:1000])
    assert "train.npz: not a readable npz" in refusal(capsys, MEAN_POSE)
    assert not MADE.exists()
    TRAIN.write_bytes(whole)
    assert main(MEAN_POSE) == 0 and main([*MEAN_POSE[:-1], "1"]) == 0
    note = MADE.read_bytes()
    TRAIN.write_bytes(whole[:1000])
    assert main(MEAN_POSE) == 2
    assert MADE.read_bytes() == note  # of the outputs that are there still
    TRAIN.write_bytes(whole)

    def stop(run: Run, variant: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate_lifting, "run", stop)
    assert main(["evaluate_lifting", "--preset", "tiny", "--variant", "mean_pose"]) == 130
    assert not Path("data/tiny/made/evaluate_lifting").exists()
