"""`python -m pipeline`: it names everything that it can do, teaches it, and refuses the rest in a line."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from repository import ROOT, run_tool

from pipeline.__main__ import STAGES, TOOLS, main, parser
from pipeline.config import Detector
from pipeline.stages import prepare_keypoints


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_lists_stages_in_the_order_of_the_dag_and_tools(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys)
    assert list(STAGES) == [
        *("download", "prepare_motion", "build_body", "fit_body", "prepare_crops"),
        *("prepare_keypoints", "prepare_generalization", "prepare_images"),
        *("train_lifting", "evaluate_lifting", "train_pixels", "evaluate_pixels"),
        *("train_detection", "evaluate_detection"),
        *("tabulate", "report", "publish"),
    ]
    places = [said.find(f" {name} {words}") for name, words in every_command().items()]
    assert -1 not in places and places == sorted(places)


def test_every_stage_is_one_short_module() -> None:
    modules = {path.stem: path for path in (ROOT / "pipeline" / "stages").glob("*.py") if path.stem != "__init__"}
    assert modules.keys() == STAGES.keys()
    assert [name for name, path in modules.items() if len(path.read_text().splitlines()) > 60] == []


def every_command() -> dict[str, str]:
    """The first words of what is said of each command."""
    sentences = {name: stage.sentence for name, stage in (STAGES | TOOLS).items()}
    return {name: " ".join(sentence.split()[:4]) for name, sentence in sentences.items()}


@pytest.mark.parametrize("name", [*STAGES, *TOOLS])
def test_every_command_tells_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys, name)
    assert said.startswith(f"usage: python -m pipeline {name}")
    assert len(said.split()) > 20
    wanted = {f"train_{kind}": ["--variant", "--seed"] for kind in ("lifting", "pixels", "detection")}
    wanted |= {f"evaluate_{kind}": ["--variant"] for kind in ("lifting", "pixels", "detection")}
    wanted |= {"prepare_keypoints": ["--detector"], "prepare_images": ["--task"]}
    options = [option for option in ("--variant", "--seed", "--detector", "--task") if f"{option} " in said]
    if name in STAGES:
        assert options == wanted.get(name, []) and "--preset PRESET" in said
    assert ("--mirror" in said) == (name == "download")


def test_the_doctors_help(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys, "doctor")
    assert "which are missing and where to get them" in said and "--preset" in said


def test_import_checkpoints_help_teaches_by_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys, "import_checkpoint")
    assert "python -m pipeline import_checkpoint --paper semgcn ckpt_semgcn_nonlocal.pth.tar" in said
    assert "put the line that it prints into params.yaml" in said
    for word in ("--paper", "martinez", "--variant", "FILE", "without executing it"):
        assert word in said


def test_help_answers_without_torch() -> None:
    """A tool's own options are loaded only for its own help."""
    program = "import sys; from pipeline.__main__ import parser; parser(); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ["prepare_keypoints", "--detector", "hourglass"],
            "argument --detector: invalid choice: 'hourglass' (choose from",
        ),
        (["prepare_keypoints"], "the following arguments are required: --detector"),
        (["evaluate_lifting"], "the following arguments are required: --variant"),
        (["import_checkpoint", "--paper", "mdn", "file"], "argument --paper: invalid choice: 'mdn'"),
        (["export"], "invalid choice: 'export'"),
        (["doctor", "--detector", "stacked_hourglass"], "unrecognized arguments: --detector"),
    ],
)
def test_what_there_is_not_is_refused(command: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said and said.startswith("usage: ")


def test_both_detectors_are_known() -> None:
    assert get_args(Detector) == ("stacked_hourglass", "cascaded_pyramid_network")
    for detector in get_args(Detector):
        options = parser("prepare_keypoints").parse_args(["prepare_keypoints", "--detector", detector])
        assert (options.detector, options.preset) == (detector, None)
    assert prepare_keypoints.SPLITS == ("train", "test")


def test_a_wrong_setting_ends_in_one_line() -> None:
    answer = run_tool(
        sys.executable, "-m", "pipeline", "prepare_keypoints", "--preset", "dmo", "--detector", "stacked_hourglass"
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "error: --preset: no preset 'dmo' in params/; did you mean 'demo'?\n"
