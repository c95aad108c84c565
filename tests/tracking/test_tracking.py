"""pipeline/tracking.py on a small SQLite database: after publishing once, again, and after an interruption."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import finished_runs
import pytest

from pipeline import artifacts, config, records, tracking
from pipeline.layout import Layout

CURVES = ("train/", "test/by_epoch/")
COLUMNS = {
    "epoch": "train/epoch",
    "learning_rate": "train/learning_rate",
    "loss": "train/loss",
    "test_mpjpe": "test/by_epoch/mpjpe",
    "test_loss": "test/by_epoch/loss",
}

mlflow = pytest.importorskip("mlflow")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> tuple[Path, dict[str, Any]]:
    """A repository that has published once, and its receipt, for tests that only read."""
    root = finished_runs.make(tmp_path_factory.mktemp("published"))
    shutil.copyfile(empty_store, root / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return root, publish(root)


def publish(root: Path, preset: str = "demo") -> dict[str, Any]:
    return tracking.publish(records.find(config.load(preset, root)), root)


def client(root: Path) -> Any:
    return mlflow.MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


def runs(root: Path) -> dict[str, Any]:
    """All active MLflow runs by `experiment/name`. Two with one name are duplicates."""
    store = client(root)
    experiments = {experiment.experiment_id: experiment.name for experiment in store.search_experiments()}
    found = store.search_runs(list(experiments))
    names = [f"{experiments[run.info.experiment_id]}/{run.info.run_name}" for run in found]
    assert len(names) == len(set(names)), f"duplicates: {sorted(names)}"
    return dict(zip(names, found, strict=True))


def ids(root: Path) -> dict[str, str]:
    return {name: run.info.run_id for name, run in runs(root).items()}


def milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


# --- published once ---------------------------------------------------------------------------------------------------


def test_every_trained_variant_and_seed_has_an_mlflow_run(published: tuple[Path, dict[str, Any]]) -> None:
    root, receipt = published
    expected = [("semgcn", 0), ("semgcn", 1), ("graphmdn", 0), ("graphmdn", 1)]
    assert [(line["variant"], line["seed"]) for line in receipt["runs"]] == expected
    assert set(runs(root)) == {
        *(f"{variant}/seed {seed} of {variant} (demo)" for variant, seed in expected),
        *(f"{variant}/{variant} (demo)" for variant, _ in expected),
        "semgcn/results (demo)",
        "graphmdn/results (demo)",
    }
    store = client(root)
    for line in receipt["runs"]:
        run = store.get_run(line["run_id"])
        path = Layout("demo", root).checkpoint(line["variant"], line["seed"])
        assert store.get_experiment(run.info.experiment_id).name == line["experiment"] == line["variant"]
        assert run.data.tags["checkpoint"] == line["checkpoint"] == artifacts.digest(path)
        assert run.data.tags["preset"] == "demo" and run.data.tags["seed"] == str(line["seed"])


def test_times_are_those_of_the_training(published: tuple[Path, dict[str, Any]]) -> None:
    info = runs(published[0])["semgcn/seed 0 of semgcn (demo)"].info
    assert info.start_time == milliseconds(finished_runs.STARTED)
    assert info.end_time == milliseconds(finished_runs.FINISHED) == info.start_time + 30 * 60 * 1000
    assert info.status == "FINISHED"


def test_parameters_metrics_and_tags_are_those_of_the_record(published: tuple[Path, dict[str, Any]]) -> None:
    root, _ = published
    found = runs(root)
    for record in (record for paper in records.find(config.load("demo", root)) for record in paper.records):
        data = found[f"{record.experiment}/{record.name}"].data
        assert data.params == record.parameters
        figures = {name: value for name, value in data.metrics.items() if not name.startswith(CURVES)}
        assert figures == pytest.approx(record.metrics, rel=1e-5)
        assert record.place.items() | record.tags.items() <= data.tags.items()
    run_id = found["graphmdn/seed 0 of graphmdn (demo)"].info.run_id
    (only,) = client(root).get_metric_history(run_id, "test/by_action/P2/Walking")
    # At step 0 alone, so that MLflow draws a bar and no curve of one point.
    assert (only.value, only.step, only.timestamp) == (39, 0, milliseconds(finished_runs.FINISHED))


def test_seeds_are_shown_below_their_variant(published: tuple[Path, dict[str, Any]]) -> None:
    found = runs(published[0])
    for name in ("semgcn", "graphmdn"):
        for seed in (0, 1):
            parent = found[f"{name}/seed {seed} of {name} (demo)"].data.tags["mlflow.parentRunId"]
            assert parent == found[f"{name}/{name} (demo)"].info.run_id


def test_an_experiment_describes_itself_and_opens_with_its_columns(published: tuple[Path, dict[str, Any]]) -> None:
    """The view is what MLflow's button Share would write; the address opens it."""
    root, receipt = published
    tags = client(root).get_experiment_by_name("graphmdn").tags
    assert (
        tags["mlflow.note.content"].startswith("GraphMDN, measured with preset `demo`")
        and "60.5 ± 0.7" in tags["mlflow.note.content"]
    )
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    view = json.loads(tags["mlflow.sharedViewState.demo"])
    assert view["searchFilter"] == "tags.preset = 'demo'" and view["orderByKey"] == "attributes.start_time"
    assert [chart["metricKey"] for chart in view["compareRunCharts"]][:2] == ["train/loss", "test/by_epoch/mpjpe"]
    assert view["selectedColumns"][:3] == ["metrics.`test/P1`", "metrics.`sd/P1`", "metrics.`paper/P1`"]
    number = {line["experiment"]: line["id"] for line in receipt["experiments"]}["graphmdn"]
    assert tracking.page("http://localhost:5000", number, "demo") == (
        f"http://localhost:5000/#/experiments/{number}/runs?workflowType=machine_learning&viewStateShareKey=demo"
    )


@pytest.mark.parametrize("name", ["semgcn", "graphmdn"])
def test_histories_equal_the_file(published: tuple[Path, dict[str, Any]], name: str) -> None:
    root, _ = published
    store, run_id = client(root), ids(root)[f"{name}/seed 1 of {name} (demo)"]
    with Layout("demo", root).history(name, 1).open() as file:
        rows = list(csv.DictReader(file))
    for column, metric in COLUMNS.items():
        expected = [(int(row["step"]), float(row[column])) for row in rows if row[column]]
        found = sorted(store.get_metric_history(run_id, metric), key=lambda point: point.step)
        assert [(point.step, point.value) for point in found] == expected
        # 40 steps in 30 minutes
        times = [milliseconds(finished_runs.STARTED) + step * 30 * 60 * 1000 // 40 for step, _ in expected]
        assert [point.timestamp for point in found] == times


def test_data_sets_are_inputs(published: tuple[Path, dict[str, Any]]) -> None:
    inputs = runs(published[0])["semgcn/seed 0 of semgcn (demo)"].inputs.dataset_inputs
    found = {item.tags[0].value: item.dataset for item in inputs}
    assert {context: dataset.name for context, dataset in found.items()} == {
        "training": "demo synthetic train",
        "testing": "demo synthetic test",
    }
    assert (found["training"].digest, found["testing"].digest) == (32 * "a", 32 * "b")
    assert json.loads(found["testing"].source) == {"uri": "data/demo/motion/ground_truth/test.npz"}
    assert json.loads(found["testing"].profile) == {"num_rows": 320}


def test_artifacts_are_where_a_server_looks_for_them(published: tuple[Path, dict[str, Any]]) -> None:
    root, _ = published
    found, folder = ids(root), root / "mlartifacts" / "graphmdn"
    training = folder / found["graphmdn/seed 0 of graphmdn (demo)"] / "artifacts"
    assert names_in(training) == {"checkpoint.pt", "history.csv", "environment.json", "metrics/graphmdn.json"}
    checkpoint = Layout("demo", root).checkpoint("graphmdn", 0)
    assert (training / "checkpoint.pt").read_bytes() == checkpoint.read_bytes()
    results = folder / found["graphmdn/results (demo)"] / "artifacts"
    assert names_in(results) == {"tables/graphmdn_table_1.md", "figures/overview.png", "claims.md"}


def test_figures_are_images_of_the_charts(published: tuple[Path, dict[str, Any]]) -> None:
    root, _ = published
    run = runs(root)["semgcn/results (demo)"]
    folder = root / "mlartifacts" / "semgcn" / run.info.run_id / "artifacts" / "images"
    full, small = sorted(folder.iterdir())[::-1]
    assert full.name.startswith("semgcn_figure_7+step+0+") and full.suffix == ".png" and small.suffix == ".webp"
    assert run.data.tags["mlflow.loggedImages"] == "True"


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_nothing_names_the_machine(published: tuple[Path, dict[str, Any]]) -> None:
    """Stored paths would be wrong once the repository has been moved."""
    root, receipt = published
    for experiment in client(root).search_experiments():
        assert experiment.artifact_location.startswith("mlflow-artifacts:/"), experiment
    assert str(root).encode() not in (root / "mlflow.db").read_bytes()
    assert str(root) not in json.dumps(receipt) and receipt["tracking_uri"] == "sqlite:///mlflow.db"


def test_a_long_history_goes_in_several_calls(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sizes = mlflow.MlflowClient.log_batch, []

    def counted(self: Any, run_id: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        assert len(params) <= 100 and len(metrics) + len(params) + len(tags) <= 1000  # what a server accepts
        sizes.append(len(metrics))
        whole(self, run_id, metrics, params, tags)

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", counted)
    rows = [f"{step / 20},{step},0.001,{step / 7}" for step in range(1, 2501)]
    text = "\n".join(["epoch,step,learning_rate,loss", *rows])
    finished_runs.write(Layout("demo", root).history("semgcn", 0), text)
    publish(root)
    found = client(root).get_metric_history(ids(root)["semgcn/seed 0 of semgcn (demo)"], "train/loss")
    assert {metric.step: metric.value for metric in found} == {step: step / 7 for step in range(1, 2501)}
    assert max(sizes) == 890


# --- published again --------------------------------------------------------------------------------------------------


def test_publishing_again_changes_nothing(root: Path) -> None:
    first = publish(root)
    before, stored = ids(root), (root / "mlflow.db").read_bytes()
    assert publish(root) == first
    assert ids(root) == before
    assert (root / "mlflow.db").read_bytes() == stored


def test_another_checkpoint_is_another_mlflow_run(root: Path) -> None:
    first = publish(root)
    finished_runs.write(Layout("demo", root).checkpoint("semgcn", 0), "weights of another training")
    second = publish(root)
    changed = [one != other for one, other in zip(first["runs"], second["runs"], strict=True)]
    assert changed == [True, False, False, False]
    store, before, after = client(root), first["runs"][0], second["runs"][0]
    old, new = store.get_run(before["run_id"]), store.get_run(after["run_id"])
    assert old.info.lifecycle_stage == new.info.lifecycle_stage == "active"
    assert (old.data.tags["status"], new.data.tags["status"]) == ("earlier training", "2 of 30 epochs")
    assert old.data.tags["checkpoint"] == before["checkpoint"] != after["checkpoint"] == new.data.tags["checkpoint"]


def test_another_evaluation_replaces_the_mlflow_run(root: Path) -> None:
    """The new metric is smaller. MLflow shows the larger of two values, so nothing of the old run can be left."""
    before = publish(root)["runs"][0]["run_id"]

    def improve(content: dict[str, Any]) -> None:
        content["seeds"][0]["predictions"]["point"]["mpjpe"]["action_average"] = 1.5

    finished_runs.edit(Layout("demo", root).metrics("semgcn"), improve)
    publish(root)
    run = runs(root)["semgcn/seed 0 of semgcn (demo)"]
    assert run.info.run_id != before and run.data.metrics["test/P1"] == 1.5
    assert not (root / "mlartifacts" / "semgcn" / before).exists()
    variant = runs(root)["semgcn/semgcn (demo)"]
    assert variant.data.metrics["test/P1"] == (1.5 + 61) / 2
    for seed in (0, 1):  # the other seed, which has not changed, is below the new run too
        tags = runs(root)[f"semgcn/seed {seed} of semgcn (demo)"].data.tags
        assert tags["mlflow.parentRunId"] == variant.info.run_id


def test_changed_settings_replace_the_mlflow_run(root: Path) -> None:
    """MLflow's parameters cannot be overwritten."""
    publish(root)
    finished_runs.write(root / "params.yaml", finished_runs.PARAMS.replace("0.96", "0.5"))
    publish(root)
    assert runs(root)["semgcn/seed 0 of semgcn (demo)"].data.params["schedule.factor"] == "0.5"


def test_a_changed_table_replaces_the_results_of_its_paper_only(root: Path) -> None:
    publish(root)
    before = ids(root)
    finished_runs.write(Layout("demo", root).tables / "semgcn_table_1.md", "| other |")
    publish(root)
    after = ids(root)
    assert {name for name in before if before[name] != after[name]} == {"semgcn/results (demo)"}
    table = root / "mlartifacts" / "semgcn" / after["semgcn/results (demo)"] / "artifacts/tables/semgcn_table_1.md"
    assert table.read_text() == "| other |"


@pytest.mark.parametrize("call", ["create_run", "log_artifact", "log_inputs", "set_terminated"])
def test_an_interrupted_publish_is_repaired(root: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """The interruption comes after the first such call for the second MLflow run."""
    whole, seen = getattr(mlflow.MlflowClient, call), set()

    def interrupted(self: Any, run_id: str, *rest: Any, **options: Any) -> Any:
        answer = whole(self, run_id, *rest, **options)
        seen.add(answer.info.run_id if call == "create_run" else run_id)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, call, interrupted)
        with pytest.raises(KeyboardInterrupt):
            publish(root)
    publish(root)
    found = runs(root)
    assert len(found) == 8
    for run in found.values():
        assert run.info.status == "FINISHED" and len(run.data.tags["complete"]) == 64
    one, other = (found[f"semgcn/seed {seed} of semgcn (demo)"] for seed in (0, 1))
    assert one.data.params.keys() == other.data.params.keys() and one.data.metrics.keys() == other.data.metrics.keys()


def test_an_unfinished_run_of_a_lost_checkpoint_is_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_terminated", interrupt)
        with pytest.raises(KeyboardInterrupt):
            publish(root)
    finished_runs.write(Layout("demo", root).checkpoint("semgcn", 0), "weights of another training")
    publish(root)
    assert len(runs(root)) == 8  # this also fails if two runs have one name


def test_what_was_deleted_by_hand_is_restored(root: Path) -> None:
    """A run, an experiment, and all artifacts."""
    receipt, store = publish(root), client(root)
    store.delete_run(receipt["runs"][3]["run_id"])
    store.delete_experiment(store.get_experiment_by_name("semgcn").experiment_id)
    assert set(runs(root)) == {f"graphmdn/{name} (demo)" for name in ("graphmdn", "seed 0 of graphmdn", "results")}
    publish(root)
    assert len(runs(root)) == 8
    shutil.rmtree(root / "mlartifacts")
    publish(root)
    assert len(runs(root)) == len(list(root.glob("mlartifacts/*/*/artifacts"))) == 8


def test_a_model_is_registered_once_and_moves_with_its_training(root: Path) -> None:
    first, store = publish(root), client(root)
    (line,) = [line for line in first["models"] if line["name"] == "graphmdn-demo"]
    assert line == {"name": "graphmdn-demo", "version": "1", "alias": "best"}
    assert publish(root)["models"] == first["models"]
    version = store.get_model_version_by_alias("graphmdn-demo", "best")
    assert version.description.startswith("## GraphMDN") and version.tags["preset"] == "demo"
    folder = next((root / "mlartifacts" / "graphmdn" / "models").iterdir()) / "artifacts"
    assert {"MLmodel", "served_model.py", "artifacts/checkpoint.pt"} <= names_in(folder)
    assert not any(name.endswith(".pkl") for name in names_in(folder))
    assert str(root) not in (folder / "MLmodel").read_text() and "served_model.py" in (folder / "MLmodel").read_text()
    finished_runs.write(Layout("demo", root).checkpoint("graphmdn", 0), "weights of another training")
    publish(root)
    version = store.get_model_version_by_alias("graphmdn-demo", "best")
    assert version.version == "2" or version.version == 2
    assert version.tags["checkpoint"] == artifacts.digest(Layout("demo", root).checkpoint("graphmdn", 0))


def test_presets_are_published_side_by_side(root: Path) -> None:
    demo = publish(root)
    finished_runs.train(root, "mini")
    mini = publish(root, "mini")
    assert not {line["run_id"] for line in demo["runs"]} & {line["run_id"] for line in mini["runs"]}
    assert publish(root) == demo
    found = runs(root)
    assert len(found) == 16
    assert found["semgcn/seed 0 of semgcn (mini)"].data.tags["preset"] == "mini"
