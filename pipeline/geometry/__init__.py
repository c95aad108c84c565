"""Cameras, skeletons, poses, alignment, graph coarsening: pure functions on arrays that import nothing of the project.

The letters in array shapes are listed in docs/api.md.
"""
