# Who is given the landmarks, and sees a strip along each bone; it copies the depth along it
# from the teacher that knows of perspective.
_base_ = [
    '../_base_/students/landmark_lifting.py',
    '../_base_/datasets/synthetic_images.py',
]

input_size = (256, 256)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm-perspective_synthetic/teacher_codes.safetensors'
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

parents = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]
model = dict(
    head=dict(
        parents=parents,
        depth_loss=dict(
            type='TeacherDepthLoss',
            codes_file=codes_file,
            bone_weight=40.0,
            perspective=True,
            links=[(parent, i) for i, parent in enumerate(parents) if parent >= 0],
        ),
    )
)
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
