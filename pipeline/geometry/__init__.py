"""Cameras, skeletons, poses and their alignment: pure functions on arrays, nothing of the project beside them."""
