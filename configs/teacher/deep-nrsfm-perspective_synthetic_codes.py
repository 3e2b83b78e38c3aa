# Test run that writes the codes of the training images.
_base_ = ['deep-nrsfm-perspective_synthetic.py']

test_dataloader = dict(
    dataset=dict(dataset=dict(ann_file='annotation_body3d/fps50/h36m_train.npz'))
)
test_evaluator = dict(
    _delete_=True,
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm-perspective_synthetic/teacher_codes.safetensors',
)
