# Test run that writes the codes of the training images.
_base_ = ['deep-nrsfm_coco.py']

test_dataloader = dict(
    dataset=dict(
        dataset=dict(
            ann_file='annotations/person_keypoints_train2017.json',
            data_prefix=dict(img='train2017/'),
        )
    )
)
test_evaluator = dict(
    out_file='work_dirs/deep-nrsfm_coco/teacher_codes.safetensors'
)
