# The teacher of `make demo`: the 2D landmarks of small synthetic images.
_base_ = ['../teacher/deep-nrsfm_synthetic.py']

data_root = 'data/synthetic_humans_64'
train_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root)))
val_dataloader = dict(dataset=dict(dataset=dict(data_root=data_root)))
test_dataloader = val_dataloader
