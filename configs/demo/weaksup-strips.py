# The student that is given the landmarks, for images of 64 x 64 px.
_base_ = ['../student/weaksup-strips_synthetic-256x256.py']

data_root = 'data/synthetic_humans_64'
input_size = (64, 64)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/demo/teacher_codes.safetensors'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='LoadTeacherCodes', codes_file=codes_file),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *train_pipeline[:3],
    dict(type='GenerateTarget', encoder=codec),
    _base_.val_pipeline[-1],
]

model = dict(
    head=dict(
        input_size=input_size,
        decoder=codec,
        depth_loss=dict(codes_file=codes_file),
    )
)
train_dataloader = dict(
    num_workers=0,  # small samples cost more to hand over than to load
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=val_pipeline),
)
test_dataloader = val_dataloader
