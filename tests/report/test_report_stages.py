"""`tabulate` and `report`, run as a user runs them."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hand_made import Maker

from pipeline import artifacts

MADE = ("tables", "figures", "report", "claims.json", "claims.md", "README.md")


def contents(results: Path) -> dict[str, bytes]:
    """All that the two stages write, by its path."""
    paths = [path for name in MADE for path in ((results / name), *(results / name).glob("*")) if path.is_file()]
    return {path.relative_to(results).as_posix(): path.read_bytes() for path in paths}


def test_a_second_run_writes_the_same_bytes(reported: Maker, tmp_path: Path) -> None:
    """In a copy of the folder, because other tests read the first run's files meanwhile."""
    before = contents(reported.run.layout.results)
    assert len(before) == 3 * (23 + 2 * 6 + 2 + 17) + 2 * (9 + 8) + 2 + 3
    shutil.copytree(reported.run.root, tmp_path / "again")
    again = copy.copy(reported)
    again.run = reported.run.model_copy(update={"root": tmp_path / "again"})
    assert again.call("tabulate") == 0
    assert again.call("report") == 0
    after = contents(again.run.layout.results)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []


def test_nothing_names_the_machine(reported: Maker) -> None:
    folder = str(reported.run.root).encode()
    assert not any(folder in content for content in contents(reported.run.layout.results).values())


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        (
            "results/demo/metrics/semgcn.json",
            "error: results/demo/metrics/semgcn.json: missing; run the stage that writes it",
        ),
        (
            "data/demo/train_lifting/semgcn/seed_0/environment.json",
            "error: data/demo/train_lifting/semgcn/seed_0/environment.json: missing; run the stage that writes it",
        ),
    ],
)
def test_a_missing_file_is_one_line_and_the_old_tables_stay(
    make: Callable[..., Maker], capsys: pytest.CaptureFixture[str], missing: str, line: str
) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    maker.point("semgcn_one_cycle", 50.0)
    assert maker.call("tabulate") == 0
    before = contents(maker.run.layout.results)
    capsys.readouterr()
    (maker.run.root / missing).unlink()
    assert maker.call("tabulate") == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(line)
    assert contents(maker.run.layout.results) == before


def test_an_old_table_that_is_no_longer_made_goes(make: Callable[..., Maker]) -> None:
    maker = make()
    artifacts.write_text(maker.run.layout.tables / "forgotten.md", "")
    assert maker.call("tabulate") == 0
    assert not (maker.run.layout.tables / "forgotten.md").exists()


def test_a_report_without_claims_draws_nothing(make: Callable[..., Maker], capsys: pytest.CaptureFixture[str]) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    maker.motion_summary()
    assert maker.call("report") == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: results/demo/claims.json: missing; run the stage that writes it")
    assert contents(maker.run.layout.results) == {}


def test_a_preset_of_which_nothing_was_run_has_a_page_all_the_same(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.motion_summary()
    assert maker.call("tabulate") == 0
    assert maker.call("report") == 0
    text = maker.run.layout.report.read_text()
    assert text.count("not drawn, because") == 12 + 8
    assert "Of 135 claims: 135 not run." in text
    assert list(maker.run.layout.figures.iterdir()) == []
