"""The distillation loss under AMP, torch.compile and DDP is the plain one."""

from pathlib import Path

import pytest
import torch
from mmengine.optim import AmpOptimWrapper
from torch import Tensor, nn
from torch.multiprocessing import spawn

from nrsfm_distill_mm.models import CPUAmpOptimWrapper, NRSfMDistillLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels

MODES = ('upper_bound', 'exact')


def features(count: int = 4) -> Tensor:
    return torch.randn(count, 9, generator=torch.Generator().manual_seed(1))


def lifter() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(9, 21), nn.Unflatten(1, (7, 3)))


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_rounds_the_output_and_nothing_else(
    mode: str, dtype: torch.dtype, codes_file: str, labels: TeacherLabels
) -> None:
    loss, model = NRSfMDistillLoss(codes_file, mode=mode), lifter()
    target = torch.rand(4, 7, 2)
    with torch.autocast('cpu', dtype=dtype):
        output = model(features())
        assert output.dtype == dtype
        found = loss(output, target, None, labels)
    assert found.dtype == torch.float32
    rounded = loss(output.float(), target, None, labels)
    assert torch.equal(found, rounded)
    plain = loss(model(features()), target, None, labels)
    torch.testing.assert_close(found, plain, rtol=2e-2, atol=0)


@pytest.mark.parametrize('mode', MODES)
def test_large_half_precision_outputs_stay_finite(
    mode: str, codes_file: str, labels: TeacherLabels
) -> None:
    output = torch.full((4, 7, 3), torch.finfo(torch.float16).max).half()
    output[:, ::2] *= -1
    output.requires_grad_()
    loss = NRSfMDistillLoss(codes_file, mode=mode, loss_weight=1e-3)
    loss(output, torch.rand(4, 7, 2).half(), None, labels).backward()
    assert output.grad.isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason='AmpOptimWrapper needs CUDA')
def test_a_step_of_the_amp_wrapper(codes_file: str, labels: TeacherLabels) -> None:
    model, target = lifter().cuda(), torch.rand(4, 7, 2).cuda()
    labels = TeacherLabels(*(value.cuda() for value in labels))
    loss = NRSfMDistillLoss(codes_file)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = AmpOptimWrapper(optimizer=optimiser, loss_scale=512.0)
    plain = loss(model(features().cuda()), target, None, labels)
    with wrapper.optim_context(model):
        found = loss(model(features().cuda()), target, None, labels)
        wrapper.update_params(found)
    torch.testing.assert_close(found, plain, rtol=2e-2, atol=0)
    assert all(p.isfinite().all() for p in model.parameters())


def test_a_step_of_mixed_precision_without_a_gpu(
    codes_file: str, labels: TeacherLabels
) -> None:
    model, target = lifter(), torch.rand(4, 7, 2)
    loss, before = NRSfMDistillLoss(codes_file), model[0].weight.clone()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = CPUAmpOptimWrapper(optimizer=optimiser, accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 2)
    plain = loss(model(features()), target, None, labels)
    for _ in range(2):
        assert torch.equal(model[0].weight, before)
        with wrapper.optim_context(model):
            output = model(features())
            found = loss(output, target, None, labels)
        assert (output.dtype, found.dtype) == (torch.bfloat16, torch.float32)
        wrapper.update_params(found)
    torch.testing.assert_close(found, plain, rtol=2e-2, atol=0)
    assert not torch.equal(model[0].weight, before)
    assert model[0].weight.dtype == torch.float32


def test_compiled(codes_file: str, labels: TeacherLabels) -> None:
    loss, target = NRSfMDistillLoss(codes_file), torch.rand(4, 7, 2)
    outputs = [torch.randn(4, 7, 3).requires_grad_()]
    outputs.append(outputs[0].detach().clone().requires_grad_())
    compiled = torch.compile(loss, backend='aot_eager')
    values = [
        call(output, target, None, labels)
        for call, output in zip((loss, compiled), outputs, strict=True)
    ]
    for value in values:
        value.backward()
    torch.testing.assert_close(*values, rtol=1e-6, atol=0)
    torch.testing.assert_close(*(x.grad for x in outputs), rtol=1e-5, atol=1e-7)


def _gradient(
    model: nn.Module, codes_file: str, labels: TeacherLabels, rows: slice
) -> list[Tensor]:
    """Of the loss of some of four samples."""
    target = torch.rand(4, 7, 2, generator=torch.Generator().manual_seed(3))
    some = TeacherLabels(*(value[rows] for value in labels))
    loss = NRSfMDistillLoss(codes_file)
    loss(model(features()[rows]), target[rows], None, some).backward()
    return [parameter.grad for parameter in model.parameters()]


def _worker(rank: int, folder: str, codes_file: str, labels: TeacherLabels) -> None:
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/store', rank=rank, world_size=2
    )
    rows = slice(2 * rank, 2 * rank + 2)
    # Nothing may hold the model after the group: gloo can wait for ever then.
    found = _gradient(
        nn.parallel.DistributedDataParallel(lifter()), codes_file, labels, rows
    )
    if rank == 0:
        torch.save(found, f'{folder}/gradient.pt')
    torch.distributed.destroy_process_group()


def test_distributed(codes_file: str, labels: TeacherLabels, tmp_path: Path) -> None:
    arguments = (str(tmp_path), codes_file, labels)
    workers = spawn(_worker, arguments, nprocs=2, join=False, daemon=True)
    assert workers.join(timeout=120) or workers.join(timeout=120)  # one, the other
    found = torch.load(tmp_path / 'gradient.pt')
    expected = _gradient(lifter(), codes_file, labels, slice(None))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
