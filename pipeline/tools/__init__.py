"""Commands that are no stage of the pipeline: they look at a repository, or bring something into it."""
