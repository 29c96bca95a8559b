import pytest
import torch

from charrnn.optimizer import AdamW


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_it_takes_the_steps_that_torch_takes(weight_decay):
    generator = torch.Generator().manual_seed(0)
    start = {"matrix": torch.randn(5, 3, generator=generator), "bias": torch.zeros(5)}
    ours = {name: weight.clone().requires_grad_() for name, weight in start.items()}
    theirs = {name: weight.clone().requires_grad_() for name, weight in start.items()}
    optimizer = AdamW(ours, weight_decay=weight_decay)
    rival = torch.optim.AdamW(
        [
            {"params": [theirs["matrix"]], "weight_decay": weight_decay},
            {"params": [theirs["bias"]], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.99),
    )
    for number in range(1, 30):
        rate = 0.1 / number
        for name in start:
            gradient = torch.randn(start[name].shape, generator=generator)
            ours[name].grad, theirs[name].grad = gradient.clone(), gradient.clone()
        for group in rival.param_groups:
            group["lr"] = rate
        optimizer.step(rate=rate, number=number)
        rival.step()
        for name in start:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-6)
            assert ours[name].grad is None
