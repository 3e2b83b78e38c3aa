# For landmarks some of which are in the wrong place: those that do not fit the others
# count as hidden, and the rest are fitted by distances, not by their squares.
_base_ = ['deep-nrsfm_keypoint-array.py']

model = dict(outlier_distance=4.0)
