_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/synthetic_landmarks.py',
]

# These people's limbs are free, and trainings go wrong more often.
model = dict(mirror_share=0.5)
default_hooks = dict(take_back=dict(type='TakeBackHook'))
