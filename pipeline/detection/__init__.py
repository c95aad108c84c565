"""Image -> keypoints and boxes: CenterNet with mixture density heads (MDN offset, Mixture Dense Regression)."""
