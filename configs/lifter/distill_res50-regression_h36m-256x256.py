# An image network of MMPose's parts without a 3D label: ResNet-50, the head of its lifters.
_base_ = ['../_base_/datasets/h36m_images.py', '../_base_/students/integral_res18.py']

teacher = 'work_dirs/deep-nrsfm_h36m/iter_7000.pth'
lifting = dict(type='ImagePoseLifting', num_keypoints=17, root_index=0)
loss = dict(type='NRSfMDistillLoss', teacher=teacher)
backbone = dict(depth=50, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'))
head = dict(type='TemporalRegressionHead', in_channels=2048, num_joints=17, loss=loss, decoder=lifting)
head['_delete_'] = True
model = dict(type='PoseLifter', backbone=backbone, neck=dict(type='FramePooling'), head=head)
target = [dict(type='LiftingTargetFromLandmarks'), dict(type='GenerateTarget', encoder=lifting)]
train_pipeline = [*_base_.val_pipeline[:3], *target, dict(type='PackPoseInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = [_base_.test_evaluator]  # x and y are in sides: there is no EPE in px
