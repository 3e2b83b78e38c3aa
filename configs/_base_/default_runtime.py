default_scope = 'mmpose'
custom_imports = dict(imports=['nrsfm_distill_mm'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The old one is deleted before the new one is whole: two, to have one to resume from.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PoseVisualizationHook', enable=False),
    plain_checkpoint=dict(type='PlainCheckpointHook'),
)
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='CheckDataHook')]

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(
    type='Pose3DCanvasVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
    name='visualizer',
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True, num_digits=4)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False

val_cfg = dict()
test_cfg = dict()
