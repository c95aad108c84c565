"""The page results/<preset>/report: all that is measured is on it, numbers lead on, and what is missing is said."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import COMMITTED, DRAWN, Written, write
from hand_made import Maker
from known_code import code
from PIL import Image

from pipeline import artifacts
from pipeline.config import plan
from pipeline.report import runs, viewer
from pipeline.report.figures.chosen import every
from pipeline.report.page import web
from pipeline.report.page.web import costs
from pipeline.report.papers import PAPERS


def words_of(page: str) -> str:
    """The page's text without its tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def card(page: str, variant: str) -> str:
    return page.partition(f'<article class="variant" id="v-{variant}">')[2].partition("</article>")[0]


def test_it_names_what_was_run(written: Written) -> None:
    head = words_of(written.html.partition('<dl class="facts">')[2].partition("</dl>")[0])
    for fact in ("Preset demo", "Commit c0ffeec", "Trained on 2026-01-02", "first training to last 3.5"):
        assert fact in head
    assert "sum over trainings 4" in head  # four seeds of an hour
    assert "CPU, Linux-6.1-x86_64" in head
    assert f"{COMMITTED['date']}, commit abcdef0, on A Fast One" in words_of(written.html)


def test_the_cost_is_that_of_the_records_and_of_the_estimate(written: Written) -> None:
    section = words_of(written.html.partition('id="cost"')[2].partition("</section>")[0])
    assert "SemGCN 2 2.00 1.00 GraphMDN 2 2.00 1.00" in section
    assert "still to be trained on 2026-01-01, on a fast one:" in section
    assert "HGN 3 10.5 (9.0 to 12.0) 4.0 2.00 0.03" in section


def test_without_an_estimate_the_page_names_the_command(written: Written) -> None:
    titles = {paper.key: paper.title for paper in PAPERS}
    written.maker.run.layout.cost.rename(written.maker.run.root / "estimate")
    try:
        assert costs.section(written.maker.evidence, titles)["estimate"] is None
    finally:
        (written.maker.run.root / "estimate").rename(written.maker.run.layout.cost)
    assert costs.section(written.maker.evidence, titles)["command"] == "python -m pipeline cost --preset demo"


def test_every_table_claim_figure_and_variant_is_on_it(written: Written) -> None:
    page, run = written.html, written.maker.run
    assert all(f'id="t-{table.name}"' in page for table in written.tables)
    assert all(f'id="c-{claim["id"]}"' in page for claim in written.content["claims"])
    assert re.findall(r'alt="([^"]+)"', page) == ["SemGCN, Figure 4"]
    for drawing in every(run):
        assert (f"Not drawn, because {drawing.name} has no data." in page) == (drawing.name != DRAWN)
    ran = {name for name in (*run.lifting_variants, *run.detection_variants) if not run.why_left_out(name)}
    assert set(re.findall(r'id="v-([^"]+)"', page)) == ran
    assert all(f"<code>{name}</code>" in page for name in run.left_out)


def test_counts_of_claims_are_those_of_claims_json(written: Written) -> None:
    body = written.html.partition('<table class="glance">')[2].partition("</table>")[0]
    for paper in PAPERS:
        claims = [claim["state"] for claim in written.content["claims"] if claim["paper"] == paper.key]
        (row,) = [line for line in body.split("<tr>") if f'href="#{paper.key}-claims"' in line]
        numbers = [int(number) for number in re.findall(r'<td class="number[^"]*">(\d+)</td>', row)]
        assert sum(numbers) == len(claims) and numbers[-1] == claims.count("not run")


def test_a_row_has_this_run_the_reference_the_paper_its_repository_and_the_difference(written: Written) -> None:
    table = written.html.partition('data-name="SemGCN, Table 1"')[2].partition("</table>")[0]
    (row,) = [line for line in table.split("<tr") if ">SemGCN</a>" in line]
    for cell in ('<a href="#v-semgcn">54.5 ± 0.7</a>', "ref. 57.0", '"paper">43.8<', '"bad">+10.7<', "40.78 / 31.46"):
        assert cell in row
    assert "1 of " in words_of(
        written.html.partition('data-name="SemGCN, Table 1"')[2].partition("</div>\n<div")[2][:600]
    )


def test_every_link_leads_somewhere(written: Written) -> None:
    page = written.html
    places, targets = set(re.findall(r' id="([^"]+)"', page)), re.findall(r' href="([^"]+)"', page)
    assert len(places) == len(re.findall(r' id="([^"]+)"', page))
    assert [target for target in targets if target.startswith("#") and target[1:] not in places] == []
    files = [target for target in targets if not target.startswith(("#", "data:"))]
    written_by_tabulate = re.compile(r"\.\./tables/.*\.(md|tex)")
    missing = [file for file in files if not (written.file.parent / file).exists()]
    assert [file for file in missing if not written_by_tabulate.fullmatch(file)] == []


def test_a_variant_has_its_settings_curves_files_and_mlflow_run(written: Written) -> None:
    semgcn = html.unescape(card(written.html, "semgcn"))
    assert semgcn.count("<svg") == 2 and "P1 on test subjects, mm by epoch, mean of 2 seeds" in semgcn
    assert "channels: 128" in semgcn and "batch_size: 64" in semgcn
    assert f'href="{Path("..") / "metrics" / "semgcn.json"}"' in semgcn
    assert "MLflow run <code>seed 1 of semgcn (demo)</code>" in semgcn
    place = runs.place("demo", "semgcn", 1)
    assert all(f"tags.{tag} = '{place[tag]}'" in semgcn for tag in ("preset", "variant", "seed"))


def test_a_fitted_variant_has_no_learning_curve(written: Written) -> None:
    assert "Nothing was trained, so there is no learning curve." in card(written.html, "linear_least_squares")
    assert "<svg" not in card(written.html, "linear_least_squares")


def test_the_policy_lets_its_own_scripts_run_and_loads_nothing(written: Written) -> None:
    page = written.html
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy
    for text in re.findall(r"<(?:script|style)[^>]*>(.*?)</(?:script|style)>", page, re.DOTALL):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == [] and " style=" not in page
    assert len(page.encode()) < 3_000_000


def test_nothing_names_the_machine(written: Written) -> None:
    assert os.fspath(written.maker.run.root) not in written.html


def test_every_heading_cell_has_a_scope_and_every_chart_says_what_it_shows(written: Written) -> None:
    page = written.html
    assert re.findall(r"<th(?! scope=)[ >]", page) == []
    drawings = re.findall(r'<svg class="(?:chart|bar)"(.*?)</svg>', page, re.DOTALL)
    assert drawings and all('role="img"' in one and "<title" in one and "<desc" in one for one in drawings)


# --- what is missing --------------------------------------------------------------------------------------------------


def test_a_preset_of_which_nothing_was_run_has_a_page(make: Callable[..., Maker]) -> None:
    page = write(make()).html
    assert "No variant of this preset is finished." in page
    assert page.count('class="badge state-not-run"') == 135


def test_files_that_are_missing_damaged_or_older_are_named_and_the_rest_is_shown(make: Callable[..., Maker]) -> None:
    maker = make()
    for name in ("semgcn", "semgcn_one_cycle", "hgn"):
        maker.point(name, 50.0)
    made, layout = write(maker), maker.run.layout
    layout.history("semgcn", 0).unlink()
    layout.history("hgn", 0).write_text("epoch,step\n1,2\n")  # an older layout, without losses
    layout.environment("semgcn_one_cycle", 0).write_text("{")
    html_ = web.text(maker.evidence, made.tables, made.content, made.not_drawn)
    page = words_of(html_)
    assert "train_lifting/semgcn/seed_0/history.csv: missing;" in page
    assert "history.csv: no column 'loss';" in page
    assert "when and where semgcn , semgcn_one_cycle , hgn were trained (environment.json is missing, or lacks" in page
    assert "This preset has no committed reference run to compare with." in page
    assert card(html_, "semgcn_one_cycle").count("<svg") == 2


def test_a_reference_that_did_not_record_its_commits_is_of_an_unknown_one(make: Callable[..., Maker]) -> None:
    made = write(make())
    reference = made.maker.run.reference
    artifacts.write_json(reference / "run.json", {"date": "2026-01-01", "commits": None, "machine": {"gpu": None}})
    artifacts.write_text(reference / "tables" / "semgcn_table1.csv", "row\n")
    page = words_of(web.text(made.maker.evidence, made.tables, made.content, made.not_drawn))
    assert "2026-01-01, commit unknown, on an unknown machine" in page


def test_a_figure_that_is_lost_is_named(make: Callable[..., Maker]) -> None:
    made = write(make())
    (made.maker.run.layout.figures / f"{DRAWN}.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    page = web.text(made.maker.evidence, made.tables, made.content, made.not_drawn)
    assert f"results/demo/figures/{DRAWN}.png is missing or damaged" in page
    assert "<img" not in page


def test_claims_of_an_older_file_are_shown_as_far_as_they_go(make: Callable[..., Maker]) -> None:
    made = write(make())
    old = [{"id": "SG-1", "paper": "semgcn", "text": "Of old.", "state": "supported"}]
    page = web.text(made.maker.evidence, made.tables, made.content | {"claims": old}, made.not_drawn)
    assert "Of old." in page and page.count('class="badge state-not-run"') == 1


def test_a_study_has_its_tables_and_nothing_of_the_papers(project: Path) -> None:
    maker = Maker(project, ["Walking"], "collapse")
    page = write(maker).html
    assert "A study" in page and 'class="claims"' not in page and "Misprints" not in page
    assert {table.name for table in write(maker).tables} == set(re.findall(r'id="t-([^"]+)"', page))
    assert 'href="#semgcn"' not in page


def test_the_plan_knows_every_file_of_the_page(written: Written) -> None:
    """So an edit to a template or to the style makes the report again."""
    run = written.maker.run
    (job,) = [one for one in plan.jobs(run, code()) if one.stage == "report"]
    folder = Path(web.__file__).parent
    files = {f"pipeline/report/page/web/{file.name}" for file in folder.iterdir() if file.is_file()}
    assert len(files) > 15 and files <= job.code.keys()
    assert "results/demo/report" in job.outputs


def test_a_page_that_would_be_too_large_has_smaller_pictures(
    make: Callable[..., Maker], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, found = write(make()), []
    Image.effect_noise((1600, 900), 60).save(made.maker.run.layout.figures / f"{DRAWN}.png")
    for largest in (web.LARGEST, 0):
        monkeypatch.setattr(web, "LARGEST", largest)
        web.write(made.file.parent, made.maker.evidence, made.tables, made.content, made.not_drawn)
        found.append((made.file.stat().st_size, re.findall(r'width="(\d+)" height="\d+" alt', made.html)))
    (large, wide), (small, narrow) = found
    assert wide == ["1120"] and narrow == ["720"]
    assert small < large


def test_of_two_equal_runs_the_pages_are_equal(written: Written) -> None:
    shown = viewer.section(written.maker.run)
    again = web.text(written.maker.evidence, written.tables, written.content, written.not_drawn, shown)
    assert again == written.html
    assert dataclasses.replace(written).file.stat().st_size == len(again.encode())
