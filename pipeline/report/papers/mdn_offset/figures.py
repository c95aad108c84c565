"""The figures of MDN offset."""

from pipeline.report.figures import Drawing, components, samples

FIGURES = (
    Drawing(
        "mdn_offset_figure2",
        "MDN offset, Figure 2",
        "People found on validation images. The colour is the component that the network chose, the number its "
        "mixing weight. The ellipse around the centre is two standard deviations of a keypoint, averaged over the "
        "17 keypoints. White: the truth. The images were drawn at random before anything was predicted; if the "
        "data name the view, every second image has a person seen from the back. First seed, plain test, no "
        "refinement.",
        samples.draw_poses,
        shows_images=True,
        paper="Predictions of MDN_3 on COCO's validation images. Boxes and ellipses are blue or red by the "
        "component that made them, the ellipse is the spread in x and y; the third component is redundant.",
    ),
    Drawing(
        "mdn_offset_components",
        "MDN offset, Tables 1 and 3 as a figure",
        "One row per mixture (first seed), one colour per component. Left: the share of the people found (score "
        "0.5 or more) that each component predicts. Middle, if the data name the view: how many of its people are "
        "seen from the back; a larger dot is a larger share. Right: how often its offsets of left parts (filled) "
        "and right parts (hollow) point to the right in the image. The left parts of a person who faces the camera "
        "are on the right. A component with filled right of hollow therefore predicts front views, one with hollow "
        "right of filled back views. Components below 1 % have no dots.",
        components.draw,
    ),
)
