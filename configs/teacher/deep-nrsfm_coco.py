_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/coco_landmarks.py',
]

model = dict(metainfo=dict(from_file='configs/_base_/datasets/coco.py'))
visualizer = dict(root_index=11)  # a hip, in the middle of the body
