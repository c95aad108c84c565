"""The error of checkpoints, importable without torch."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read or does not fit. The message is one line with the file and the remedy."""
