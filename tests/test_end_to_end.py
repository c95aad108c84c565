"""The whole pipeline in a tiny preset, once through DVC and once through Snakemake with two jobs at a time.

`make kills` gives both runs faults (killed_runs.py); each is then begun again by the same command.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import killed_runs
import pytest
import tool_server
from dag_jobs import dvc_jobs
from repository import DATED, files_of_repository, run_tool
from tiny_preset import copy_with_tiny

from pipeline import config
from pipeline.config import plan as planning
from pipeline.config.code import SAYS_WHAT_IS_RUN, Code

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

# Loaded by every Python that DVC starts: a stage notes which files of data, results and code it opens, except those
# that it is still writing, and what it calls. (With a profile function in Python
# the run takes half as long again.)
TRACER = """
import atexit, cProfile, inspect, os, sys, threading

arguments = sys.orig_argv
if "pipeline" in arguments and arguments[-1] != "pipeline":
    notes = open(os.path.join(os.environ["OPENED"], "@".join(arguments[3:]).replace("/", "|")), "a", buffering=1)
    root = os.getcwd()

    def note(event, details):
        if event == "open" and isinstance(details[0], (str, os.PathLike)):
            path = os.path.relpath(details[0], root)
            if path.startswith(("data/", "results/", "pipeline/")) and ".part" not in path:
                notes.write(path + "\\n")

    sys.addaudithook(note)

    source, plan, profiles = os.path.join(root, "pipeline/"), os.path.join(root, "pipeline/config/"), []

    def profile(*_):
        profiles.append(cProfile.Profile(builtins=False))
        profiles[-1].enable()

    def names(codes):
        # Functions, not bodies of classes and modules.
        for code in codes:
            if isinstance(code, str) or not code.co_flags & inspect.CO_OPTIMIZED:
                continue
            if code.co_filename.startswith(source):
                yield os.path.relpath(code.co_filename, root) + ":" + code.co_qualname.partition(".")[0]

    def save_calls():
        called = set()
        for one in profiles:
            one.disable()
            entries = one.getstats()
            codes = {id(entry.code): entry.code for entry in entries}
            calls = {id(entry.code): entry.callcount for entry in entries}
            for entry in entries:
                if not isinstance(entry.code, str) and entry.code.co_filename.startswith(plan):
                    for callee in entry.calls or ():  # what reading the plan calls does not count
                        calls[id(callee.code)] -= callee.callcount
            called.update(names(codes[key] for key, count in calls.items() if count > 0))
        notes.writelines("call:" + name + "\\n" for name in called)

    atexit.register(save_calls)
    threading.setprofile(profile)
    profile()
"""


# Tables with images a second in them, which differ from run to run.
SAYS_WHEN = ("environment.json", "speed.json", ".gitignore", ".snakemake_timestamp")
MEASURED = ("mixture_dense_speed", "mixture_dense_table2", "mixture_dense_table7")


@dataclasses.dataclass(frozen=True)
class Runs:
    dvc: Path
    snakemake: Path
    opened: Path  # a file a job of the DVC run: what it opened
    kills: Counter[str]  # how often each stage and tool was killed


def repro(folder: Path, *options: str, **environment: str) -> str:
    return tool(folder, "dvc", "repro", *options, **environment)


def killed_repro(folder: Path, opened: Path, server: Path, **environment: str) -> Counter[str]:
    """A preset that is new to DVC needs its list of jobs first. Returns how often DVC was killed.

    The last start has a server of its own: that of the other run gives sets and dictionaries the same order.
    """
    tool(folder, "python", "-m", "pipeline", "plan")
    traced = {"OPENED": str(opened), **DATED, **environment}
    path = {"PATH": tool_server.USUAL_PATH}
    kills = killed_runs.run_killed(
        ["dvc", "repro"], folder, path | traced, lambda: len(list(opened.iterdir())), killed_runs.KILLS // 16
    )
    with tool_server.started(server) as tools:
        repro(folder, **traced, PATH=tools.path)
    return Counter(dvc=kills)


def faulty_snakemake(folder: Path, server: Path) -> killed_runs.Faults | None:
    """With a list of jobs for DVC, which then takes over what Snakemake has made. Returns the faults, if it had any."""
    tool(folder, "python", "-m", "pipeline", "plan")
    if not killed_runs.KILLS:
        snakemake(folder)
        return None
    with tool_server.started(server) as stages:
        faults = killed_runs.Faults(stages, folder)
        faults.run("snakemake", "--cores", "1", MIXPOSE_SAVE_EVERY_SECONDS="0.3", **DATED)
    return faults


def snakemake(folder: Path, *options: str, **environment: str) -> str:
    return tool(folder, "snakemake", "--cores", "2", *options, **environment)


def tool(folder: Path, *command: str, **environment: str) -> str:
    """What a successful run printed."""
    answer = run_tool(*command, folder=folder, **{**DATED, **environment})
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def content(folder: Path) -> dict[str, bytes]:
    """The metrics, tables and claims of a run."""
    results = folder / "results" / "tiny"
    files = [*results.glob("metrics/*.json"), *results.glob("tables/*.*"), *results.glob("claims.*")]
    files = [file for file in files if file.stem not in MEASURED]
    return {str(path.relative_to(results)): path.read_bytes() for path in files if path.name != ".snakemake_timestamp"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folders = [copy_with_tiny(tmp_path_factory.mktemp(name)) for name in ("dvc", "snakemake")]
    opened = tmp_path_factory.mktemp("opened")
    tracer, servers = tmp_path_factory.mktemp("tracer"), tmp_path_factory.mktemp("servers")
    (tracer / "sitecustomize.py").write_text(TRACER, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        both = [
            # The preset's thread count overrides the environment's (Snakemake sets the same for its jobs).
            pool.submit(killed_repro, folders[0], opened, servers / "dvc", OMP_NUM_THREADS="2", PYTHONPATH=str(tracer)),
            pool.submit(faulty_snakemake, folders[1], servers / "snakemake"),
        ]
        by_dvc, faults = both[0].result(), both[1].result()
    kills = by_dvc + (faults.kills if faults else Counter())
    written = {"kills": kills.total(), "of": kills, "full disks": faults.full_disks if faults else {}}
    (tmp_path_factory.getbasetemp() / "kills.json").write_text(json.dumps(written, indent=1) + "\n")
    print(json.dumps(written))
    return Runs(*folders, opened, kills)


def test_both_give_the_same_bytes(runs: Runs) -> None:
    by_dvc, by_snakemake = content(runs.dvc), content(runs.snakemake)
    detection = {"metrics/pose_l_mdn_2.json", "metrics/boxes_l_mdn_3.json"}
    assert detection | {"metrics/graphmdn.json", "metrics/hgn_64.json", "claims.md"} <= by_dvc.keys()
    assert b'"plain"' in by_dvc["metrics/pose_l_mdn_2.json"]
    assert b'"mpvpe"' in by_dvc["metrics/hgn_64.json"]
    assert any(name.startswith("tables/") and name.endswith(".md") for name in by_dvc)
    assert by_dvc.keys() == by_snakemake.keys()
    assert [name for name in by_dvc if by_dvc[name] != by_snakemake[name]] == []


def test_kills_change_no_output_and_leave_nothing_behind(runs: Runs) -> None:
    """What the two runs made is the same to the byte although both were killed, each at other moments."""
    if not killed_runs.KILLS:
        pytest.skip("faults are tried by `make kills`")
    assert runs.kills.total() >= killed_runs.KILLS // 2, runs.kills
    by_dvc, by_snakemake = made_by(runs.dvc), made_by(runs.snakemake)
    assert by_dvc.keys() == by_snakemake.keys() and len(by_dvc) > 60
    assert [name for name in by_dvc if by_dvc[name] != by_snakemake[name]] == []
    for folder in (runs.dvc, runs.snakemake):
        unfinished = [path for place in ("data", "results", ".resume") for path in (folder / place).rglob(".*.part")]
        assert [*unfinished, *(folder / ".resume").rglob("*.state.pt")] == []


def made_by(folder: Path) -> dict[str, bytes]:
    """The data of a run and its trained weights, without what says when and how fast they were made.

    `finished` has the same files once more, and Snakemake alone keeps it.
    """
    files = [path for path in (folder / "data" / "tiny").rglob("*") if path.is_file() and path.name not in SAYS_WHEN]
    kept = [
        path for path in files if path.relative_to(folder).parts[2] not in ("plan", "made", "finished", "publish.json")
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def noted_by(runs: Runs) -> dict[str, set[str]]:
    """What each job opened, by its command; what leads to the jobs (`plan`, `all`) is none of them."""
    found = {}
    for notes in runs.opened.iterdir():
        command = " ".join(["python", "-m", "pipeline", *notes.name.split("@")])
        if not command.startswith(("python -m pipeline plan", "python -m pipeline where")):
            found[command] = set(notes.read_text(encoding="utf-8").split())
    return found


def opened_by(runs: Runs) -> dict[str, set[str]]:
    return {job: {note for note in notes if not note.startswith("call:")} for job, notes in noted_by(runs).items()}


def test_a_stage_opens_only_the_data_it_declares(runs: Runs) -> None:
    """What a stage reads without saying so would not make it run again when that changes.

    The committed run is beside the page's numbers and no input: else `make reference` would outdate what it copies.
    """
    jobs, opened = dvc_jobs(runs.dvc, "tiny"), opened_by(runs)
    assert opened.keys() == jobs.keys()
    undeclared = [
        f"{command} opens {path}"
        for command, paths in opened.items()
        for path in paths
        if not path.startswith(("pipeline/", "results/reference/"))
        and not (runs.dvc / path).is_dir()  # opened to see whether a file can be written there
        and not any(Path(path).is_relative_to(place) for place in jobs[command].inputs | jobs[command].outputs)
    ]
    assert sorted(undeclared) == []


def test_a_stage_reads_no_code_that_its_plan_leaves_out(runs: Runs) -> None:
    """The digest in a job's plan covers every module and data file below pipeline/ that the job opens."""
    left_out, counted = [], 0
    plans = [json.loads(path.read_text()) for path in (runs.dvc / "data/tiny/plan").rglob("*.json")]
    for plan in plans:
        for path in opened_by(runs)[plan["command"]]:
            source = re.sub(r"__pycache__/(\w+)\.cpython-\d+\.pyc(\.\d+)?$", r"\1.py", path)
            if source.startswith("pipeline/") and not SAYS_WHAT_IS_RUN.fullmatch(source):
                counted += 1
                if source not in plan["code"]:
                    left_out.append(f"{plan['command']} reads {source}")
    assert sorted(left_out) == []
    assert counted > 20 * len(plans)


def test_a_stage_calls_no_definition_that_its_digest_leaves_out(runs: Runs) -> None:
    """Every function and method of the package that a job calls is reached from where its code begins."""
    code, noted = Code(), noted_by(runs)
    planned = {job.command: job for job in planning.jobs(config.load("tiny", runs.dvc), code)}
    left_out = []
    for command, notes in noted.items():
        reached = {":".join(node) for node in code.reached(planned[command].modules)}
        called = {note.removeprefix("call:") for note in notes if note.startswith("call:")}
        assert called & reached, command
        for name in called - reached:
            file, _, definition = name.partition(":")
            if definition.isidentifier() and file.endswith(".py") and not SAYS_WHAT_IS_RUN.fullmatch(file):
                left_out.append(f"{command} calls {name}")
    assert sorted(left_out) == []


def test_a_second_run_of_either_does_nothing(runs: Runs) -> None:
    assert_nothing_is_done_by_dvc(runs.dvc)
    assert_nothing_is_done_by_snakemake(runs.snakemake)


def test_each_takes_over_the_outputs_of_the_other(runs: Runs) -> None:
    assert_nothing_is_done_by_snakemake(runs.dvc)
    assert_nothing_is_done_by_dvc(runs.snakemake)


def test_sync_tells_snakemake_what_dvc_has_made(runs: Runs) -> None:
    """Outputs checked out of DVC's cache have dates in any order; the commands of `make sync` put that right."""
    for path in (runs.dvc / "data" / "tiny" / "motion").iterdir():
        path.touch()
    assert "Nothing to be done" not in snakemake(runs.dvc, "--dry-run")
    tool(runs.dvc, "make", "--old-file", ".venv/installed", "sync")
    assert_nothing_is_done_by_snakemake(runs.dvc)
    assert_nothing_is_done_by_dvc(runs.dvc)


def test_a_run_leaves_git_as_it_is(runs: Runs) -> None:
    before = {str(path) for path in files_of_repository()}
    for folder in (runs.dvc, runs.snakemake):
        seen = tool(folder, "git", "ls-files", "--others", "--exclude-standard").split()
        new = set(seen) - before
        # The repository has a lock already, of its own preset; the list of jobs is new with the preset.
        assert {name for name in new if not name.endswith("dvc.lock")} == {"params/tiny.yaml", "params/tiny/dvc.yaml"}


def assert_nothing_is_done_by_dvc(folder: Path) -> None:
    printed = repro(folder)
    assert "Data and pipelines are up to date." in printed
    assert "Running stage" not in printed


def assert_nothing_is_done_by_snakemake(folder: Path) -> None:
    assert "Nothing to be done" in snakemake(folder)


def test_a_run_can_be_shown_before_its_end_and_taken_over(runs: Runs) -> None:
    """The last test, because it takes a finished run apart."""
    folder, reference = runs.snakemake, runs.snakemake / "results" / "reference" / "tiny"
    (folder / "data/tiny/made/evaluate_lifting/semgcn_17.json").unlink()  # as if it were still to come
    tool(folder, "python", "-m", "pipeline", "reference", "--so-far")
    assert "Not finished: 11 of 12 variants so far." in (reference / "run.json").read_text()
    assert not (reference / "metrics/semgcn_17.json").exists()
    assert "semgcn_17 was not run (not yet: the run is not finished)" in (reference / "claims.json").read_text()
    assert (reference / "metrics/graphmdn.json").read_bytes() == (
        folder / "results/tiny/metrics/graphmdn.json"
    ).read_bytes()
    for place in ("train_lifting", "evaluate_lifting", "made/train_lifting", "made/evaluate_lifting"):
        shutil.rmtree(folder / "data/tiny" / place)
    shutil.rmtree(folder / "results/tiny/metrics")
    printed = tool(folder, "python", "-m", "pipeline", "adopt")
    assert "6 variants taken over" in printed and "5 variants left as they are" in printed
    # Only what was not finished is trained and evaluated.
    printed = snakemake(folder, "--dry-run")
    assert printed.count("rule train_lifting:") == 1 and printed.count("rule evaluate_lifting:") == 1
    assert "variant=semgcn_17, seed=0" in printed and "variant=graphmdn" not in printed
