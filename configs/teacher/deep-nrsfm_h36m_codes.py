# Test run that writes the codes of the training images.
_base_ = ['deep-nrsfm_h36m.py']

test_dataloader = dict(
    dataset=dict(
        dataset=dict(
            ann_file='annotation_body3d/fps10/h36m_train.npz',
            subjects=_base_.train_subjects,
            load_3d=False,
        )
    )
)
test_evaluator = dict(
    _delete_=True,
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm_h36m/teacher_codes.safetensors',
)
