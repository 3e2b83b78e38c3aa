# KEYPOINTS=x.npz python tools/train.py configs/teacher/deep-nrsfm_keypoint-array.py
#
# For accuracy: no sparsity, which steadies the codes of small data sets and costs depth.
_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/keypoint_array_landmarks.py',
]

model = dict(
    metainfo=_base_.metainfo, init_std=None, code_weight=0.0, limb_weight=0.3
)

max_iters = 7000
train_cfg = dict(max_iters=max_iters, val_interval=3500)
# A high rate needs a short memory of the gradients' sizes, or some seeds end badly.
optim_wrapper = dict(optimizer=dict(lr=1e-2, betas=(0.9, 0.99)))
# High for long, and down at the end: a fall all the way costs 2 mm.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='LinearLR',
        start_factor=1.0,
        end_factor=0.01,
        by_epoch=False,
        begin=5000,
        end=max_iters,
    ),
]

# Three frames with 3D, where the file has them, say which mirror image is real.
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(type='ChooseStartHook', num_starts=3, iterations=1000),
    dict(type='DepthSignFromFramesHook', num_frames=3),
    dict(type='TeacherDiagnosticsHook'),
]
default_hooks = dict(checkpoint=dict(interval=3500), logger=dict(interval=500))
visualizer = dict(root_index=None)  # the middle of whatever it is
