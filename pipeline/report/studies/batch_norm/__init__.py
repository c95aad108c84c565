"""The study of batch norm: how far running statistics lag behind the weights, and what that does to numbers."""

from pipeline.report.paper import Paper
from pipeline.report.studies.batch_norm.tables import TABLES

STUDY = Paper("batch_norm", "Running and renewed batch-norm statistics", TABLES, claims=())
