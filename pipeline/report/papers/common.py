"""What several papers' declarations say."""

# Reasons why a part of a claim cannot be run here.
IMAGE_FEATURES = "needs image features (SemGCN on pixels)"
SERVER = "needs COCO's test server, which alone knows the truth of test-dev"

# Notes below tables.
AUTHORS_WEIGHTS = (
    "Authors' weights, evaluated here: a file that they released, read by `python -m pipeline import_checkpoint`."
)
WITHOUT_A_NETWORK = (
    "Mean pose and linear least squares are what can be had without a network; the paper has no such rows."
)
