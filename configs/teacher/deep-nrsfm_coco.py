_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/coco_landmarks.py',
]

model = dict(metainfo=dict(from_file='configs/_base_/datasets/coco.py'))
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(
        type='DepthSignHook',
        left='left_hip',
        right='right_hip',
        up='left_shoulder',  # how far it is to the left does not matter
        limbs=[
            ('left_hip', 'left_knee', 'left_ankle'),
            ('right_hip', 'right_knee', 'right_ankle'),
        ],
    ),
    dict(type='TeacherDiagnosticsHook'),
]
visualizer = dict(root_index=11)  # a hip, in the middle of the body
