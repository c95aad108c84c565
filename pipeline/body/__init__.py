"""Body models in SMPL's format: skinning, the open body and how it is made."""
