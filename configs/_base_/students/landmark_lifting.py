# Landmarks that are given, lifted by what the image shows along each bone. A CPU will do.
_base_ = ['../default_runtime.py']

data_mode = 'topdown'  # read by MMPose's inferencers

model = dict(
    type='TopdownPose3DEstimator',
    channels_last=True,
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='NoBackbone'),
    head=dict(
        type='LandmarkLifting3DHead',
        input_size=(256, 256),
        num_joints=17,
        decoder=dict(type='IntegralPose3DLabel', input_size=(256, 256)),
    ),
    test_cfg=dict(flip_test=False),
)

max_epochs = 4
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=4e-3))
auto_scale_lr = dict(base_batch_size=64)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]

# What the teacher's depth says first, what the bones' proportions ask for later.
custom_hooks = [*_base_.custom_hooks, dict(type='GrowBoneWeightHook')]
