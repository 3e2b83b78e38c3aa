# Fully supervised reference: L1 on x, y and the true depth.
_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/synthetic_images.py',
]

train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(type='LoadDepthLabels')
train_dataloader = dict(dataset=dict(load_3d=True, pipeline=train_pipeline))
