"""The training loop and what belongs to it. It knows a `Task` and not what the task learns."""
