# KEYPOINTS=x.npz python tools/train.py configs/teacher/deep-nrsfm_keypoint-array.py
_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/keypoint_array_landmarks.py',
]

model = dict(metainfo=_base_.metainfo)
# For trainings that go wrong. None of the capture's ended above 0.22.
default_hooks = dict(take_back=dict(type='TakeBackHook', harmless=0.25))

# Three frames with 3D, where the file has them, say which mirror image is real.
custom_hooks = _base_.custom_hooks
custom_hooks[2] = dict(type='DepthSignFromFramesHook')
visualizer = dict(root_index=None)  # the middle of whatever it is
