"""The papers' claims, each judged on a preset's results, as data and as a page."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.config import Run
from pipeline.report import caption, reasons, render, states
from pipeline.report.checks import Part, by_protocol
from pipeline.report.evidence import Evidence
from pipeline.report.judge import Judge, Outcome
from pipeline.report.quantities import QUANTITIES
from pipeline.report.states import AGREE, STATES, State, conjunction


@dataclass(frozen=True)
class Claim:
    """A claim in our words, what it rests on, what the printed numbers say of it, and its checks.

    Thresholds were fixed before any run. `known`: an error in print, or another known reason why it may not hold, as a
    clause with its source.
    """

    id: str  # its paper's letters and a number: GM-2
    text: str
    rests_on: str
    published: str
    parts: tuple[Part, ...]
    known: str = ""


def claim(id: str, text: str, rests_on: str, published: str, *parts: Part | Sequence[Part], known: str = "") -> Claim:
    """Some parts may come in a list. A part of P becomes two."""
    flat = itertools.chain.from_iterable((part,) if isinstance(part, Part) else part for part in parts)
    return Claim(id, text, rests_on, published, tuple(itertools.chain.from_iterable(map(by_protocol, flat))), known)


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    paper: str
    outcomes: tuple[Outcome, ...]
    reason: str = ""  # why it is not held, a sentence

    @property
    def state(self) -> State:
        return conjunction(outcome.state for outcome in self.outcomes)

    @property
    def state_with_parts(self) -> str:
        """The state, and of a claim in parts how many agree; a claim that is not run in part may hold in the rest."""
        agree, parts = self.agree, len(self.outcomes)
        shown = states.shown(self.state)
        return shown if parts == 1 or agree == parts else f"{shown} ({agree} of {parts} parts agree)"

    @property
    def agree(self) -> int:
        """How many parts are held or indicated."""
        return sum(outcome.state in AGREE for outcome in self.outcomes)


def judge(evidence: Evidence, claims: Mapping[str, Sequence[Claim]]) -> list[Verdict]:
    """Judge every claim, {paper: claims}. Raises InputError where a claim names what does not exist."""
    return [_verdict(evidence, claim, paper) for paper, several in claims.items() for claim in several]


def _verdict(evidence: Evidence, claim: Claim, paper: str) -> Verdict:
    judge = Judge(evidence)
    outcomes = tuple(judge.outcome(part) for part in claim.parts)
    return Verdict(claim, paper, outcomes, reasons.sentence(evidence, claim.parts, outcomes, claim.known))


# --- written out ------------------------------------------------------------------------------------------------------

SCHEMA = 2  # 1: without `reason`, and with the states of one seed called as those of three

RULE = (
    "A comparison is held if the mean gap over three seeds or more has the claimed sign and exceeds the noise, which "
    "is one standard deviation of the gaps over the seeds. It is not held if the gap is as large the other way. "
    "Otherwise it is within noise. With one or two seeds nothing is held: the same is then only indicated or "
    "contra-indicated, because another seed may differ. One seed has no standard deviation, so its noise is a minimum "
    "gap that was fixed before any run: 0.5 mm for P1 and P2, 2 points for AP and AR (all are in "
    "pipeline/report/quantities_*.py). With two seeds the larger of standard deviation and minimum gap counts. Where "
    "no seed plays a part (numbers of parameters, closed forms, imported weights, what the annotations alone say) one "
    "value is enough. If a gap of some size is asked, it must also be that large; it fails if it is smaller by more "
    "than the noise. A claim in several parts is held if all of them were run and are held, and not held as soon as "
    "one part is not held. COCO's test server is not used: claims on its images are checked on the validation images, "
    "in a part that says so."
)

WHY = (
    "A claim that is not held, contra-indicated or within noise has a sentence that says why, as far as the metrics "
    "of the rows compared go. Where it lists differences from the paper's set-up (epochs, data, noise in place of a "
    "detector, kernels used, dead non-local layers), any of them may be the cause, or none."
)

READING = (
    "`asked` marks what must be so. A quantity has in brackets a variant (a key of `params.yaml`) and often one more "
    "word: which prediction of a mixture or of samples, or how a detection network was tested (`plain` without such a "
    "word), on which people or keypoints, and by which component (`front.only.visible_face`: only the predictions of "
    "the front component, on people with a visible face). The quantities:"
)


def counts(verdicts: list[Verdict]) -> str:
    """`12 held, 3 indicated, ...`"""
    by_state = Counter(verdict.state for verdict in verdicts)
    return ", ".join(f"{by_state[state]} {state}" for state in STATES)


def as_data(run: Run, verdicts: list[Verdict]) -> dict[str, Any]:
    """The verdicts as JSON, for programs."""
    return {
        "schema": SCHEMA,
        "preset": run.preset_name,
        "rule": RULE,
        "claims": [
            {
                "id": verdict.claim.id,
                "paper": verdict.paper,
                "text": verdict.claim.text,
                "rests_on": verdict.claim.rests_on,
                "state": verdict.state,
                "reason": verdict.reason or None,
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
            "<br>".join((*_words(verdict.outcomes), *([f"*Why:* {verdict.reason}"] if verdict.reason else []))),
            f"{verdict.claim.published} ({verdict.claim.rests_on})",
        ]
        for verdict in verdicts
    ]
    table = render.markdown_table(["", "Claim", "State", "This run", "Published"], body, text_columns=5)
    about = caption.text(evidence.run, evidence.results.variants.values())
    if any(metrics.ran for metrics in evidence.detection.variants.values()):
        about = f"{about}\n\nImages: {caption.on_images(evidence.run, evidence.detection.variants.values())}"
    words = render.bullets(f"`{name}`: {quantity.meaning}." for name, quantity in QUANTITIES.items())
    return f"# Claims\n\n{about}\n\n{counts(verdicts)}.\n\n{RULE}\n\n{WHY}\n\n{table}\n\n{READING}\n\n{words}\n"


def _words(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    """A line per outcome; neighbours that were not run for the same reason share one."""
    for (state, figures, n), group in itertools.groupby(
        outcomes, key=lambda one: (one.state, one.figures, _seeds(one))
    ):
        some = list(group)
        names = "; ".join(one.name for one in some if one.name)
        name = f"*{names}*: " if names and len(some) < len(outcomes) else ""
        count = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
        yield f"{name}**{states.shown(state)}**{count}: {figures}"


def _seeds(outcome: Outcome) -> int:
    """How many seeds were compared; 0 if none plays a part."""
    return 0 if outcome.seedless else outcome.n
