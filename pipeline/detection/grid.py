"""The grid that every CenterNet sees its pictures on."""

STRIDE = 4  # picture pixels a cell
