"""Training: one loop for every task of the project. It knows a Task, never what the task learns."""
