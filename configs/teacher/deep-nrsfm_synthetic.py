_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/synthetic_landmarks.py',
]

model = dict(mirror_share=0.5)  # these people's limbs are free
