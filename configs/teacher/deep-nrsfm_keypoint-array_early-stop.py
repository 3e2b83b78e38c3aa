# Keeps the checkpoint that contradicts itself and its landmarks least, and stops when no
# better one comes; benchmarks/teacher_diagnostics.py says how far that can be trusted.
# The patience outlasts the first iterations, which agree with themselves on too little.
_base_ = ['deep-nrsfm_keypoint-array.py']

train_cfg = dict(val_interval=400)
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='EarlyStoppingHook',
        monitor='teacher/label_free_error',
        rule='less',
        min_delta=0.0,
        patience=8,
        strict=True,
    ),
]
default_hooks = dict(
    checkpoint=dict(save_best='teacher/label_free_error', rule='less'),
)
