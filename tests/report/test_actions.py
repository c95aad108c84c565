"""Which printed column is which action, and the rows that are printed out of order against the evidence for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.report import actions, published
from pipeline.report.actions import HUMAN36M

NUMBERS = published.read()
# The eight well-ordered rows that errata.md (D-9) goes by.
WELL_ORDERED = (
    ("semgcn_table2", "Martinez et al. [34] ICCV'17"),
    ("semgcn_table2", "Hossain & Little [21] ECCV'18"),
    ("hgn_table5", "Liu et al. [21]"),
    ("hgn_table5", "Zou et al. [44]"),
    ("hgn_table5", "Xu & Takano [37]"),
    ("hgn_table5", "Ours"),
    ("graphmdn_table2", "SemGCN"),
    ("graphmdn_table2", "Ours (Mean, Wide)"),
)


def as_printed(table: str, row: str) -> list[float]:
    """A row's 15 numbers, each under the heading it stands under."""
    cells = [NUMBERS.cell(table, f"{row}|Protocol #1", heading) for heading in actions.headings(table).values()]
    return [float(cell) for cell in cells if cell]


def corrected(table: str, row: str) -> list[float]:
    cells = [NUMBERS.of_action(table, f"{row}|Protocol #1", name) for name in HUMAN36M]
    return [float(cell) for cell in cells if cell]


@pytest.fixture(scope="module")
def profile() -> np.ndarray:
    """What the 15 actions cost: the median of the well-ordered rows, each divided by its mean."""
    rows = np.array([as_printed(*row) for row in WELL_ORDERED])
    return np.median(rows / rows.mean(axis=1, keepdims=True), axis=0)


def test_every_paper_has_its_own_headings() -> None:
    for table, heading in (
        ("semgcn_table2", "WalkD."),
        ("graphmdn_table1", "WalkD"),
        ("hgn_table5", "WalkD"),
        ("hgn_table6", "WalkD"),
    ):
        assert actions.headings(table)["WalkDog"] == heading
        printed = set(published.table(table)["column"])
        assert printed == {*actions.headings(table).values(), actions.AVERAGE}


@pytest.mark.parametrize(
    ("table", "row", "before", "after"),
    [
        ("semgcn_table2", "Ours (HG)", 0.16, 0.94),
        ("semgcn_table2", "Ours (RN w/ FP)", 0.15, 0.94),
        ("semgcn_table2", "Ours (GT)", 0.06, 0.81),
        ("semgcn_table2", "Sun et al. [53] ICCV'17", 0.22, 0.96),
        ("semgcn_table2", "Yang et al. [69] CVPR'18", 0.77, 0.95),
        ("semgcn_table2", "Mehta et al. [35] 3DV'17", 0.77, 0.93),
        ("semgcn_table2", "Zhou et al. [75] ICCV'17", 0.75, 0.84),
        ("semgcn_table2", "Chen & Ramanan [7] CVPR'17", 0.77, 0.85),
        ("hgn_table5", "Cai et al. [4]†", 0.68, 0.96),
    ],
)
def test_a_corrected_row_has_the_profile_of_the_well_ordered_ones(
    profile: np.ndarray, table: str, row: str, before: float, after: float
) -> None:
    """The correlations are those of errata.md, D-9 to D-11."""
    assert np.corrcoef(as_printed(table, row), profile)[0, 1] == pytest.approx(before, abs=0.006)
    assert np.corrcoef(corrected(table, row), profile)[0, 1] == pytest.approx(after, abs=0.006)


def test_the_evidence_names_the_corrected_rows_and_no_other() -> None:
    rows = published.table("semgcn_table2")["row"].unique()
    labels = {row.partition("|")[0] for row in rows if actions.correction("semgcn_table2", row)}
    assert labels == {row for one in actions.corrections() if one.table == "semgcn_table2" for row in one.rows}
    assert len(labels) == 8
    for table, row in WELL_ORDERED:
        assert actions.correction(table, row) is None


def test_a_corrected_row_by_hand() -> None:
    """Printed left to right: 48.2 ... 64.6, then Posing 53.6, Purchases 51.1, Sitting 67.4, SittingDown 88.7, ..."""
    found = dict(zip(HUMAN36M, corrected("semgcn_table2", "Ours (HG)"), strict=True))
    assert [found[name] for name in ("Phoning", "Posing", "Purchases", "Sitting", "SittingDown")] == [
        *(64.6, 53.6, 51.1, 67.4, 88.7)
    ]
    assert (found["Smoking"], found["Photo"], found["Walking"], found["WalkDog"]) == (57.7, 73.2, 48.9, 64.8)
    yang = dict(zip(HUMAN36M, corrected("semgcn_table2", "Yang et al. [69] CVPR'18"), strict=True))
    assert (yang["WalkDog"], yang["Walking"], yang["Photo"]) == (60.1, 43.6, 65.4)


def test_a_correction_moves_numbers_and_changes_none() -> None:
    for one in actions.corrections():
        for row in one.rows:
            assert sorted(corrected(one.table, row)) == sorted(as_printed(one.table, row))
            assert len(corrected(one.table, row)) == 15


def test_copies_of_a_row_are_corrected_as_it_is() -> None:
    for table, row, original in (
        ("graphmdn_table1", "SemGCN (reported) [32]", "Ours (GT)"),
        ("graphmdn_table2", "SemGCN (reported) [32]", "Ours (HG)"),
        ("hgn_table5", "Zhao et al. [41]", "Ours (HG)"),
    ):
        assert corrected(table, row) == corrected("semgcn_table2", original)


def test_what_is_no_action_of_human36m_has_no_column() -> None:
    assert actions.column("semgcn_table2", "Ours (GT)|Protocol #1", "Climb") is None
    assert NUMBERS.of_action("semgcn_table2", "Ours (GT)|Protocol #1", "Climb") is None


ORDER = "orders:\n  native:\n" + "".join(f"    - {name}\n" for name in HUMAN36M)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            ORDER.replace("- Photo", "- Phoning") + "corrections: []\n",
            "order native does not hold each of Human3.6M's 15",
        ),
        (
            ORDER + "corrections:\n  - table: t\n    rows:\n      - A\n    order: natve\n    erratum: D-9\n",
            "no order 'natve'; did you mean 'native'?",
        ),
        (ORDER + "corrections:\n  - table: t\n    order: native\n    erratum: D-9\n", "rows: field required"),
    ],
)
def test_a_bad_correction_is_one_line(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "corrections.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        actions.corrections(path)
    assert str(caught.value).startswith("corrections.yaml: ")
    assert words.lower() in str(caught.value).lower()
