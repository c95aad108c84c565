"""Image -> keypoints and boxes: CenterNet with mixture density heads (MDN offset, Mixture Dense Regression)."""

STRIDE = 4  # px of the input per cell of the output grid, of every network
