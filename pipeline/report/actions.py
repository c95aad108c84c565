"""Which printed column is which action: every paper abbreviates its own way, and some rows are printed out of order.

A row that does not follow its table's header is read through corrections.yaml, which says what order it is in; the
files in results/published/ stay as printed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.artifacts import InputError
from pipeline.config import nearest, read_yaml

CORRECTIONS = Path(__file__).with_name("corrections.yaml")
AVERAGE = "Avg."

_GRAPHMDN = {
    "Directions": "Direct.",
    "Discussion": "Discuss",
    "Eating": "Eating",
    "Greeting": "Greet",
    "Phoning": "Phone",
    "Photo": "Photo",
    "Posing": "Posing",
    "Purchases": "Purch.",
    "Sitting": "Sitting",
    "SittingDown": "SittingD.",
    "Smoking": "Smoke",
    "Waiting": "Wait",
    "WalkDog": "WalkD",
    "Walking": "Walk",
    "WalkTogether": "WalkT.",
}
# Human3.6M's actions in the order of every table's header, and how each paper writes them there.
_HGN = {"Directions": "Dire.", "Discussion": "Disc.", "Eating": "Eat", "Posing": "Pose", "Sitting": "Sit"}
_HGN |= {"SittingDown": "SitD.", "WalkTogether": "WalkT"}
HEADINGS = {
    "graphmdn": _GRAPHMDN,
    "semgcn": _GRAPHMDN | {"Posing": "Pose", "WalkDog": "WalkD."},
    "hgn": _GRAPHMDN | _HGN,
    "hgn_table5": _GRAPHMDN | _HGN | {"Purchases": "Puch."},  # so spelled in this table alone
}
HUMAN36M = tuple(_GRAPHMDN)


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Correction(_Data):
    """Rows of one table whose numbers, from left to right, are of the actions in this order and not in the header's."""

    table: str
    rows: tuple[str, ...] = Field(min_length=1)  # without the protocol behind the bar
    order: tuple[str, ...]
    erratum: str  # where the evidence is in errata.md


class _File(_Data):
    orders: dict[str, tuple[str, ...]]
    corrections: tuple[dict[str, str | tuple[str, ...]], ...]

    @model_validator(mode="after")
    def _orders_hold_every_action_once(self) -> _File:
        for name, order in self.orders.items():
            if sorted(order) != sorted(HUMAN36M):
                raise ValueError(f"order {name} does not hold each of Human3.6M's 15 actions once")
        return self


@cache
def corrections(path: Path = CORRECTIONS) -> tuple[Correction, ...]:
    """All corrections. Raises InputError with file and field."""
    try:
        content = _File.model_validate(read_yaml(path))
        return tuple(
            Correction.model_validate(entry | {"order": _order(path, content, str(entry.get("order")))})
            for entry in content.corrections
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None


def _order(path: Path, content: _File, name: str) -> tuple[str, ...]:
    if name not in content.orders:
        raise InputError(f"{path.name}: no order {name!r}{nearest(name, content.orders)}")
    return content.orders[name]


def headings(table: str) -> dict[str, str]:
    """Action -> heading in a published table, which carries its paper's name in front."""
    return HEADINGS.get(table) or HEADINGS[table.partition("_")[0]]


def correction(table: str, row: str) -> Correction | None:
    """How a row of a table is out of order; None if it is not. `row` may have its protocol behind a bar."""
    label = row.partition("|")[0]
    return next((one for one in corrections() if one.table == table and label in one.rows), None)


def column(table: str, row: str, action: str) -> str | None:
    """The heading under which a row's number for an action is printed; None for what is no action of Human3.6M's."""
    if action not in HUMAN36M:
        return None
    found = correction(table, row)
    place = found.order.index(action) if found else HUMAN36M.index(action)
    return headings(table)[HUMAN36M[place]]
