"""pipeline/progress.py: what is said while Snakemake runs, and that nothing in it can stop a run."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from repository import run_tool
from snakemake.logging import ColorizingTextHandler

from pipeline import progress
from pipeline.progress import Plan

# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-0.1, "0.0 s"), (0.34, "0.3 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (72, "1 min 12 s"), (7500, "2 h 05 min")],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than 1 min"),
        (55, "about 1 min"),
        (370, "about 6 min"),
        (5340, "about 89 min"),
        (5400, "about 1 h 30 min"),
        (7300, "about 2 h"),
        (9000, "about 2 h 30 min"),
        (40000, "about 11 h"),
    ],
)
def test_a_time_to_come(seconds: float, text: str) -> None:
    assert progress.about(seconds) == text


def test_the_line_of_a_job() -> None:
    line = progress.job_line(7, 246, "train_lifting gat", "12 s", "loss 0.0123", 370, width=16)
    assert line == "  7/246  train_lifting gat         12 s  loss 0.0123   about 6 min left"
    assert progress.job_line(2, 2, "report", "0.1 s", "", None) == "2/2  report        0.1 s"


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        "".join(f"line {number}\n" for number in range(100)) + "epoch 1\repoch 2\repoch 3\r\nerror: too big\n\n"
    )
    lines = progress.failure("train gat", "3 s", "exit status 2", [str(log)], "python").splitlines()
    assert lines[:2] == ["FAILED  train gat, after 3 s, exit status 2", f"  {log} ends with:"]
    assert lines[-3:] == ["    line 99", "    epoch 3", "    error: too big"]
    assert len(lines) == 2 + progress.TAIL


def test_a_failure_without_a_word_shows_the_command(tmp_path: Path) -> None:
    text = progress.failure("train gat", "", "", [f"{tmp_path}/none.log"], "python -m pipeline\n")
    assert text == f"FAILED  train gat\n  {tmp_path}/none.log is empty or missing\n  its command: python -m pipeline"


@pytest.mark.parametrize("how", ["returned non-zero exit status 137.", "died with <Signals.SIGKILL: 9>.", ""])
def test_how_a_command_ended(how: str) -> None:
    found = progress.HOW_IT_ENDED.search(f"CalledProcessError in file x, line 3:\nCommand 'exit status 5; a' {how}\n")
    assert (found[1] if found else "") == ("exit status 137" if "137" in how else "SIGKILL" if how else "")


# --- a job's main number ---------------------------------------------------------------------------------------------


def lifting(*errors: float, prediction: str = "point") -> dict[str, Any]:
    found = [{prediction: {"mpjpe": {"action_average": error}}} for error in errors]
    return {"seeds": [{"predictions": predictions} for predictions in found]}


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        (lifting(74.0, 74.4), "P1 74.2 mm"),
        (lifting(158.32, prediction="mean"), "P1 158.3 mm"),
        ({"seeds": [{"modes": {"plain": {"ap": 28.4}}}, {"modes": {"plain": {"ap": 28.6}}}]}, "AP 28.5"),
        ({"seeds": []}, ""),
        ([], ""),
    ],
)
def test_the_number_of_an_evaluation(tmp_path: Path, metrics: Any, text: str) -> None:
    file = tmp_path / "gat.json"
    file.write_text(json.dumps(metrics))
    outputs = [str(tmp_path / "missing.json"), str(file), str(tmp_path / "gat.npz")]
    assert progress.main_number("evaluate_lifting", {"variant": "gat"}, outputs) == text
    assert progress.main_number("tabulate", {}, outputs) == ""


def test_the_number_of_a_training(tmp_path: Path) -> None:
    assert progress.main_number("train_lifting", {}, [str(tmp_path)]) == ""
    (tmp_path / "history.csv").write_text("step,loss,test_loss\n1,7.5,\n2,0.01234,\n3,,0.5\n")
    assert progress.main_number("train_lifting", {}, [str(tmp_path)]) == "loss 0.0123"


# --- the time left ---------------------------------------------------------------------------------------------------


def plan(*names: str, share: float = 1.0, **fields: dict[str, float]) -> Plan:
    return Plan(shares=dict.fromkeys(names, share), **fields)


def test_the_time_left_is_the_mean_of_the_rule() -> None:
    assert plan("train a", "train b", "train c", took={"train a": 60.0}).left(0.0) == 120.0
    halves = plan("train a", "train b", "train c", share=0.5, took={"train a": 60.0})
    assert halves.left(0.0) == 60.0
    assert plan("train a", "train b", share=0.5, took={"train a": 60.0}).left(0.0) == 60.0  # one job is not divided


def test_what_runs_has_less_time_left() -> None:
    running = plan("train a", "train b", "train c", took={"train a": 60.0}, started={"train b": 100.0})
    assert running.left(120.0) == 40.0 + 60.0
    assert running.left(500.0) == 60.0


def test_an_earlier_run_tells_the_time_left() -> None:
    earlier = {"train a": 10.0, "train b": 100.0, "evaluate a": 3.0}
    assert plan("train a", "train b", "train c", "evaluate c", earlier=earlier).left(0.0) == 10 + 100 + 55 + 3
    # This run takes twice the time.
    assert plan("train a", "train b", took={"train a": 20.0}, earlier=earlier).left(0.0) == 200.0
    # Here a job is among the finished ones that the earlier run did not have.
    assert plan("train b", "train d", took={"train d": 30.0}, earlier=earlier).left(0.0) == 30.0


def test_another_seed_of_a_variant_tells_more_than_the_rule() -> None:
    took = {"train hgn 0": 1000.0, "train gat 0": 50.0}
    assert plan("train hgn 1", "train gat 1", "train gat 2", took=took).left(0.0) == 1000 + 50 + 50
    assert plan("train new 0", took=took | {"train hgn 1": 900.0}).left(0.0) == 650.0


def test_a_run_that_goes_on_counts_what_it_did_before_it_was_stopped() -> None:
    """Its remaining jobs were in no run before, but the same variants and rules were."""
    earlier = {"train hgn 0": 1000.0, "train gat 0": 50.0, "train gat 1": 60.0, "evaluate gat": 8.0}
    rest = ("train hgn 1", "train gat 2", "train new 0", "evaluate hgn")
    assert plan(*rest, earlier=earlier).left(0.0) == 1000 + 55 + 370 + 8
    assert plan(*rest, "train hgn 2", took={"train hgn 2": 800.0}, earlier=earlier).left(0.0) == pytest.approx(
        900 + 55 + (1000 + 50 + 60 + 800) / 4 + 8
    )


def test_no_time_left_is_shown_if_too_little_is_known() -> None:
    assert plan("train a").left(0.0) is None
    assert plan("download", *map(str, range(20)), took={"download": 2.0}).left(0.0) is None
    assert (
        plan("get a", "get b", "train a", took={"get a": 2.0}).left(0.0) == 4.0
    )  # the mean of all, for want of better
    assert plan("train a", took={"train a": 2.0}).left(0.0) is None


def test_the_share_of_the_machine_that_a_job_takes(tmp_path: Path) -> None:
    def job(name: str, **asked: int | None) -> SimpleNamespace:
        resources = {key: SimpleNamespace(raw=amount) for key, amount in asked.items()}
        rule = SimpleNamespace(name=name, resources=resources)
        return SimpleNamespace(rule=rule, wildcards_dict={}, benchmark=str(tmp_path / f"{name}.jsonl"), is_norun=False)

    (tmp_path / "wide.jsonl").write_text('{"s": 1.5}\n{"s": 2.5}\n')
    jobs = [
        job("small"),
        job("wide", _cores=2),
        job("gpu", _cores=1, gpu=1),
        job("all", _cores=8),
        job("f", _cores=None),
    ]
    provided = {"_cores": SimpleNamespace(raw=4), "gpu": SimpleNamespace(raw=2), "_nodes": SimpleNamespace(raw=None)}
    dag = SimpleNamespace(jobs=jobs, needrun=lambda job: True)
    found = progress.read_plan(SimpleNamespace(dag=dag, global_resources=provided))
    assert found.shares == {"small": 0.25, "wide": 0.5, "gpu": 0.5, "all": 1.0, "f": 0.25}
    assert found.earlier == {"wide": 2.5}


# --- the handler -----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, workflow: Any, **settings: Any) -> logging.Logger:
    """A log as Snakemake sets it up, after `show`."""
    logger = logging.Logger("snakemake")
    own = ColorizingTextHandler(nocolor=True, stream=stream)
    own.name = "DefaultStreamHandler"
    logger.addHandler(own)
    usual = {"dryrun": False, "quiet": set(), "verbose": False, "debug_dag": False, "printshellcmds": False}
    workflow.output_settings = SimpleNamespace(**(usual | settings))
    workflow.logger_manager = SimpleNamespace(logger=logger)
    progress.show(workflow, "demo")
    return logger


def say(logger: logging.Logger, event: str, text: str = "", level: int = logging.INFO, **fields: Any) -> None:
    logger.log(level, text, extra={"event": event, **fields})


@pytest.mark.parametrize("changed", ["dryrun", "quiet", "verbose", "printshellcmds", None])
def test_whoever_asks_for_more_or_less_gets_snakemakes_own_display(changed: str | None) -> None:
    settings = {changed: True} if changed else {}
    logger = shown(io.StringIO(), SimpleNamespace(is_main_process=changed is not None), **settings)
    assert [type(handler) for handler in logger.handlers] == [ColorizingTextHandler]


def test_a_mistake_hands_over_to_snakemakes_own_display() -> None:
    stream = io.StringIO()
    logger = shown(stream, SimpleNamespace(is_main_process=True))  # a workflow without jobs to read
    say(logger, "workflow_started", "started")
    say(logger, "run_info", "Job stats: 3")
    logger.info("Select jobs")
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("The progress display failed (AttributeError(")
    assert lines[1:] == ["Job stats: 3", "Select jobs"]


def test_a_stream_that_is_gone_stops_nothing() -> None:
    stream = io.StringIO()
    logger = shown(stream, SimpleNamespace(is_main_process=True))
    stream.close()
    logger.warning("nobody reads this")
    logger.handlers[0].close()


def test_show_survives_anything(capsys: pytest.CaptureFixture[str]) -> None:
    progress.show(None, "demo")
    assert "No progress display" in capsys.readouterr().err


def test_each_kind_of_stop_is_said_once() -> None:
    texts = [
        "Will exit after finishing currently running jobs (scheduler).",
        "Terminating processes on user request, this might take some time.",
    ]
    stream = io.StringIO()
    dag = SimpleNamespace(jobs=[], needrun=lambda job: True)
    logger = shown(stream, SimpleNamespace(is_main_process=True, global_resources={}, dag=dag))
    say(logger, "workflow_started")
    for text in texts:
        for _ in range(3):  # each time Snakemake looks for jobs
            logger.info(text)
    assert stream.getvalue().splitlines() == texts


def test_a_terminal_shows_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    job = SimpleNamespace(
        rule=SimpleNamespace(name="train", resources={}),
        wildcards_dict={"variant": "gat"},
        benchmark=None,
        is_norun=False,
    )
    dag = SimpleNamespace(jobs=[job], needrun=lambda job: True)
    stream = Terminal()
    logger = shown(stream, SimpleNamespace(is_main_process=True, global_resources={}, dag=dag, touch=False))
    say(logger, "workflow_started")
    say(logger, "run_info")
    say(logger, "job_info", jobid=1, rule_name="train", wildcards={"variant": "gat"}, output=[])
    assert stream.getvalue().endswith("running: train gat")
    logger.warning("mind the step")
    assert stream.getvalue().endswith("\r\033[Kmind the step\n\r\033[Krunning: train gat")
    say(logger, "job_finished", job_id=1)
    assert "\r\033[K1/1  train gat        0.0 s\n" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


# --- with Snakemake --------------------------------------------------------------------------------------------------

SNAKEFILE = """
from pipeline import progress

rule all:
    input: "out/a.json", "out/b.json"

rule evaluate:
    output: "out/{name}.json"
    log: "logs/{name}.log"
    benchmark: "logs/{name}.jsonl"
    shell: "(echo about {wildcards.name}; cp {wildcards.name}.json {output}) > {log} 2>&1"

progress.show(workflow, "tiny")
"""


def test_with_snakemake(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "a.json").write_text(json.dumps(lifting(74.2)))

    def lines(*options: str, code: int = 0) -> list[str]:
        answer = run_tool("snakemake", "--cores", "1", *options, folder=tmp_path)
        assert answer.returncode == code, answer.stdout + answer.stderr
        printed = (answer.stderr if code == 0 and "-n" not in options else answer.stdout + answer.stderr).splitlines()
        return [line for line in printed if not line.startswith(("Using workflow", "Assuming unrestricted"))]

    table = [line.split() for line in lines("-n")]
    assert ["evaluate", "2"] in table and ["total", "3"] in table

    first, *jobs, last = lines("--keep-going", code=1)
    assert first == "Jobs to run: 2"
    finished = next(line for line in jobs if line.startswith("1/2"))
    assert finished.startswith("1/2  evaluate a  ") and "  P1 74.2 mm" in finished
    failed = next(number for number, line in enumerate(jobs) if line.startswith("FAILED  evaluate b, after "))
    assert jobs[failed].endswith(" s, exit status 1")
    assert jobs[failed + 1 : failed + 3] == ["  logs/b.log ends with:", "    about b"]
    assert "b.json" in jobs[failed + 3] and len(jobs) == 5
    assert last.startswith("Stopped after ") and "1 of 2 jobs done, failed: evaluate b. " in last

    (tmp_path / "b.json").write_text(json.dumps(lifting(80.0)))
    first, job, last = lines()
    assert first == "Jobs to run: 1, less than 1 min by the times of an earlier run"
    assert job.startswith("1/1  evaluate b  ") and job.endswith("P1 80.0 mm")
    assert last.startswith("Done in ") and "results/tiny/report/index.html" in last and "`make ui`" in last

    (line,) = lines()
    assert line.startswith("Nothing to be done: everything is up to date.")
