"""The grid that every CenterNet sees its images on."""

STRIDE = 4  # image pixels a cell
