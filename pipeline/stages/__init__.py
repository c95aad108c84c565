"""One module a stage of the DAG, thin: read artifacts, call the rooms, write artifacts."""
