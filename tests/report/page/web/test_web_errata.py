"""pipeline/report/page/web/errata.py: every entry of errata.md is with the papers that it names."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hand_made import Maker

from pipeline.report.page.web import errata
from pipeline.report.page.web.errata import Errata
from pipeline.report.papers import PAPERS


@pytest.fixture
def of(make: Callable[..., Maker]) -> Callable[[str], Errata]:
    run, titles = make().run, {paper.key: paper.title for paper in PAPERS}

    def found(key: str) -> Errata:
        errata_of_paper = errata.of(run, key, titles[key])
        assert errata_of_paper is not None
        return errata_of_paper

    return found


def ids(found: Errata) -> set[str]:
    return {re.findall(r"<strong>([A-Z]+-\d+)", entry)[0] for entry in found.entries}


def test_an_entry_is_with_every_paper_that_it_names(of: Callable[[str], Errata]) -> None:
    having_d9 = {paper.key for paper in PAPERS if "D-9" in ids(of(paper.key))}
    assert having_d9 == {"semgcn", "graphmdn", "hgn"}
    assert {"T-1", "X-1"} <= ids(of("hgn"))
    assert "T-1" not in ids(of("semgcn"))
    assert {"D-12", "T-4"} <= ids(of("mdn_offset")) and {"D-16", "T-2"} <= ids(of("mixture_dense"))


def test_an_entry_of_several_lines_is_whole(of: Callable[[str], Errata]) -> None:
    (entry,) = [one for one in of("semgcn").entries if "D-9 (serious)" in one]
    assert entry.endswith("(<code>Zhao et al. [41]</code>).")


def test_differences_between_paper_and_code_are_those_of_the_papers_section(of: Callable[[str], Errata]) -> None:
    assert "density of a pose (Eq. 8)" in of("graphmdn").differences
    assert "density of a pose (Eq. 8)" not in of("semgcn").differences
    assert of("mdn_offset").differences == of("mixture_dense").differences  # they share their code, and a section
    assert "<th scope=" in of("hgn").differences and "style=" not in of("hgn").differences


def test_without_the_file_there_are_none(make: Callable[..., Maker]) -> None:
    run = make().run
    (run.root / "results/published/errata.md").unlink()
    assert errata.of(run, "hgn", "HGN") is None
