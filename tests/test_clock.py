"""The system's clock is set back while jobs run: durations, what counts as finished, and what runs again."""

from __future__ import annotations

import io
import json
import logging
import os
import platform
import time
from pathlib import Path
from types import SimpleNamespace

import finished_runs
import pytest
import tqdm._monitor
import tqdm.std

from pipeline import artifacts, config, progress, records
from pipeline.__main__ import main
from pipeline.config import dates
from pipeline.config import plan as planning
from pipeline.config.code import Code
from pipeline.layout import Layout
from pipeline.tools import reference

DAY = 86_400


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A repository whose preset demo has run to its end."""
    layout = Layout("demo", finished_runs.make(tmp_path))
    here = {"torch": "2.13.0+cpu", "python": "3.11.2", "device": platform.machine(), "platform": platform.platform()}
    for path in layout.data.rglob("environment.json"):
        finished_runs.edit(path, lambda content: content.update(here))
    artifacts.write_json(layout.publish_receipt, {})
    return layout


def test_a_training_that_ended_before_it_began_has_the_seconds_that_were_measured(layout: Layout) -> None:
    """MLflow would show a run of negative length, its curve going backwards."""
    dates = {"started": "2026-11-20T10:00:00+00:00", "finished": "2026-11-19T10:01:30+00:00", "seconds": 90.2}
    for seed in (0, 1):
        finished_runs.edit(layout.environment("semgcn", seed), lambda content: content.update(dates))
    runs = [run for one in records.find(config.load("demo", layout.root)) for run in one.records]
    (found,) = [run for run in runs if run.name == "seed 0 of semgcn (demo)"]
    assert found.started is not None and found.finished == found.started + 91


def test_the_hours_of_a_run_are_not_negative(layout: Layout) -> None:
    for path in layout.data.rglob("environment.json"):
        dates = {"started": "2026-11-20T10:00:00+00:00", "finished": "2026-11-19T10:00:00+00:00", "seconds": 1800}
        finished_runs.edit(path, lambda content, dates=dates: content.update(dates))  # type: ignore[misc]
    assert reference.run(layout.root, "demo") == 0
    about = artifacts.read_json(layout.root / "results" / "reference" / "demo" / "run.json")
    assert about["hours"] == 0.5 and about["date"] == "2026-11-20"


def test_metrics_that_the_last_stage_has_read_are_finished_whatever_their_dates(layout: Layout) -> None:
    """`reference` would refuse the run for ever: nothing of it is to be done again."""
    metrics = layout.metrics("semgcn")
    later = time.time() + DAY
    os.utime(metrics, (later, later))
    settings = config.load("demo", layout.root)
    (publish,) = [job for job in planning.jobs(settings, Code()) if job.stage == "publish"]
    read = {metrics.relative_to(layout.root).as_posix(): artifacts.digest(metrics)}
    artifacts.write_json(layout.root / publish.made, {"data": read})
    assert reference.run(layout.root, "demo") == 0


class Watched:
    """The display of a run of one job."""

    def __init__(self) -> None:
        job = SimpleNamespace(
            rule=SimpleNamespace(name="train", resources={}), wildcards_dict={}, benchmark=None, is_norun=False
        )
        dag = SimpleNamespace(jobs=[job], needrun=lambda job: True)
        workflow = SimpleNamespace(global_resources={}, dag=dag, touch=False)
        self.own = logging.StreamHandler(io.StringIO())
        self.handler = progress.Handler(workflow, self.own, "", lambda *_: "")

    def say(self, event: str, **fields: object) -> None:
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", (), None)
        vars(record).update(event=event, **fields)
        self.handler.emit(record)


def test_a_jobs_time_does_not_follow_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    for event in ("workflow_started", "run_info"):
        watched.say(event)
    watched.say("job_info", jobid=1, rule_name="train", wildcards={}, output=[])
    before = time.time()
    monkeypatch.setattr(time, "time", lambda: before - DAY)
    watched.say("job_finished", job_id=1)
    assert not watched.handler.broken
    assert 0 <= watched.handler.plan.took["train"] < 60


@pytest.mark.parametrize("days", [-1, 1])
def test_a_bars_time_does_not_follow_the_clock(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that does stands still for a day and then shows a negative time, or days until the end."""
    moved = [0]
    for module in (tqdm.std, tqdm._monitor):
        monkeypatch.setattr(module, "time", lambda: time.time() + moved[0] * DAY)
    assert main(["where", "--preset", "unknown"]) == 2  # every command settles it before its work
    lines = io.StringIO()
    with tqdm.std.tqdm(total=100, file=lines, mininterval=0, miniters=1) as bar:
        for done in range(100):
            moved[0] = days if done >= 50 else 0
            bar.update()
        assert 0 <= bar.format_dict["elapsed"] < 60 and bar.format_dict["rate"] > 1
    assert "-" not in lines.getvalue() and "100%" in lines.getvalue()
    assert tqdm._monitor.time is time.monotonic


def test_negative_seconds_of_an_earlier_run_are_no_forecast(tmp_path: Path) -> None:
    benchmark = tmp_path / "train.jsonl"
    for seconds, known in ((-86_390.0, {}), (10.0, {"train": 10.0})):
        benchmark.write_text(json.dumps({"s": seconds}))
        rule = SimpleNamespace(name="train", resources={})
        job = SimpleNamespace(rule=rule, wildcards_dict={}, benchmark=str(benchmark), is_norun=False)
        dag = SimpleNamespace(jobs=[job], needrun=lambda job: True)
        assert progress.read_plan(SimpleNamespace(dag=dag, global_resources={})).earlier == known


def test_dates_in_the_future_keep_their_order_between_the_past_and_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time()
    wanted = {"old": now - DAY, "recent": now - 1, "first": now + DAY, "second": now + DAY + 5, "last": now + 2 * DAY}
    for name, date in wanted.items():
        (tmp_path / name).mkdir() if name == "second" else (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (date, date))
    (tmp_path / "second" / dates.TIMESTAMP).touch()  # Snakemake asks this file and not its folder
    os.utime(tmp_path / "second" / dates.TIMESTAMP, (now + DAY + 5,) * 2)
    (tmp_path / "with first").touch()
    os.utime(tmp_path / "with first", (now + DAY,) * 2)
    assert dates.bring_to_the_present([*wanted, "with first", "missing"], tmp_path) == 4
    told = "note: 4 files or folders were dated in the future; they now have dates of the present, in the same order"
    assert capsys.readouterr().err == f"{told} (was the clock set back?)\n"
    names = ("old", "recent", "first", f"second/{dates.TIMESTAMP}", "last")
    found = [(tmp_path / name).stat().st_mtime_ns for name in names]
    assert found == sorted(set(found)) and found[-1] <= time.time_ns()
    assert abs(found[0] / 1e9 - wanted["old"]) < 1e-3
    assert (tmp_path / "with first").stat().st_mtime_ns == found[2]  # no younger than what was made of it
    assert dates.bring_to_the_present(names, tmp_path) == 0


def test_clocks_that_differ_by_seconds_change_nothing(tmp_path: Path) -> None:
    """On a cluster another node may have written the file."""
    (tmp_path / "file").touch()
    date = time.time() + 20
    os.utime(tmp_path / "file", (date, date))
    assert dates.bring_to_the_present(["file"], tmp_path) == 0
    assert abs((tmp_path / "file").stat().st_mtime - date) < 1e-3
