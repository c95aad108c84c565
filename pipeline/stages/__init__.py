"""One module per stage of the DAG: each reads its plan, calls one room and writes artifacts."""
