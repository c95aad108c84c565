"""What a paper declares in papers/, and a study of our own, which claims nothing, in studies/."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.report.claims import Claim
from pipeline.report.evidence import Expression
from pipeline.report.tables import Table


@dataclass(frozen=True)
class Difference:
    """Where paper, authors' code and this project differ: the number in the tables, and the one the other way.

    Both are of the same quantity's unit. `words` name the other way.
    """

    words: str
    here: Expression
    instead: Expression


@dataclass(frozen=True)
class Paper:
    """Its tables and claims, in the order in which they are shown. Figures are apart, so that no table needs them."""

    key: str  # as variants name their paper, and a preset its study
    title: str
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]
    source: str = ""  # authors, place and year, title
    differences: tuple[Difference, ...] = ()  # those that variants or columns measure
