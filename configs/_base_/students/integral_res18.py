# Integral regression in 3D with ResNet-18.
_base_ = ['../default_runtime.py']

data_mode = 'topdown'  # read by MMPose's inferencers

model = dict(
    type='TopdownPose3DEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='ResNet', depth=18),
    head=dict(
        type='IntegralRegression3DHead',
        in_channels=512,
        input_size=(128, 128),
        num_joints=17,
        depth_size=16,
        loss=dict(type='L1Loss', use_target_weight=True),
        decoder=dict(type='IntegralPose3DLabel', input_size=(128, 128)),
    ),
    test_cfg=dict(flip_test=False),
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=5)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
auto_scale_lr = dict(base_batch_size=32)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='MultiStepLR', milestones=[14, 18], gamma=0.1, by_epoch=True),
]
