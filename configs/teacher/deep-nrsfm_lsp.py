_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/lsp_landmarks.py',
]

model = dict(metainfo=dict(_delete_=True, **_base_.dataset_info))
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(
        type='DepthSignHook',
        left='left_hip',
        right='right_hip',
        up='neck',
        limbs=[
            ('left_hip', 'left_knee', 'left_ankle'),
            ('right_hip', 'right_knee', 'right_ankle'),
        ],
    ),
    dict(type='TeacherDiagnosticsHook'),
]
visualizer = dict(root_index=2)  # a hip, in the middle of the body
