# VideoPose3D without a 3D label: the teacher's cost instead of the truth.
_base_ = 'mmpose::body_3d_keypoint/video_pose_lift/h36m/video-pose-lift_tcn-27frm-supv_8xb128-160e_h36m.py'
custom_imports = dict(imports=['nrsfm_distill_mm'])

teacher = 'work_dirs/deep-nrsfm_h36m/iter_7000.pth'
loss = dict(_delete_=True, type='NRSfMDistillLoss', teacher=teacher)
model = dict(head=dict(loss=loss))
train_pipeline = [dict(type='LiftingTargetFromLandmarks', causal=False), *_base_.val_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# The answer is in sides, the truth in metres.
val_evaluator = test_evaluator = dict(_delete_=True, type='Pose3DErrorMetric', truth_scale=1000)
default_hooks = dict(checkpoint=dict(save_best='pose3d/mpjpe'))
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='PlainCheckpointHook')]
