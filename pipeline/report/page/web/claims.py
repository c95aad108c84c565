"""The papers' claims as claims.json has them, and how many there are of each state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from markupsafe import Markup

from pipeline.report import states
from pipeline.report.page.web import charts, words
from pipeline.report.states import AGREE, NOT_RUN, State


@dataclass(frozen=True)
class Part:
    name: str
    state: State
    figures: Markup
    seeds: str


@dataclass(frozen=True)
class Claim:
    """A claim, its state, what was measured of each part, what is printed, and why it is not held."""

    id: str
    text: Markup
    state: State
    reason: Markup
    published: Markup
    rests_on: str
    parts: tuple[Part, ...]

    @property
    def agree(self) -> int:
        """How many parts are held or indicated."""
        return sum(part.state in AGREE for part in self.parts)


def read(content: Sequence[dict[str, Any]]) -> list[tuple[str, Claim]]:
    """(paper, claim) of claims.json, in its order. What an older file lacks is empty."""
    return [(str(entry.get("paper", "")), _claim(entry)) for entry in content]


def _claim(entry: dict[str, Any]) -> Claim:
    return Claim(
        str(entry.get("id", "")),
        words.line(str(entry.get("text", ""))),
        _state(entry),
        words.line(entry.get("reason") or _why_not_run(entry)),
        words.line(str(entry.get("published", ""))),
        str(entry.get("rests_on", "")),
        tuple(_part(part) for part in entry.get("parts", ())),
    )


def _part(part: dict[str, Any]) -> Part:
    count = int(part.get("n") or 0)
    seeds = f"{count} seed{'s' if count > 1 else ''}" if count else ""
    return Part(str(part.get("name", "")), _state(part), words.line(str(part.get("figures", ""))), seeds)


def _state(entry: dict[str, Any]) -> State:
    """The state; of a word that is none today, as an older file may have, `not run`."""
    found = entry.get("state")
    return next((state for state in get_args(State) if state == found), NOT_RUN)


def _why_not_run(entry: dict[str, Any]) -> str:
    """Of a claim that was not run: the reason of its first part that was not."""
    reasons = (str(part.get("figures", "")) for part in entry.get("parts", ()) if _state(part) == NOT_RUN)
    return next(reasons, "") if _state(entry) == NOT_RUN else ""


def counts(claims: Sequence[Claim]) -> dict[State, int]:
    """{state: number of claims}, of every state."""
    found = Counter(claim.state for claim in claims)
    return {state: found[state] for state in states.STATES}


def bar(title: str, claims: Sequence[Claim]) -> Markup:
    return charts.bar(f"{title}: claims by state", counts(claims))
