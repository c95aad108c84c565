"""One table in three forms: Markdown with even rows, CSV that reads back, LaTeX that would compile."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hand_made import Maker

from pipeline.report import build, render
from pipeline.report.metrics import Statistic
from pipeline.report.render import NONE, NOT_RUN, Column, Row, Table

NASTY = Table(
    "nasty_table",
    "A & B",
    "100 % of `it`_",
    (Column("P1 # {mm}", ("P1",)), Column("both", ("one", "other"), decimals=2), Column("n ~ ^", ("n",))),
    (
        Row("α | β_1 ± \\x", "semgcn", ((Statistic(52.04, 2.83, 2),), (Statistic(1, None, 1), NONE), (434703,))),
        Row("published", None, (("43.8",), (NONE, NONE), (NOT_RUN,))),
    ),
    ("a legend <1>",),
    ("a note",),
)


@pytest.fixture(scope="module")
def every_table(reported: Maker) -> list[Table]:
    return build.every(reported.evidence)


def columns_of(line: str) -> int:
    return len(re.split(r"(?<!\\)\|", line)) - 2


def test_markdown_rows_have_as_many_cells_as_their_head(every_table: list[Table]) -> None:
    for table in [NASTY, *every_table]:
        lines = [line for line in render.markdown(table).splitlines() if line.startswith("|")]
        assert {columns_of(line) for line in lines} == {len(table.columns) + 1}, table.name
        assert len(lines) == len(table.rows) + 2


def test_a_markdown_file_has_caption_legend_and_notes() -> None:
    text = render.markdown(NASTY)
    assert text.startswith("**A & B.** 100 % of `it`_\n\n| ")
    assert "| [α \\| β_1 ± \\x](../metrics/semgcn.json) | 52.0 ± 2.8 | 1.00 / - | 434,703 |" in text
    assert "| published | 43.8 | - | not run |" in text
    assert text.endswith("\n\n- a legend <1>\n- a note\n")


def test_csv_reads_back_to_the_numbers() -> None:
    head, *rows = csv.reader(io.StringIO(render.comma_separated(NASTY)))
    assert head == ["row", "variant", "P1", "P1 sd", "one", "one sd", "other", "n"]
    assert rows == [
        ["α | β_1 ± \\x", "semgcn", "52.040", "2.830", "1.000", "-", "-", "434703"],
        ["published", "-", "43.8", "-", "-", "-", "-", "not run"],
    ]


def test_csv_rows_have_as_many_fields_as_their_head(every_table: list[Table]) -> None:
    for table in every_table:
        rows = list(csv.reader(io.StringIO(render.comma_separated(table))))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert len(set(rows[0])) == len(rows[0]), f"{table.name}: a field twice"
        assert len(rows) == len(table.rows) + 1


def test_latex_braces_balance_and_specials_are_escaped(every_table: list[Table]) -> None:
    for table in [NASTY, *every_table]:
        code = "".join(line for line in render.latex(table).splitlines(keepends=True) if not line.startswith("%"))
        code = code.replace("{!}{%\n", "{!}{\n")  # the one intended comment sign
        depth = 0
        for sign in re.sub(r"\\[{}]", "", code):
            depth += {"{": 1, "}": -1}.get(sign, 0)
            assert depth >= 0
        assert depth == 0
        assert not re.search(r"(?<!\\)[#_%^~]|[±†‡×<>`](?!})", code), table.name
        body = code.partition("\\midrule\n")[2].partition("\\bottomrule")[0].splitlines()
        assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {len(table.columns)}
        assert len(body) == len(table.rows)


def test_latex_needs_no_font_beyond_ascii(every_table: list[Table]) -> None:
    for table in every_table:
        code = [line for line in render.latex(table).splitlines() if not line.startswith("%")]
        assert [line for line in code if not line.isascii()] == []


def test_latex_escapes_labels_headings_and_the_caption() -> None:
    plain = "50 % & a_b {c} #1 ± 2 <x> `code` \\"
    escaped = r"50 \% \& a\_b \{c\} \#1 $\pm$ 2 \ensuremath{<}x\ensuremath{>} code \textbackslash{}"
    code = render.latex(Table("t", "T", plain, (Column(plain, ("n",)),), (Row(plain, None, (("1",),)),)))
    assert rf"\caption{{T. {escaped}}}" in code
    assert code.count(escaped) == 3


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"t: A: \[2\]"):
        Table("t", "T", "", (Column("one", ("one",)),), (Row("A", None, (("1", "2"),)),))
