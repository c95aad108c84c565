"""docs/bad_input.md: what a user is told about wrong input. The table is what the commands say, not written by hand.

`python -m pytest tests/stages/test_bad_input.py --write-bad-input` writes it anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bad_inputs import CASES, Case
from repository import ROOT, replace_in
from stick_body import stick_model

from pipeline import __main__, artifacts
from pipeline.__main__ import main

DOCUMENT = ROOT / "docs" / "bad_input.md"
HEAD = """\
# What is said about wrong input

Every command ends with one line on stderr and exit code 2 (0: done, 130: interrupted by Ctrl-C). The line names the
file, the field and the remedy. Nothing is half-written, and nothing in a file is executed. `python -m pytest
tests/stages/test_bad_input.py --write-bad-input` writes this page from what the commands say; a test compares it.
"""


@pytest.fixture
def with_body(folder: Path) -> Path:
    replace_in(folder / "params" / "tiny.yaml", "description:", "body: open\ndescription:")
    replace_in(folder / "params.yaml", "preset: demo", "preset: tiny")
    for name in ("body.npz", "small.npz"):
        artifacts.write_arrays(folder / "data/tiny/body" / name, stick_model().to_arrays())
    return folder


def outcome(case: Case, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, int]:
    """What the command says, and its exit code."""
    case.make()
    capsys.readouterr()
    if case.reader is None:
        code = main(list(case.command))
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(__main__, "run_stage", lambda *_: case.reader())  # type: ignore[misc]
            code = main(["prepare_motion"])
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, case.what
    assert not Path("executed").exists() and not list(folder.rglob("*.part"))
    return lines[0].replace(f"{folder}/", "").removeprefix("error: "), code


def shown(message: str) -> str:
    """A message as a cell of a table can hold it."""
    return message.replace("|", "/").replace("`", "'")


def table(rows: dict[str, list[tuple[str, str, int]]]) -> str:
    parts = [HEAD]
    for kind, found in rows.items():
        head = [f"## {kind}\n", "| input | message | exit code |", "| --- | --- | ---: |"]
        lines = [f"| {what} | `{shown(message)}` | {code} |" for what, message, code in found]
        parts.append("\n".join([*head, *lines]) + "\n")
    return "\n".join(parts)


def test_the_page_says_what_the_commands_say(
    tmp_path: Path, with_body: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    rows: dict[str, list[tuple[str, str, int]]] = {}
    for number, (kind, case) in enumerate((kind, case) for kind, cases in CASES.items() for case in cases):
        place = tmp_path.parent / f"case {number}"
        _copy(with_body, place)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            rows.setdefault(kind, []).append((case.what, *outcome(case, place, capsys)))
    assert {code for found in rows.values() for _, _, code in found} == {2}
    assert not any(
        "delete it" in message for message in (message for found in rows.values() for _, message, _ in found)
    )
    page = table(rows)
    if request.config.getoption("--write-bad-input"):
        DOCUMENT.write_text(page, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == page


def _copy(source: Path, target: Path) -> None:
    """Settings and body; the poses are not needed."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("motion", "targets", "case *"))
