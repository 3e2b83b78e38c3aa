# The teacher of Wang et al. 2019, five levels of dictionaries trained on 2D alone, and what
# makes it accurate: no sparsity, the best of three starts, and poses that it makes itself.
_base_ = ['../default_runtime.py']

model = dict(
    type='DeepNRSfM',
    data_preprocessor=dict(type='mmpose.LandmarkPreprocessor'),
    metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
    code_sizes=(256, 128, 64, 32, 16),
    bone_weight=0.3,
    limb_weight=0.3,
)

max_iters = 7000
train_cfg = dict(by_epoch=False, max_iters=max_iters, val_interval=3500)
# A high rate needs a short memory of the gradients' sizes, or some seeds end badly.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-2, betas=(0.9, 0.99)))
auto_scale_lr = dict(base_batch_size=128)
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

# Which of the two mirror images is real is decided by how people's knees bend.
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(type='ChooseStartHook', num_starts=3, iterations=1000, acceptable=0.6),
    dict(type='DepthSignHook'),
    dict(type='TeacherDiagnosticsHook'),
]
default_hooks = dict(
    checkpoint=dict(
        interval=3500,
        by_epoch=False,
        published_keys=['meta', 'state_dict'],  # the last one, small, for users
    ),
    logger=dict(interval=500, log_metric_by_epoch=False),
    teacher=dict(type='CheckTeacherHook'),
)
log_processor = dict(by_epoch=False)
