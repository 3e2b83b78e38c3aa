# KEYPOINTS=x.npz python tools/train.py configs/teacher/deep-nrsfm_keypoint-array.py
_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/keypoint_array_landmarks.py',
]

model = dict(metainfo=_base_.metainfo)

# Three frames with 3D, where the file has them, say which mirror image is real.
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(type='ChooseStartHook', num_starts=3, iterations=1000),
    dict(type='DepthSignFromFramesHook', num_frames=3),
    dict(type='TeacherDiagnosticsHook'),
]
visualizer = dict(root_index=None)  # the middle of whatever it is
