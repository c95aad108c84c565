"""Every quantity by its name."""

from __future__ import annotations

from pipeline.report import quantities_detection, quantities_lifting
from pipeline.report.evidence import Quantity


def _by_name() -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for module in (quantities_lifting, quantities_detection):
        for variable, quantity in vars(module).items():
            if isinstance(quantity, Quantity):
                assert variable == quantity.name and variable not in found, f"{variable} is {quantity.name}, or twice"
                found[variable] = quantity
    return found


QUANTITIES = _by_name()
