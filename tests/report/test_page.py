"""The page of a preset: all that it points to exists, and it says what is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hand_made import Maker

from pipeline.report import build, loading, page, states
from pipeline.report.figures.chosen import every
from pipeline.report.papers import PAPERS


@pytest.fixture(scope="module")
def text(reported: Maker) -> str:
    return reported.run.layout.report.read_text(encoding="utf-8")


def test_every_link_and_image_exists(reported: Maker, text: str) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(re.findall(r"!\[[^\]]*\]\(figures/", text)) == 9 + 8
    run = reported.run
    measured = {name for name in (*run.lifting_variants, *run.detection_variants) if not run.why_left_out(name)}
    assert {f"metrics/{variant}.json" for variant in measured} == {name for name in targets if "metrics/" in name}
    assert [target for target in targets if not (reported.run.layout.results / target).exists()] == []


def test_links_of_every_table_exist(reported: Maker) -> None:
    for path in reported.run.layout.tables.glob("*.md"):
        targets = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
        assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_table_is_on_the_page_and_its_columns_are_explained_once(reported: Maker, text: str) -> None:
    run = reported.run
    built = build.every(loading.evidence(run))
    assert {path.stem for path in reported.run.layout.tables.iterdir()} == {table.name for table in built}
    for table in built:
        assert table.title in text
        assert all(text.count(f"- {note}\n") == 1 for note in table.legend)
        lines = (reported.run.layout.tables / f"{table.name}.md").read_text().splitlines()
        rows = lines[next(number for number, line in enumerate(lines) if line.startswith("| ---")) + 1 :]
        rows = [line for line in rows if line.startswith("| ")]
        assert rows
        assert all(row.replace("(../", "(") in text for row in rows)


def test_the_states_are_those_of_claims_json(reported: Maker, text: str) -> None:
    data = json.loads(reported.run.layout.claims.read_text())
    for claim in data["claims"]:
        agree = sum(part["state"] in ("held", "indicated") for part in claim["parts"])
        reasons = [part["figures"] for part in claim["parts"] if part["state"] == "not run"]
        why = reasons[0] if claim["state"] == "not run" else claim["reason"]
        state = states.shown(claim["state"]) + (f": {why}" if why else "")
        assert f"| {claim['id']} | {claim['text']} | {state} | {agree} of {len(claim['parts'])} |" in text
    counts = [sum(claim["state"] == state for claim in data["claims"]) for state in states.STATES]
    words = ", ".join(f"{count} {state}" for count, state in zip(counts, states.STATES, strict=True) if count)
    assert f"Of {len(data['claims'])} claims: {words}. The claims are" in text
    assert "| SG-3 | With image features it sets the new state of the art. | – not run: " in text
    (why,) = {claim["reason"] for claim in data["claims"] if claim["id"] == "GM-14"}
    assert why.startswith("With one seed ") and f"| (✗) contra-indicated: {why} |" in text


def test_a_table_by_action_does_not_repeat_the_notes_above_it(reported: Maker, text: str) -> None:
    """The notes of GraphMDN's Table 3 are once on the page, and in all three of its files."""
    note = "The number of Sharma et al. with 5 samples was read off a figure"
    assert text.count(note) == 1
    files = [path for path in reported.run.layout.tables.glob("graphmdn_table3*.md") if note in path.read_text()]
    assert len(files) == 3
    assert text.count("2D input: ground-truth 2D.\n\n|  | Parameters, M |") == 1  # SemGCN's Table 1
    assert "2D input: stacked-hourglass 2D (SH), which is noise on the true joints here: no detector ran." in text


def test_what_was_run_and_what_was_not(text: str) -> None:
    assert "| Mean pose | GT | fitted on 2026-01-02, without training |" in text
    assert "| SemGCN | GT | trained on 2026-01-02: 2 seeds, 2 epochs, 200 steps |" in text
    assert "| SemGCN | SH (noise) | trained on 2026-01-02: 1 seed, 2 epochs, 200 steps |" in text
    assert "| GraphMDN, node level | GT | not run: left out by the preset |" in text


def test_imported_weights_are_not_said_to_be_trained(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_authors", 40.0)
    maker.motion_summary()
    assert maker.call("tabulate") == 0
    assert maker.call("report") == 0
    text = maker.run.layout.report.read_text(encoding="utf-8")
    assert "| SemGCN, authors' weights | GT | imported: its authors' weights, evaluated here |" in text


def test_the_data_are_counted(text: str) -> None:
    assert "Train: 12,345 poses of 4 takes; dropped views: 1,866 outside the picture." in text
    assert "| subject | S1 | 4 | 12,345 | - | - |" in text
    assert "| action | Walking | 4 | 12,345 | 4 | 6,789 |" in text


def test_a_figure_that_was_not_drawn_leaves_its_reason(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_one_cycle", 50.0)
    maker.motion_summary()
    evidence = maker.evidence
    content = {"claims": [], "motion": "", "images": "", "body": ""}
    drawings = every(maker.run)[1:]
    reasons = {drawing.name: f"{drawing.name} has no data" for drawing in drawings}
    text = page.text(evidence, build.every(evidence), content, reasons | {"overview": None})
    assert "![Overview of the lifting networks](figures/overview.png)" in text
    assert text.count("![") == 1
    for drawing in drawings:
        assert f"**{drawing.title}**: not drawn, because {drawing.name} has no data." in text


def test_detection_papers_have_their_tables_and_the_images_are_counted(text: str) -> None:
    papers = ["\n## MDN offset\n", "\n### MDN offset, Table 1", "\n## Mixture Dense\n", "\n### Mixture Dense, Table 1"]
    places = [text.index(words) for words in papers]
    assert places == sorted(places)
    assert "\nTested on 500 validation images with 700 people (64 px).\n" in text
    assert "On images. Images made in code: 12,000 training images with 12,000 people" in text
    assert "| pose | val | 500 | 500 | 490 |" in text
    assert "- Objects and their boxes: no images in this run: prepare_images was not run." in text
    assert (
        "| LargeHG, MDN_2 | 500 images, 64 px (pose) | trained on 2026-01-02: 2 seeds, 2 epochs, 2,900 steps |" in text
    )


def test_a_paper_has_its_tables_figures_and_claims_in_one_section(text: str) -> None:
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    titles = [paper.title for paper in PAPERS]
    assert titles == [title for title in sections if title in titles]
    hgn = sections["HGN"]
    places = [hgn.index(words) for words in ("### HGN, Table 1", "![HGN, Figure 3]", "### HGN: claims", "| HGN-1 |")]
    assert places == sorted(places)
    assert "| SG-1 |" not in hgn
