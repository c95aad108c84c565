"""What several papers' declarations say, and the tables that both image papers print of the same networks."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report.checks import Part, bounded, close, no_gain
from pipeline.report.columns import EPOCHS, SEEDS, Column
from pipeline.report.quantities_detection import (
    AP,
    AP_displaced,
    AP_group,
    hidden_face,
    hidden_face_strict,
    hidden_keypoints,
    share,
    share_strict,
    visible_face,
    visible_face_strict,
    visible_keypoints,
)
from pipeline.report.tables import Row, Table

# Reasons why a part of a claim cannot be run here.
SERVER = "needs COCO's test server, which alone knows the truth of test-dev"

# Notes below tables.
AUTHORS_WEIGHTS = (
    "Authors' weights, evaluated here: a file that they released, read by `python -m pipeline import_checkpoint`."
)
WITHOUT_A_NETWORK = "Mean pose and linear least squares need no network; the paper has no such rows."


def test_dev(task: str) -> str:
    """A note below tables of images that only COCO's server can judge."""
    return (
        "Test-dev: only COCO's server can evaluate these images, so nothing is measured here. With "
        "`test_dev: true` evaluate_detection writes the files that it takes, of a variant's first seed: "
        f"data/<preset>/evaluate_detection/<variant>/{task}_test-dev2017_..._results.json. Rows marked `published` "
        "are the paper's numbers and nothing else."
    )


MDN_2, BASE = "pose_l_mdn_2", "pose_l_base"


# What both image papers claim of MDN_2's components: their shares of the predictions follow the visibility of faces.
SHARES_FOLLOW_FACES = (
    bounded(visible_face(MDN_2), name="most faces can be seen", at_least=50),
    bounded(share(MDN_2, "front"), name="the front component makes most predictions", at_least=50),
    close(share(MDN_2, "front"), visible_face(MDN_2), name="the two shares", at_most=10),
    close(share_strict(MDN_2, "front"), visible_face_strict(MDN_2), name="the two shares, strict", at_most=10),
)


def largest_component_beats_mean(variant: str, of: str = "") -> tuple[Part, Part]:
    """Predictions by the largest component are better than the mixture's mean, by 0 to 1 AP."""
    largest, mean = AP(variant), AP(variant, "mean")
    return (
        no_gain(largest, mean, 0, name=f"{of}the mean is no better"),
        no_gain(mean, largest, 1, name=f"{of}nor much worse"),
    )


def visibility_table(name: str, title: str, back: str, front: str) -> Table:
    """What is visible, against the components' shares; `back` and `front` are the paper's names of the components."""

    def column(heading: str, word: str, row: str) -> Column:
        return Column(heading, (word,), paper=("{paper}",), paper_row=f"coco-val and MDN_2|{row}")

    return Table(
        name,
        title,
        columns=(
            column("Share, %", "loose", "more than 5 keypoints, score >= 0.5"),
            column("Stricter, %", "strict", "in parentheses: at least 10 keypoints, score >= 0.7"),
            EPOCHS,
            SEEDS,
        ),
        published=name,
        rows=tuple(
            Row(label, MDN_2, paper=paper, values=values)
            for label, paper, values in (
                ("Occluded keypoints", "Occluded Keypoints", {"loose": hidden_keypoints(MDN_2)}),
                ("Visible keypoints", "Visible Keypoints", {"loose": visible_keypoints(MDN_2)}),
                (
                    "Occluded face",
                    "Occluded Face",
                    {"loose": hidden_face(MDN_2), "strict": hidden_face_strict(MDN_2)},
                ),
                ("Visible face", "Visible Face", {"loose": visible_face(MDN_2), "strict": visible_face_strict(MDN_2)}),
                (
                    "Component of back views",
                    back,
                    {"loose": share(MDN_2, "back?"), "strict": share_strict(MDN_2, "back?")},
                ),
                (
                    "Component of front views",
                    front,
                    {"loose": share(MDN_2, "front?"), "strict": share_strict(MDN_2, "front?")},
                ),
            )
        ),
        notes=(
            "Keypoints: of all that are annotated. Face (whether the nose is visible): of people with more than 5 "
            "annotated keypoints (stricter: at least 10). Components: of predictions with a score of at least 0.5 "
            "(stricter: 0.7).",
            "The paper's stricter shares of the two components add up to 97 (errata.md, D-14).",
        ),
    )


def groups_table(
    name: str, title: str, groups: dict[str, str], displaced: Sequence[str], improvement: str | None, note: str
) -> Table:
    """AP by group of keypoints. `groups`: {group: the paper's column}; the other words are the paper's rows."""

    def row(label: str, variant: str, paper: str | None, over: str | None = None) -> Row:
        values = {group: AP_group(variant, group) for group in groups}
        return Row(label, variant, paper=paper, values=values, over=over)

    def moved(px: int, paper: str) -> Row:
        values = {group: AP_displaced(MDN_2, f"{group}_{px}") for group in groups}
        return Row(f"Truth displaced by {px} px", MDN_2, paper=paper, values=values)

    headings = {group: "Not facial" if group == "non_facial" else group.capitalize() for group in groups}
    return Table(
        name,
        title,
        columns=(
            *(Column(headings[group], (group,), paper=(printed,)) for group, printed in groups.items()),
            EPOCHS,
            SEEDS,
        ),
        published=name,
        rows=(
            *(moved(px, paper) for px, paper in enumerate(displaced, 1)),
            row("Base", BASE, "Base model"),
            row("MDN_2", MDN_2, "MDN_2"),
            row("Relative improvement, %", MDN_2, improvement, over=BASE),
        ),
        notes=(
            "AP over the keypoints of one group. In the first three rows the predictions are the annotations, moved "
            "in random directions: this shows how sensitive AP is. Images here may differ in size from COCO's, so "
            "that the same px mean another distance.",
            note,
        ),
    )
