# Test run that writes the codes of the landmarks that KEYPOINTS names.
_base_ = ['deep-nrsfm-robust_keypoint-array.py']

test_evaluator = dict(
    _delete_=True,
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm-robust_keypoint-array/teacher_codes.safetensors',
)
