"""Studies, questions of our own (docs/studies.md): what a preset shows that names one in `study:`, not the papers."""
