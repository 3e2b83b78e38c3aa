_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/lsp_landmarks.py',
]

model = dict(
    metainfo=dict(_delete_=True, **_base_.dataset_info),
    mirror_share=0.5,  # athletes' limbs are free
)
auto_scale_lr = dict(base_batch_size=256)
visualizer = dict(root_index=2)  # a hip, in the middle of the body
