# Test run that writes the codes of the training images.
_base_ = ['deep-nrsfm_ap10k.py']

test_dataloader = dict(
    dataset=dict(
        dataset=dict(
            ann_file='annotations/ap10k-train-split1.json',
        )
    )
)
test_evaluator = dict(
    out_file='work_dirs/deep-nrsfm_ap10k/teacher_codes.safetensors'
)
