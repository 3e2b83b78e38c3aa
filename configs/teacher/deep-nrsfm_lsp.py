_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/lsp_landmarks.py',
]

# Gymnasts take more poses than the actors of Human3.6M: a wider bottleneck.
model = dict(num_keypoints=14, code_sizes=(256, 128, 64, 32, 16))
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
visualizer = dict(root_index=2)  # a hip, in the middle of the body
