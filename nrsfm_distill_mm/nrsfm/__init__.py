"""Non-rigid structure from motion and the distillation costs; no registry."""

from nrsfm_distill_mm.nrsfm.bone_lengths import bone_length_variation
from nrsfm_distill_mm.nrsfm.deep_nrsfm import (
    DeepNRSfMNetwork,
    NRSfMOutput,
    lift,
    reprojection_error,
    teacher_loss,
)
from nrsfm_distill_mm.nrsfm.depth_sign import (
    BendRule,
    forward_bend,
    sign_from_bends,
    sign_from_depth,
)
from nrsfm_distill_mm.nrsfm.depth_subspace import (
    depth_gram,
    dictionary_gram,
    project_code,
    rotated_dictionary,
)
from nrsfm_distill_mm.nrsfm.distill_costs import (
    DistillCost,
    code_cost,
    upper_bound_cost,
    upper_bound_terms,
)
from nrsfm_distill_mm.nrsfm.sparse_coding import (
    dictionary_scale,
    reconstruct_shape,
)
from nrsfm_distill_mm.nrsfm.teacher_codes import (
    CodesInfo,
    TeacherCodes,
    TeacherCodesError,
    load_teacher_codes,
    sample_key,
    save_teacher_codes,
    sort_by_key,
)

__all__ = [
    'BendRule',
    'CodesInfo',
    'DeepNRSfMNetwork',
    'DistillCost',
    'NRSfMOutput',
    'TeacherCodes',
    'TeacherCodesError',
    'bone_length_variation',
    'code_cost',
    'depth_gram',
    'dictionary_gram',
    'dictionary_scale',
    'forward_bend',
    'lift',
    'load_teacher_codes',
    'project_code',
    'reconstruct_shape',
    'reprojection_error',
    'rotated_dictionary',
    'sample_key',
    'save_teacher_codes',
    'sign_from_bends',
    'sign_from_depth',
    'sort_by_key',
    'teacher_loss',
    'upper_bound_cost',
    'upper_bound_terms',
]
