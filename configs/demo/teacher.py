# The teacher of `make demo`: the 2D landmarks of small synthetic images, in a minute. It is
# much less accurate than ../teacher/deep-nrsfm_synthetic.py.
_base_ = ['../teacher/deep-nrsfm_synthetic.py']

data_root = 'data/synthetic_humans_64'
train_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root)))
val_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root)))
test_dataloader = val_dataloader

model = dict(init_std=0.01, code_weight=0.003, limb_weight=0.0, mirror_share=0.0)

max_iters = 3000
train_cfg = dict(max_iters=max_iters, val_interval=500)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=5e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='ExponentialLR', gamma=0.9992, by_epoch=False, begin=100, end=max_iters),
]
custom_hooks = [
    dict(type='LandmarkDistributionHook'),
    dict(type='DepthSignHook'),
    dict(type='TeacherDiagnosticsHook'),
]
default_hooks = dict(checkpoint=dict(interval=500), logger=dict(interval=100))
