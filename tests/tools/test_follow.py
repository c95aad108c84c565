"""pipeline/tools/follow.py on a live MLflow server: curves arrive while a training runs, and publish takes over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import finished_runs
import mlflow_server
import pytest

from pipeline import config, records, tracking
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.seeds import state_file
from pipeline.tools import follow
from pipeline.tools.follow import Follower
from pipeline.training import checkpoint
from pipeline.training.progress import Progress

mlflow = pytest.importorskip("mlflow")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = finished_runs.make(tmp_path / "repository")
    # Without the variant that is never trained there, for which it would wait.
    finished_runs.write(root / "params.yaml", finished_runs.PARAMS.partition("  graphmdn_wide:")[0])
    return root


@pytest.fixture
def server(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with mlflow_server.started(repository) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


def save_state(run: Run, seed: int, *steps: int) -> None:
    """The state that the loop saves of a training, as far as its history goes. Step n has the loss 1 / n."""
    rows = [{"epoch": step / 20, "step": step, "learning_rate": 0.1, "loss": 1 / step} for step in steps]
    progress = Progress(step=steps[-1], rows=rows)
    checkpoint.save(state_file(run, "semgcn", seed), {"fingerprint": "f", "progress": vars(progress)})


def curve(address: str, status: str) -> dict[int, float]:
    """The loss of seed 0 of semgcn by step, of its only run with a status."""
    client = mlflow.MlflowClient(address)
    experiment = client.get_experiment_by_name("semgcn")
    where = f"tags.variant = 'semgcn' and tags.seed = '0' and tags.status = '{status}'"
    (run,) = client.search_runs([experiment.experiment_id], where)
    return {point.step: point.value for point in client.get_metric_history(run.info.run_id, "train/loss")}


@pytest.mark.slow
def test_curves_arrive_while_a_training_runs(server: str, repository: Path) -> None:
    run = config.load("mini", repository)  # nothing of mini has ended
    save_state(run, 0, 1, 2)
    assert follow.run(repository, "mini", once=True) == 0
    assert curve(server, "training") == {1: 1.0, 2: 0.5}
    save_state(run, 0, 1, 2, 4)
    follow.run(repository, "mini", once=True)  # another process: it sends what is new
    assert curve(server, "training") == {1: 1.0, 2: 0.5, 4: 0.25}
    save_state(run, 0, 5)
    follow.run(repository, "mini", once=True)
    assert curve(server, "training") == {1: 1.0, 2: 0.5, 4: 0.25, 5: 0.2}
    save_state(run, 0, 1)  # it began anew
    follow.run(repository, "mini", once=True)
    assert curve(server, "training") == {1: 1.0}
    finished_runs.train(repository, "mini")  # it ends, and is published
    follow.run(repository, "mini")  # without --once it ends by itself, because all trainings have ended
    tracking.publish(records.find(run), repository)
    client = mlflow.MlflowClient(server)
    found = client.search_runs([client.get_experiment_by_name("semgcn").experiment_id], "tags.preset = 'mini'")
    names = sorted(one.info.run_name for one in found)
    assert names == ["results (mini)", "seed 0 of semgcn (mini)", "seed 1 of semgcn (mini)", "semgcn (mini)"]
    assert all("complete" in one.data.tags for one in found)
    follow.run(repository, "mini")  # what is published is not sent again
    assert len(client.search_runs([found[0].info.experiment_id], "tags.preset = 'mini'")) == 4


def test_only_what_has_changed_is_read(repository: Path) -> None:
    run = config.load("mini", repository)
    follower = Follower(run)
    assert follower.new() == [] and not follower.ended
    save_state(run, 0, 1, 2)
    (course,) = follower.new()
    assert (course.experiment, course.ended, [row["step"] for row in course.rows]) == ("semgcn", False, [1, 2])
    assert course.place == {"kind": "training", "preset": "mini", "variant": "semgcn", "seed": "0"}
    assert follower.new() == []
    follower.forget()
    assert len(follower.new()) == 1


def test_half_a_state_is_left_for_the_next_look(repository: Path) -> None:
    run = config.load("mini", repository)
    path = state_file(run, "semgcn", 0)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    follower = Follower(run)
    assert follower.new() == []
    save_state(run, 0, 1)
    assert len(follower.new()) == 1


def says(words: str, root: Path, **options: Any) -> None:
    with pytest.raises(InputError, match=words) as caught:
        follow.run(root, "mini", **options)
    assert "\n" not in str(caught.value)


def test_without_a_server(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says("MLFLOW_TRACKING_URI: names no server; .*make ui", repository)
    says("--every: 0 is no time", repository, every=0.0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{mlflow_server.free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    save_state(config.load("mini", repository), 0, 1)
    says("MLflow at http://127.0.0.1.*is the server running", repository)
