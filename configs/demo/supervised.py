# The same student with the true depth: what the images allow at this size.
_base_ = ['distill.py']

train_pipeline = _base_.train_pipeline
train_pipeline[3] = dict(type='LoadDepthLabels')

model = dict(head=dict(depth_loss=None))
train_dataloader = dict(dataset=dict(load_3d=True, pipeline=train_pipeline))
