# MotionBERT without a 3D label: the teacher's cost instead of the truth.
_base_ = 'mmpose::body_3d_keypoint/motionbert/h36m/motionbert_dstformer-243frm_8xb32-240e_h36m.py'
custom_imports = dict(imports=['nrsfm_distill_mm'])

teacher = 'work_dirs/deep-nrsfm_h36m/iter_7000.pth'
loss = dict(_delete_=True, type='NRSfMDistillLoss', teacher=teacher)
model = dict(head=dict(loss=loss, decoder=dict(rootrel=False)), test_cfg=dict(flip_test=False))
# Input in half image widths, as before; MotionBERT's own codec needs 3D cameras.
codec = dict(type='VideoPoseLifting', num_keypoints=17, reshape_keypoints=False, concat_vis=True)
pack = dict(type='PackPoseInputs', meta_keys=('id', 'target_img_path', 'flip_indices'))
val_pipeline = [dict(type='GenerateTarget', encoder=codec), pack]
train_pipeline = [dict(type='LiftingTargetFromLandmarks'), *val_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
# The answer is in sides, the truth in metres.
val_evaluator = test_evaluator = dict(_delete_=True, type='Pose3DErrorMetric', truth_scale=1000)
default_hooks = dict(checkpoint=dict(save_best='pose3d/mpjpe'))
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='PlainCheckpointHook')]
