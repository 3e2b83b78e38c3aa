# The teacher of Wang et al. 2019: five levels of dictionaries, trained on 2D alone.
_base_ = ['../default_runtime.py']

model = dict(
    type='DeepNRSfM',
    data_preprocessor=dict(type='mmpose.LandmarkPreprocessor'),
    metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
    code_sizes=(256, 128, 64, 32, 16),
    init_std=0.01,
    code_weight=0.003,
    bone_weight=0.3,
)

max_iters = 3000
train_cfg = dict(by_epoch=False, max_iters=max_iters, val_interval=500)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='ExponentialLR', gamma=0.9992, by_epoch=False, begin=100, end=max_iters),
]

# Which of the two mirror images is real is decided by how people's knees bend.
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(type='DepthSignHook'),
    dict(type='TeacherDiagnosticsHook'),
]
default_hooks = dict(
    checkpoint=dict(
        interval=500,
        by_epoch=False,
        published_keys=['meta', 'state_dict'],  # the last one, small, for users
    ),
    logger=dict(interval=100, log_metric_by_epoch=False),
    teacher=dict(type='CheckTeacherHook'),
)
log_processor = dict(by_epoch=False)
