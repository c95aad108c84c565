"""The code of every registered model. MLflow copies this file beside the weights and runs it where a model is loaded.

The model is in predicting.py, which is imported late, because publishing a model needs no torch.
"""

from __future__ import annotations

from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel


class LiftingModel(PythonModel):
    """A lifting network behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        from pipeline.tracking.predicting import Predictor

        self.predictor = Predictor(context.artifacts["checkpoint"])

    # Without type hints, which MLflow would take for a schema.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        return self.predictor.predict(model_input["keypoints"], model_input["image_size"])


mlflow.models.set_model(LiftingModel())
