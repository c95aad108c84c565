"""MLflow: finished trainings and results are copied there from the stages' plain files. Only this folder imports it."""

from __future__ import annotations

from pipeline.tracking.publishing import publish
from pipeline.tracking.store import public_address
from pipeline.tracking.view import page

__all__ = ["page", "public_address", "publish"]
