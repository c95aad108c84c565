"""Prediction on a user's own input: 2D joints of a file or of images, 3D poses with uncertainty into a folder.

pictures/      reads images and videos, and writes videos
detectors/     find people and their keypoints in images
detecting.py   writes what they find as a file of keypoints; tracking.py numbers the people of a video
overlay.py     draws keypoints and poses over the images
keypoints/     reads the formats of pose estimators, told apart by their content
human36m.py    brings the joints of any layout to Human3.6M's 17
joint_map.py   corrects them for weights that were trained on CMU's skeleton
smoothing.py   smooths the joints of a video over time
weights.py     weights as safetensors with a model card
angles.py      joint angles with their spread
flags.py       input and output that are unlike the training data
placing.py     a weak-perspective estimate of where the person is, and the reprojection error
writing.py     predictions.json, .npz and .csv; drawing.py the picture of the input
movement.py    of a video: bvh.py the animation, c3d.py the points of biomechanics; timeline.py their even frames
"""
