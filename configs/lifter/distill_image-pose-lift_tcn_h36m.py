# SimpleBaseline3D without a 3D label: the teacher's cost instead of the truth.
_base_ = 'mmpose::body_3d_keypoint/image_pose_lift/h36m/image-pose-lift_tcn_8xb64-200e_h36m.py'
custom_imports = dict(imports=['nrsfm_distill_mm'])

teacher = 'work_dirs/deep-nrsfm_h36m/iter_7000.pth'
codec = dict(_base_.codec, remove_root=False, target_mean=None, target_std=None)
loss = dict(_delete_=True, type='NRSfMDistillLoss', teacher=teacher)
model = dict(head=dict(num_joints=17, loss=loss, decoder=codec))
val_pipeline = [dict(type='GenerateTarget', encoder=codec), _base_.train_pipeline[1]]
train_pipeline = [dict(type='LiftingTargetFromLandmarks'), *val_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
# The answer is in sides, the truth in metres.
val_evaluator = test_evaluator = dict(_delete_=True, type='Pose3DErrorMetric', truth_scale=1000)
default_hooks = dict(checkpoint=dict(save_best='pose3d/mpjpe'))
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='PlainCheckpointHook')]
