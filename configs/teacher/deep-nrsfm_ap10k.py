_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/ap10k_landmarks.py',
]

model = dict(metainfo=dict(from_file='configs/_base_/datasets/ap10k.py'))
# Whose left hip is left, and whose neck is ahead, has the legs below the back. The hook
# looks for limbs in front of the body; with the neck for `up`, that is below it.
custom_hooks = _base_.custom_hooks
custom_hooks[2] = dict(
    type='DepthSignHook',
    left='L_Hip',
    right='R_Hip',
    up='Neck',
    limbs=[
        ('Root of tail', 'L_B_Paw', 'Neck'),
        ('Root of tail', 'R_B_Paw', 'Neck'),
        ('Root of tail', 'L_F_Paw', 'Neck'),
        ('Root of tail', 'R_F_Paw', 'Neck'),
    ],
)
visualizer = dict(root_index=4)  # the root of the tail
