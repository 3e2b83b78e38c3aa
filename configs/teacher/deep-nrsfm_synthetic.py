_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/synthetic_landmarks.py',
]
