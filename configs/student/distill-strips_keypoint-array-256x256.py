# The same, but each bone by what its depth would cost the teacher, instead of a copy.
_base_ = ['weaksup-strips_keypoint-array-256x256.py']

model = dict(
    head=dict(depth_loss=dict(type='NRSfMDistillLoss', bonewise=True, bone_weight=110.0))
)
