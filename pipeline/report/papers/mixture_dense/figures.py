"""The figures of Mixture Dense."""

from pipeline.report.figures import Drawing, curves, samples, scales, speed

FIGURES = (
    Drawing(
        "mixture_dense_figure2",
        "Mixture Dense, Figure 2",
        "Scales of the annotated objects (GT) and of the objects that each component predicts, with its share "
        "below. Components are ordered by their median. Boxes are quartiles, whiskers the 5th and 95th percentile. "
        "A component has the same colour in all figures. First seed.",
        scales.draw,
        paper="The scales of COCO's objects, and of the objects that each component of the hourglass mixtures "
        "predicts, named in the order of their scales, with their shares below.",
    ),
    Drawing(
        "mixture_dense_figure3",
        "Mixture Dense, Figure 3",
        "Speed on this machine, one image at a time, against AP. One point per mode of testing: without and with "
        "the mirror image, and merged over 3 (S3) and 5 (S5) scales with the mirror image. Up and to the right is "
        "better. The paper's panel (b) shows networks trained at 768 px.",
        speed.draw,
        paper="AP against speed of MDN_3 and of the base network, for several architectures (a) and sizes of "
        "training images (b). MDN_3 is more accurate at the same or a higher speed.",
    ),
    Drawing(
        "mixture_dense_figure4",
        "Mixture Dense, Figure 4",
        "Validation AP during training (plain test), of objects and of people; the paper shows objects. Lines are "
        "means over seeds; shading spans the lowest to the highest seed.",
        curves.draw_precisions,
        paper="AP of MDN_3 and of the base network with one mode by epoch of training: how fast each of them "
        "converges.",
    ),
    Drawing(
        "mixture_dense_figure5",
        "Mixture Dense, Figure 5",
        "Objects (a) and people (b) found on validation images, as in Figure 2 of MDN offset. In (a) the ellipse "
        "is two standard deviations of width and height. First seed, plain test.",
        samples.draw_both,
        shows_images=True,
        paper="Sample predictions for objects and people on COCO's validation images.",
    ),
)
