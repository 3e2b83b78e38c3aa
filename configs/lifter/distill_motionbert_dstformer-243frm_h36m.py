# MotionBERT without a 3D label: the teacher's cost instead of the truth.
_base_ = 'mmpose::body_3d_keypoint/motionbert/h36m/motionbert_dstformer-243frm_8xb32-240e_h36m.py'
custom_imports = dict(imports=['nrsfm_distill_mm'])

teacher = 'work_dirs/deep-nrsfm_h36m/iter_3000.pth'
codec = dict(type='VideoPoseLifting', num_keypoints=17, concat_vis=True, reshape_keypoints=False)
loss = dict(_delete_=True, type='NRSfMDistillLoss', teacher=teacher)
model = dict(head=dict(loss=loss, decoder=dict(_delete_=True, **codec)), test_cfg=dict(flip_test=False))
val_pipeline = [dict(type='GenerateTarget', encoder=codec), dict(type='PackPoseInputs', meta_keys=('id', 'target_img_path', 'flip_indices'))]
train_pipeline = [dict(type='LiftingTargetFromLandmarks'), *val_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
# The answer is in sides: errors after the best scale, and after the best similarity.
val_evaluator = [dict(type='MPJPE', mode='n-mpjpe'), dict(type='MPJPE', mode='p-mpjpe')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='N-MPJPE'))
