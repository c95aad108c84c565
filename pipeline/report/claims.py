"""The papers' claims, each judged on a preset's results, as data and as a page."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.config import Run
from pipeline.report import caption, render
from pipeline.report.checks import Part, by_protocol
from pipeline.report.evidence import Evidence
from pipeline.report.judge import Judge, Outcome, State, conjunction
from pipeline.report.quantities import QUANTITIES

STATES: tuple[State, ...] = ("held", "not held", "within noise", "not run")


@dataclass(frozen=True)
class Claim:
    """A claim in our words, what it rests on, what the printed numbers say of it, and its checks.

    Thresholds were fixed before any run.
    """

    id: str  # its paper's letters and a number: GM-2
    text: str
    rests_on: str
    published: str
    parts: tuple[Part, ...]


def claim(id: str, text: str, rests_on: str, published: str, *parts: Part | Sequence[Part]) -> Claim:
    """Some parts may come in a list. A part of P becomes two."""
    flat = itertools.chain.from_iterable((part,) if isinstance(part, Part) else part for part in parts)
    return Claim(id, text, rests_on, published, tuple(itertools.chain.from_iterable(map(by_protocol, flat))))


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    paper: str
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


def judge(evidence: Evidence, claims: Mapping[str, Sequence[Claim]]) -> list[Verdict]:
    """Judge every claim, {paper: claims}. Raises InputError where a claim names what does not exist."""
    judge = Judge(evidence)
    return [
        Verdict(claim, paper, tuple(judge.outcome(part) for part in claim.parts))
        for paper, several in claims.items()
        for claim in several
    ]


# --- written out ------------------------------------------------------------------------------------------------------

RULE = (
    "A comparison holds if the mean gap over the seeds has the claimed sign and exceeds one standard deviation of the "
    "gaps. It does not hold if the gap is as large the other way. Otherwise it is within noise. One seed has no "
    "standard deviation: a fixed minimum gap replaces it, 0.5 mm for P1 and P2, 2 points for AP and AR (all are in "
    "pipeline/report/quantities_*.py), and the state is that of this seed; another seed may differ. If a gap of some "
    "size is asked, it must also be that large; it fails if it is smaller by more than the noise. A claim in several "
    "parts is held if all of them were run and hold, and not held as soon as one does not hold. COCO's test server is "
    "not used: claims on its images are checked on the validation images, in a part that says so."
)

READING = (
    "`asked` marks what must be so. A quantity has in brackets a variant (a key of `params.yaml`) and often one more "
    "word: which prediction of a mixture or of samples, or how a detection network was tested (`plain` without such a "
    "word), on which people or keypoints, and by which component (`front.only.visible_face`: only the predictions of "
    "the front component, on people with a visible face). The quantities:"
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
                "paper": verdict.paper,
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


def page(evidence: Evidence, verdicts: list[Verdict]) -> str:
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
    about = caption.text(evidence.run, evidence.results.variants.values())
    if any(metrics.ran for metrics in evidence.detection.variants.values()):
        about = f"{about}\n\nImages: {caption.on_images(evidence.run, evidence.detection.variants.values())}"
    words = render.bullets(f"`{name}`: {quantity.meaning}." for name, quantity in QUANTITIES.items())
    return f"# Claims\n\n{about}\n\n{counts(verdicts)}.\n\n{RULE}\n\n{table}\n\n{READING}\n\n{words}\n"


def _words(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    """A line per outcome; neighbours that were not run for the same reason share one."""
    for (state, figures, n), group in itertools.groupby(outcomes, key=lambda one: (one.state, one.figures, one.n)):
        some = list(group)
        names = "; ".join(one.name for one in some if one.name)
        name = f"*{names}*: " if names and len(some) < len(outcomes) else ""
        seeds = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
        yield f"{name}**{state}**{seeds}: {figures}"
