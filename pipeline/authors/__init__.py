"""The authors' released weights: their names, shapes and file formats, import and export."""

from pipeline.authors.names import export_weights, import_weights

__all__ = ["export_weights", "import_weights"]
