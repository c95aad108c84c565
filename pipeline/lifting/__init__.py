"""Lifting: from 2D joints to 3D joints."""
