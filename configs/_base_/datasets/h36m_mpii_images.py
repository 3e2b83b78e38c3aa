# Images of Human3.6M and MPII in one training run; validation is Human3.6M's.
_base_ = ['h36m_images.py']

data_root_mpii = 'data/mpii'
codes_file_mpii = 'work_dirs/deep-nrsfm_h36m/teacher_codes_mpii.safetensors'

# Each dataset has boxes and codes of its own; samples meet after their labels.
h36m_pipeline = _base_.train_pipeline[:-1]
mpii_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    *_base_.augmentation,
    dict(type='LoadTeacherCodes', codes_file=codes_file_mpii),
    dict(type='GenerateTarget', encoder=_base_.codec),
]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
        datasets=[
            dict(
                type='Human36mDistillDataset',
                data_root=_base_.data_root,
                ann_file='annotation_body3d/fps10/h36m_train.npz',
                subjects=_base_.train_subjects,
                data_prefix=dict(img='images/'),
                pipeline=h36m_pipeline,
            ),
            dict(
                type='MpiiDistillDataset',
                data_root=data_root_mpii,
                ann_file='annotations/mpii_train.json',
                data_prefix=dict(img='images/'),
                pipeline=mpii_pipeline,
            ),
        ],
        pipeline=[dict(type='PackPoseInputs')],
    ),
)
