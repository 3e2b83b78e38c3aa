# The teacher as a lifter: MMPoseInferencer(pose3d=<this>, pose3d_weights=<its checkpoint>,
# pose2d=<any config of COCO's or Human3.6M's landmarks>).
_base_ = ['deep-nrsfm_h36m.py']

model = dict(type='DeepNRSfMLifter')
test_dataloader = dict(
    _delete_=True,
    dataset=dict(
        type='Human36mDistillDataset',
        seq_len=1,
        pipeline=[dict(type='PackPoseInputs', meta_keys=())],
    ),
)
visualizer = dict(type='LifterCanvasVisualizer')
