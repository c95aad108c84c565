"""What can be wrong with a checkpoint, as one class."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read or does not fit. The message is one line: the file or the name, the remedy."""
