"""The display while Snakemake runs: one line per finished job, clear errors, and at the end where the results are.

Snakemake logs every event (in a record's `event`). `show` replaces Snakemake's display, which prints a page per job, by
our own handler. Snakemake's log file in .snakemake/log still receives everything. If this module fails, the run
continues with Snakemake's display.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

TAIL = 15  # lines of a failed job's log
KNOWN_SHARE = 0.1  # the time left is shown if the duration of at least this share of the remaining jobs is known
STOPPING = ("Terminating processes on user request", "Will exit after finishing")
WORTH_TELLING = (*STOPPING, "Creating conda environment", "Trying to restart")
TOLD_ALREADY = ("Exiting because a job execution failed", "At least one job did not complete successfully")
HOW_IT_ENDED = re.compile(r"(exit status \d+|SIG[A-Z]+)\W*(\d+\W*)?$")


def name_of(rule: str, wildcards: Mapping[str, Any] | None) -> str:
    """The name of a job: its rule and the values of its wildcards."""
    return " ".join([rule, *(str(value) for value in (wildcards or {}).values())])


def duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def about(seconds: float) -> str:
    """A remaining time, rounded to its precision."""
    minutes = max(round(seconds / 60), 1)
    if minutes < 90:
        return f"about {minutes} min" if seconds >= 50 else "less than 1 min"
    hours, rest = divmod(round(minutes, -1), 60)
    return f"about {hours} h {rest} min" if rest and hours < 10 else f"about {round(minutes / 60)} h"


def job_line(done: int, total: int, name: str, took: str, number: str, left: float | None, width: int = 0) -> str:
    rest = "" if left is None else f"{about(left)} left"
    return f"{done:>{len(str(total))}}/{total}  {name:<{min(width, 40)}}  {took:>11}  {number:<12}  {rest}".rstrip()


def failure(name: str, took: str, how: str, logs: Iterable[str], command: str) -> str:
    """The message for a failed job: the end of its log, or its command if the log is empty."""
    lines, told = [", ".join(filter(None, (f"FAILED  {name}", took and f"after {took}", how)))], False
    for path in logs:
        end = log_end(Path(path))
        lines += [f"  {path} ends with:" if end else f"  {path} is empty or missing", *(f"    {line}" for line in end)]
        told = told or bool(end)
    return "\n".join(lines if told or not command else [*lines, f"  its command: {command.strip()}"])


def log_end(path: Path) -> list[str]:
    """The last lines of a log; of a progress bar, its last state."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 200_000, 0))
        if text := file.read().decode("utf-8", errors="replace").rstrip():
            return [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")[-TAIL:]]
    return []


def main_number(rule: str, wildcards: dict[str, str], outputs: list[str]) -> str:
    """An evaluation's error or precision, a training's last loss; empty if the outputs have no such number."""
    for path in map(Path, outputs if rule.startswith(("train", "evaluate")) else []):
        with contextlib.suppress(Exception):
            return _of_training(path) if path.is_dir() else _of_metrics(json.loads(path.read_text("utf-8")))
    return ""


def _of_metrics(metrics: dict[str, Any]) -> str:
    seeds = metrics["seeds"]
    if "modes" in seeds[0]:
        return f"AP {fmean(seed['modes']['plain']['ap'] for seed in seeds):.1f}"
    prediction = "point" if "point" in seeds[0]["predictions"] else "mean"
    return f"P1 {fmean(seed['predictions'][prediction]['mpjpe']['action_average'] for seed in seeds):.1f} mm"


def _of_training(folder: Path) -> str:
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        loss = [float(row["loss"]) for row in csv.DictReader(file) if row["loss"]][-1]
    return f"loss {loss:.3g}"


@dataclass
class Plan:
    """The jobs of a run, by name: which are done, which run since when, and how long the rest takes."""

    shares: dict[str, float] = field(default_factory=dict)  # of the machine, per job of this run
    earlier: dict[str, float] = field(default_factory=dict)  # seconds, also of jobs that are not in this run
    started: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def left(self, now: float) -> float | None:
        """Seconds until the last job is done; None if too little is known.

        A job's time is its time in an earlier run, scaled by the pace of this run; otherwise the mean, in both runs, of
        its variant's other seeds, or of its rule; otherwise the mean of all jobs.
        """
        rest = [name for name in self.shares if name not in self.took]
        here, before = _by_rule(self.took), _by_rule(self.earlier)
        known = sum(_rule(name) in here or _rule(name) in before for name in rest)
        if not rest or known < KNOWN_SHARE * len(rest):
            return None
        usual, seconds = fmean((self.took or self.earlier).values()), self.earlier | self.took
        coming = {}
        for name in rest:
            done = here.get(_rule(name), [])
            past = [self.earlier[other] for other in done if other in self.earlier]
            expected = fmean(self.took[other] for other in done) if done else usual
            if name not in self.earlier:
                of_rule = [*{*done, *before.get(_rule(name), [])}]
                alike = [other for other in of_rule if _variant(other) == _variant(name)] or of_rule
                expected = fmean(seconds[other] for other in alike) if alike else usual
            elif len(past) == len(done):
                expected = self.earlier[name] * (expected * len(done) / sum(past) if sum(past) else 1.0)
            coming[name] = max(expected - (now - self.started.get(name, now)), 0.0)
        return max(sum(seconds * self.shares[name] for name, seconds in coming.items()), *coming.values())


def _by_rule(names: Iterable[str]) -> dict[str, list[str]]:
    return {rule: list(jobs) for rule, jobs in itertools.groupby(sorted(names, key=_rule), _rule)}


def _rule(name: str) -> str:
    return name.partition(" ")[0]


def _variant(name: str) -> list[str]:
    return name.split(" ")[:2]


def read_plan(workflow: Any) -> Plan:
    """The jobs that Snakemake will run. Evaluates nothing that Snakemake evaluates later."""
    plan = Plan()
    resources = workflow.global_resources.items()
    provided = {key: resource.raw for key, resource in resources if isinstance(resource.raw, int)}
    for job in workflow.dag.jobs:
        name = name_of(job.rule.name, job.wildcards_dict)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, IndexError):
            seconds = float(json.loads(Path(job.benchmark).read_text("utf-8").splitlines()[-1])["s"])
            if seconds > 0:  # Snakemake takes them from the system's clock, which may have been set back
                plan.earlier[name] = seconds
        if workflow.dag.needrun(job) and not job.is_norun:
            asked = {key: resource.raw for key, resource in job.rule.resources.items() if isinstance(resource.raw, int)}
            shares = [amount / provided[key] for key, amount in ({"_cores": 1} | asked).items() if provided.get(key)]
            plan.shares[name] = min(max(shares, default=1.0), 1.0)
    return plan


class Handler(logging.Handler):
    """Prints one line per job from Snakemake's log records. Warnings and unknown errors go to Snakemake's handler."""

    def __init__(self, workflow: Any, own: Any, last_line: str, describe: Callable[..., str]) -> None:
        super().__init__()
        self.workflow, self.own, self.last_line, self.describe = workflow, own, last_line, describe
        self.terminal = own.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.plan = Plan()
        self.began = self.now = 0.0  # before a run begins (it may be --unlock) Snakemake's display is used
        self.complete = self.broken = False
        self.stopping = ""  # what Snakemake said of a stop
        self.jobs: dict[int, Any] = {}  # Snakemake's number of a job -> the record of its start
        self.commands: list[str] = []  # Snakemake's messages about failed commands
        self.failed: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):
            try:
                if not self.broken:
                    return self._show(record)
            except Exception as error:
                self.broken = True
                self.own.stream.write(f"The progress display failed ({error!r}). Snakemake's own takes over.\n")
            self.own.handle(record)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            if self.plan.shares and not self.broken:
                self._end()
            self.plan = Plan()
            self.own.close()
        super().close()

    def _show(self, record: Any) -> None:
        # Not the record's time: the system's clock may be set while jobs run.
        event, text, self.now = getattr(record, "event", None), record.getMessage(), time.monotonic()
        if text.startswith(STOPPING):
            if self.stopping == text:
                return  # Snakemake says it again each time it looks for jobs
            self.stopping = text
        if event == "workflow_started":
            self.began = self.now
        elif self.plan.shares and any(told in text for told in TOLD_ALREADY):
            return
        elif self.began and (act := getattr(self, f"_on_{event}", None)):
            act(record)
        elif self.began and text.startswith("Nothing to be done"):
            self._say(f"Nothing to be done: everything is up to date.{self._where()}")
        elif not self.began or record.levelno >= logging.WARNING or text.startswith(WORTH_TELLING):
            self._pass_on(record)

    def _say(self, text: str = "", below: bool = True) -> None:
        """Print a line and, on a terminal, a line below with the running jobs, which the next line replaces."""
        running = f"running: {', '.join(self.plan.started)}" if below and self.terminal and self.plan.started else ""
        running = running[: shutil.get_terminal_size().columns - 1]
        self.own.stream.write(("\r\033[K" if self.terminal else "") + (text and f"{text}\n") + running)
        self.own.stream.flush()

    def _pass_on(self, record: Any) -> None:
        self._say(below=False)
        self.own.handle(record)
        self._say()
        self.complete = self.complete and record.levelno < logging.ERROR

    def _where(self) -> str:
        """The last line, if all outputs were asked for: then rule `all` is among the jobs."""
        return f" {self.last_line}" if any(job.is_norun for job in self.workflow.dag.jobs) else ""

    def _end(self) -> None:
        took, done = duration(self.now - self.began), f"{len(self.plan.took)} of {len(self.plan.shares)}"
        if self.complete:
            return self._say(f"Done in {took}.{self._where()}", below=False)
        failed = f", failed: {', '.join(self.failed)}" if self.failed else ""
        self._say(f"Stopped after {took}, {done} jobs done{failed}. The next run goes on from there.", below=False)

    def _on_run_info(self, record: Any) -> None:
        self.plan = read_plan(self.workflow)
        left = self.plan.left(self.now)
        guess = "" if left is None else f", {about(left)} by the times of an earlier run"
        self._say(f"Jobs to run: {len(self.plan.shares)}{guess}")

    def _on_job_info(self, record: Any) -> None:
        self.jobs[record.jobid] = record
        name = name_of(record.rule_name, record.wildcards)
        if name in self.plan.shares:  # other rules only collect outputs
            self.plan.started[name] = self.now
            self.failed.pop(name, None)  # a retry
        self._say()

    def _on_job_finished(self, record: Any) -> None:
        job = self.jobs.get(record.job_id)
        if not job or (name := name_of(job.rule_name, job.wildcards)) not in self.plan.shares:
            return
        seconds = self.plan.took[name] = self.now - self.plan.started.pop(name, self.now)
        number = ""
        with contextlib.suppress(Exception):
            number = self.describe(job.rule_name, dict(job.wildcards or {}), list(job.output))
        if not self.workflow.touch:
            counts, left = (len(self.plan.took), len(self.plan.shares)), self.plan.left(self.now)
            self._say(job_line(*counts, name, duration(seconds), number, left, max(map(len, self.plan.shares))))

    def _on_progress(self, record: Any) -> None:
        self.complete = record.done == record.total

    def _on_error(self, record: Any) -> None:
        if record.exception == "RuleException" and "CalledProcessError in" in record.getMessage():
            self.commands.append(record.getMessage())  # the error of the job follows
        else:
            self._pass_on(record)

    def _on_job_error(self, record: Any) -> None:
        job, command = self.jobs.get(record.jobid), record.shellcmd or ""
        name = name_of(record.rule_name, job and job.wildcards)
        took = duration(self.now - self.plan.started.pop(name)) if name in self.plan.started else ""
        if self.stopping:
            return self._say(f"stopped {name}")
        ends = [HOW_IT_ENDED.search(text) for text in self.commands if command and command in text]
        how = next((end[1] for end in ends if end), "")
        self._say(failure(name, took, how, dict.fromkeys(record.log), command))
        self.failed[name] = None
        if self.plan.started and not self.workflow.execution_settings.keep_going:
            self._say(f"  No other job starts. These still run: {', '.join(self.plan.started)}")


def show(workflow: Any, preset: str, last_line: str | None = None, describe: Callable[..., str] = main_number) -> None:
    """Show the progress of this run; called by the Snakefile. Does nothing with -n, -p, -q or --verbose.

    `describe(rule, wildcards, outputs)` returns a finished job's main number; `last_line` says where the results are.
    """
    try:
        settings, logger = workflow.output_settings, workflow.logger_manager.logger
        own = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
        asked = settings.dryrun or settings.quiet or settings.verbose or settings.debug_dag or settings.printshellcmds
        if own and workflow.is_main_process and not asked:
            where = f"Results: results/{preset}/report/index.html (`make report`). `make ui` shows the runs in MLflow."
            logger.addHandler(Handler(workflow, own, last_line or where, describe))
            logger.removeHandler(own)
    except Exception as error:
        print(f"No progress display ({error!r}); Snakemake's own takes over.", file=sys.stderr)
