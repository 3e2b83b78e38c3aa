# 2D landmarks of any kind for the teacher: KEYPOINTS names the file, SKELETON the config
# that describes them (any of MMPose's configs/_base_/datasets, or your own). IMAGES, a
# folder, is for pictures of the results only.
ann_file = '{{$KEYPOINTS:data/keypoints.npz}}'
metainfo = dict(from_file='{{$SKELETON:configs/_base_/datasets/h36m.py}}')
keypoint_array = dict(
    type='KeypointArrayDataset',
    metainfo=metainfo,
    ann_file=ann_file,
    data_prefix=dict(img='{{$IMAGES:.}}'),
)

train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(type='LandmarkBatchDataset', dataset=keypoint_array),
)
val_dataloader = dict(
    batch_size=1024,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(type='LandmarkBatchDataset', test_mode=True, dataset=keypoint_array),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Pose3DErrorMetric', truth_required=False)
test_evaluator = val_evaluator
