"""Why a claim is not held, as far as the evidence goes: one sentence per claim.

It says how far the deciding comparison is from what is asked and whether noise explains that. Then it lists what sets
the rows compared apart from the paper's: budget, data, mixtures that use few kernels, dead non-local layers. All of it
is read from the rows' metrics. A list of causes is no proof of one, so the sentence says "may"; only errors in print,
which a claim states with their source, are facts. causes.py has the causes.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report import causes, inputs, wording
from pipeline.report.checks import Part
from pipeline.report.evidence import Evidence
from pipeline.report.judge import Outcome
from pipeline.report.states import AGAINST, SEEDS, WITHIN_NOISE, conjunction


def sentence(evidence: Evidence, parts: Sequence[Part], outcomes: Sequence[Outcome], known: str = "") -> str:
    """Of a claim that is not held, contra-indicated or within noise; of others there is nothing to say.

    `known`: an error in print or another known reason, as a clause with its source.
    """
    state = conjunction(outcome.state for outcome in outcomes)
    if state not in (*AGAINST, WITHIN_NOISE):
        return ""
    deciding = [(part, one) for part, one in zip(parts, outcomes, strict=True) if one.state == state]
    part, clearest = max(deciding, key=lambda item: _misses_in_noise(item[1]))
    found = causes.of(evidence, [value for _, one in deciding for value in one.compared])
    clauses = [
        _distance(part, clearest),
        _may_hide(found) if state == WITHIN_NOISE else _may_explain(found, clearest, bool(known)),
        known,
    ]
    words = "; ".join(filter(None, clauses))
    return f"{words[:1].upper()}{words[1:]}."


def _misses_in_noise(outcome: Outcome) -> float:
    """How far a comparison is on the wrong side of what is asked, in units of its noise."""
    return _missing(outcome) / (outcome.noise or 1e-9)


def _missing(outcome: Outcome) -> float:
    return outcome.asked - outcome.gap


# --- the first clause: distance and noise -----------------------------------------------------------------------------


def _distance(part: Part, outcome: Outcome) -> str:
    name = f"*{part.name}*" if part.name else "it"
    subject = f"{name} in {outcome.where}" if outcome.where else name
    if part.kind == "spread":
        side = "differs by less than is asked" if outcome.state == WITHIN_NOISE else "differs the other way round"
        return f"{_seeds(outcome)}{subject} {side}"
    unit = " %" if part.relative else wording.unit(outcome.compared[0])
    missing = f"{_amount(abs(_missing(outcome)))}{unit}"
    if outcome.state == WITHIN_NOISE:
        side = "right" if _missing(outcome) < 0 else "wrong"
        where = f"is {missing} on the {side} side of what is asked" if _missing(outcome) else "is just at the limit"
        apart = f", which cannot be separated from {_noise(outcome, unit)}" if outcome.noise else ""
        return f"{_seeds(outcome)}{subject} {where}{apart}"
    return f"{_seeds(outcome)}{subject} misses what is asked by {missing}{_beyond(outcome, unit)}"


def _seeds(outcome: Outcome) -> str:
    if outcome.seedless:
        return ""
    return f"over {outcome.n} seeds " if outcome.n >= SEEDS else f"with {('one seed', 'two seeds')[outcome.n - 1]} "


def _beyond(outcome: Outcome, unit: str) -> str:
    if outcome.seedless:
        return ", whatever the seed"
    more = f", more than {_noise(outcome, unit)}" if outcome.noise else ""
    return more if outcome.n >= SEEDS else f"{more}, but another seed may differ"


def _noise(outcome: Outcome, unit: str) -> str:
    """What the gap was compared with; a single seed has no spread of its own."""
    size = f"{_amount(outcome.noise)}{unit}"
    if outcome.n == 1:
        return f"the fixed minimum gap of {size}"
    spread = "the standard deviation over the seeds"
    return (
        f"noise of {size}, {spread if outcome.n >= SEEDS else f'{spread} or the fixed minimum gap if that is larger'}"
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 1e4 else f"{value:.3g}"


# --- the second clause: causes ----------------------------------------------------------------------------------------


def _may_hide(found: list[str]) -> str:
    return f"{inputs.listed(found)} may hide a difference" if found else ""


def _may_explain(found: list[str], outcome: Outcome, known: bool) -> str:
    if found:
        apart = ", which this run cannot tell apart" if len(found) > 1 else ""
        return f"this may be due to {inputs.listed(found, 'or')}{apart}"
    return "" if known or outcome.seedless else "nothing in the metrics of these rows explains it"
