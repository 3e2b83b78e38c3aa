_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/lsp_landmarks.py',
]

model = dict(num_keypoints=14)
custom_hooks = [
    dict(
        type='DepthSignHook',
        left='left_hip',
        right='right_hip',
        up='neck',
        limbs=[
            ('left_hip', 'left_knee', 'left_ankle'),
            ('right_hip', 'right_knee', 'right_ankle'),
        ],
    )
]
