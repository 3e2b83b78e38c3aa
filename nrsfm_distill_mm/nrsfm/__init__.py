"""Non-rigid structure from motion and the distillation costs; no registry."""

from nrsfm_distill_mm.nrsfm.atoms import strongest_atoms, upright_camera
from nrsfm_distill_mm.nrsfm.bone_costs import bone_terms
from nrsfm_distill_mm.nrsfm.bone_lengths import bone_length_variation
from nrsfm_distill_mm.nrsfm.code_cost import DistillCost, code_cost
from nrsfm_distill_mm.nrsfm.deep_nrsfm import DeepNRSfMNetwork, NRSfMOutput
from nrsfm_distill_mm.nrsfm.depth_sign import (
    BendRule,
    forward_bend,
    sign_from_bends,
    sign_from_depth,
)
from nrsfm_distill_mm.nrsfm.depth_subspace import (
    DepthConstraint,
    DictionaryGram,
    dictionary_gram,
    project_code,
    rotated_dictionary,
)
from nrsfm_distill_mm.nrsfm.diagnostics import (
    code_sparsity,
    evenly_spaced_rows,
    label_free_errors,
    mirroring_error,
    random_angles,
    relifting_error,
)
from nrsfm_distill_mm.nrsfm.distill_costs import (
    exact_cost,
    exact_terms,
    upper_bound_cost,
    upper_bound_terms,
)
from nrsfm_distill_mm.nrsfm.landmark_completion import (
    complete_landmarks,
    fit_landmark_distribution,
    plausible_landmarks,
)
from nrsfm_distill_mm.nrsfm.landmark_distribution import LandmarkDistribution
from nrsfm_distill_mm.nrsfm.lifting import (
    fill_hidden,
    lift,
    lift_mirrored,
    poses_in_image,
)
from nrsfm_distill_mm.nrsfm.sparse_coding import (
    dictionary_scale,
    reconstruct_shape,
    unit_dictionary,
)
from nrsfm_distill_mm.nrsfm.teacher_codes import (
    CodesInfo,
    TeacherCodes,
    TeacherCodesError,
    sample_key,
    sort_by_key,
)
from nrsfm_distill_mm.nrsfm.teacher_codes_file import (
    load_teacher_codes,
    save_teacher_codes,
)
from nrsfm_distill_mm.nrsfm.teacher_loss import reprojection_error, teacher_loss
from nrsfm_distill_mm.nrsfm.unseen_poses import LimbExchange

__all__ = [
    'BendRule',
    'CodesInfo',
    'DeepNRSfMNetwork',
    'DepthConstraint',
    'DictionaryGram',
    'DistillCost',
    'LandmarkDistribution',
    'LimbExchange',
    'NRSfMOutput',
    'TeacherCodes',
    'TeacherCodesError',
    'bone_length_variation',
    'bone_terms',
    'code_cost',
    'code_sparsity',
    'complete_landmarks',
    'dictionary_gram',
    'dictionary_scale',
    'evenly_spaced_rows',
    'exact_cost',
    'exact_terms',
    'forward_bend',
    'fill_hidden',
    'fit_landmark_distribution',
    'label_free_errors',
    'lift',
    'lift_mirrored',
    'load_teacher_codes',
    'mirroring_error',
    'plausible_landmarks',
    'poses_in_image',
    'project_code',
    'random_angles',
    'reconstruct_shape',
    'relifting_error',
    'reprojection_error',
    'rotated_dictionary',
    'sample_key',
    'save_teacher_codes',
    'sign_from_bends',
    'sign_from_depth',
    'sort_by_key',
    'strongest_atoms',
    'teacher_loss',
    'unit_dictionary',
    'upper_bound_cost',
    'upper_bound_terms',
    'upright_camera',
]
