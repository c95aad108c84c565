"""The papers' claims (claims_*.yaml), each judged on a preset's results, as data and as a page."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.artifacts import InputError
from pipeline.config import Run, read_yaml
from pipeline.report import caption, detection_caption, render
from pipeline.report.checks import Judge, MinimumGap, Outcome, Part, State, conjunction
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.evidence import Evidence
from pipeline.report.meanings import MEANINGS
from pipeline.report.metrics import Results

FILES = tuple(
    Path(__file__).with_name(name)
    for name in (
        "claims_graphmdn.yaml",
        "claims_graphmdn_hypotheses.yaml",
        "claims_semgcn.yaml",
        "claims_semgcn_edges.yaml",
        "claims_hgn.yaml",
        "claims_mdn_offset.yaml",
        "claims_mdn_offset_components.yaml",
        "claims_mixture_dense.yaml",
        "claims_mixture_dense_training.yaml",
        "claims_mixture_dense_poses.yaml",
    )
)
MINIMUM_GAPS = Path(__file__).with_name("minimum_gaps.yaml")
STATES: tuple[State, ...] = ("held", "not held", "within noise", "not run")


class Claim(BaseModel):
    """A claim in our words, what it rests on, what the printed numbers say of it, and its checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Z]+-[0-9]+$")
    paper: str
    text: str
    rests_on: str
    published: str
    parts: tuple[Part, ...] = Field(min_length=1)

    @property
    def place(self) -> tuple[str, int]:
        """Its paper's letters and its number: GM-2 stands before GM-10."""
        letters, _, number = self.id.partition("-")
        return letters, int(number)


class Claims(BaseModel):
    """The claims, and what counts as noise in a quantity where there is a single seed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_gaps: dict[str, MinimumGap]
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    outcomes: tuple[Outcome, ...]

    @property
    def state(self) -> State:
        return conjunction(outcome.state for outcome in self.outcomes)

    @property
    def state_with_parts(self) -> str:
        """The state, and of a claim in parts how many hold; a claim that is not run in part may hold in the rest."""
        held = sum(outcome.state == "held" for outcome in self.outcomes)
        parts = len(self.outcomes)
        return self.state if parts == 1 or held == parts else f"{self.state} ({held} of {parts} parts held)"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_gaps: dict[str, MinimumGap] = {}
    claims: tuple[Claim, ...] = ()


@cache
def read(paths: tuple[Path, ...] = (MINIMUM_GAPS, *FILES)) -> Claims:
    """All claims of these files, by paper and number. Raises InputError with file and field."""
    files = [_read(path) for path in paths]
    gaps = {quantity: gap for file in files for quantity, gap in file.minimum_gaps.items()}
    claims = sorted((claim for file in files for claim in file.claims), key=lambda claim: claim.place)
    return Claims(minimum_gaps=gaps, claims=tuple(claims))


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None


def judge(run: Run, results: Results, detection: DetectionResults, claims: Claims | None = None) -> list[Verdict]:
    """Judge every claim. Raises InputError where a claim names what does not exist."""
    claims = claims or read()
    judge = Judge(Evidence(run, results, detection), claims.minimum_gaps)
    return [
        Verdict(claim, tuple(outcome for part in claim.parts for outcome in judge.outcomes(part)))
        for claim in claims.claims
    ]


# --- written out ------------------------------------------------------------------------------------------------------

RULE = (
    "A comparison holds when the mean gap over the seeds has the claimed sign and exceeds one standard deviation of "
    "the gaps; it does not hold when the gap is as large the other way; otherwise it is within noise. With one seed "
    "there is no standard deviation: then a fixed minimum gap stands in, 0.5 mm for P1 and P2, 2 points for AP and AR "
    "(the others are in pipeline/report/minimum_gaps.yaml), and the state is that of this seed: another one may say "
    "otherwise. Where a gap of some size is asked, it must also be that large, and fails when it is smaller by more "
    "than the noise. A claim in several parts is held only if all of them were run and hold, and not held as soon as "
    "one does not hold. COCO's test server is not asked: what was printed of its images is compared on the validation "
    "images instead, in a part that says so."
)

READING = (
    "`asked` stands before or after what would have to be so. A quantity names in brackets a variant (a key of "
    "`params.yaml`) and, of a mixture or of samples, which pose is taken from it; of a network on images, how its "
    "predictions were made, or which component, people or keypoints are meant. The quantities:"
)


def counts(verdicts: list[Verdict]) -> str:
    """`12 held, 3 not held, ...`"""
    by_state = Counter(verdict.state for verdict in verdicts)
    return ", ".join(f"{by_state[state]} {state}" for state in STATES)


def as_data(run: Run, verdicts: list[Verdict]) -> dict[str, Any]:
    """The verdicts as JSON, for programs."""
    return {
        "schema": 1,
        "preset": run.preset_name,
        "rule": RULE,
        "claims": [
            {
                "id": verdict.claim.id,
                "paper": verdict.claim.paper,
                "text": verdict.claim.text,
                "rests_on": verdict.claim.rests_on,
                "state": verdict.state,
                "published": verdict.claim.published,
                "parts": [
                    {
                        "name": outcome.name,
                        "state": outcome.state,
                        "figures": outcome.figures,
                        "gap": round(outcome.gap, 6),
                        "noise": round(outcome.noise, 6),
                        "n": outcome.n,
                    }
                    for outcome in verdict.outcomes
                ],
            }
            for verdict in verdicts
        ],
    }


def page(run: Run, results: Results, detection: DetectionResults, verdicts: list[Verdict]) -> str:
    """The verdicts as Markdown, for people."""
    body = [
        [
            verdict.claim.id,
            verdict.claim.text,
            verdict.state_with_parts,
            "<br>".join(_words(verdict.outcomes)),
            f"{verdict.claim.published} ({verdict.claim.rests_on})",
        ]
        for verdict in verdicts
    ]
    table = render.markdown_table(["", "Claim", "State", "This run", "Published"], body, text_columns=5)
    about = caption.text(run, results.variants.values())
    if any(metrics.ran for metrics in detection.variants.values()):
        about = f"{about}\n\nImages: {detection_caption.text(run, detection.variants.values())}"
    words = render.bullets(f"`{name}`: {meaning}." for name, meaning in MEANINGS.items())
    return f"# Claims\n\n{about}\n\n{counts(verdicts)}.\n\n{RULE}\n\n{table}\n\n{READING}\n\n{words}\n"


def _words(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    """A line an outcome; neighbours that were not run for the same reason share one."""
    for (state, figures, n), group in itertools.groupby(outcomes, key=lambda one: (one.state, one.figures, one.n)):
        some = list(group)
        names = "; ".join(one.name for one in some if one.name)
        name = f"*{names}*: " if names and len(some) < len(outcomes) else ""
        seeds = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
        yield f"{name}**{state}**{seeds}: {figures}"
