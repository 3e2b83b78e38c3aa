# Test run that writes the codes of the training photos.
_base_ = ['deep-nrsfm_lsp.py']

test_dataloader = dict(dataset=dict(dataset=dict(ann_file='lsp_train.npz')))
test_evaluator = dict(
    out_file='work_dirs/deep-nrsfm_lsp/teacher_codes.safetensors'
)
