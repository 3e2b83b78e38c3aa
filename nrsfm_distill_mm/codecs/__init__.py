"""Keypoint codecs."""

from nrsfm_distill_mm.codecs.integral_pose3d_label import IntegralPose3DLabel

__all__ = ['IntegralPose3DLabel']
