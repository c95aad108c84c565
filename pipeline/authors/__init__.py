"""The authors' released weights: their names and shapes, and ours."""
