# Test run that writes the codes of MPII's images by the teacher of Human3.6M.
_base_ = ['deep-nrsfm_h36m_codes.py']

test_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='MpiiDistillDataset',
            data_root='data/mpii',
            ann_file='annotations/mpii_train.json',
            data_prefix=dict(img='images/'),
        )
    )
)
test_evaluator = dict(
    out_file='work_dirs/deep-nrsfm_h36m/teacher_codes_mpii.safetensors'
)
