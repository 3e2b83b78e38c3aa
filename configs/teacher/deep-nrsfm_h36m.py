_base_ = [
    '../_base_/teachers/deep-nrsfm.py',
    '../_base_/datasets/h36m_landmarks.py',
]
