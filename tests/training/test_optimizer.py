import pytest
import torch

from charrnn.models.tags import tag
from charrnn.training.optimizer import GRAM_BETA, MAX_SIDE, Betas, Optimizer, Soap

TAGS = {"layers.0.weight_hh": "matrix", "embedding": "table"}
SHAPES = {"layers.0.weight_hh": (8, 3), "layers.0.bias_hh": (8,), "head.weight": (5, 4)}


def weights_of(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        weights[name] = torch.randn(shape, generator=generator).requires_grad_()
        tag(weights[name], TAGS.get(name, "other"))
    return weights


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adamw_takes_the_steps_that_torch_takes(weight_decay):
    ours, theirs = weights_of(SHAPES), weights_of(SHAPES)
    optimizer = Optimizer(ours, kind="adamw", weight_decay=weight_decay)
    rival = torch.optim.AdamW(
        [
            {"params": [weight], "weight_decay": weight_decay if weight.dim() > 1 else 0.0}
            for weight in theirs.values()
        ],
        betas=(0.9, 0.99),
    )
    generator = torch.Generator().manual_seed(1)
    for number in range(1, 30):
        rate = 0.1 / number
        for name, shape in SHAPES.items():
            gradient = torch.randn(shape, generator=generator)
            ours[name].grad, theirs[name].grad = gradient.clone(), gradient.clone()
        for group in rival.param_groups:
            group["lr"] = rate
        optimizer.step(rate=rate, number=number)
        rival.step()
        for name in SHAPES:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-6)
            assert ours[name].grad is None


def test_a_table_with_all_rows_read_learns_as_a_matrix_does():
    table, matrix = weights_of({"embedding": (6, 3)}), weights_of({"dense": (6, 3)})
    with torch.no_grad():
        matrix["dense"].copy_(table["embedding"])
    sparse = Optimizer(table, kind="adamw", weight_decay=0.1)
    dense = Optimizer(matrix, kind="adamw", weight_decay=0.1)
    rows = torch.tensor([0, 1, 2, 3, 4, 5, 5, 0])
    for number in range(1, 10):
        values = torch.randn(8, 3, generator=torch.Generator().manual_seed(number))
        gradient = torch.sparse_coo_tensor(rows[None], values, (6, 3), check_invariants=True)
        table["embedding"].grad, matrix["dense"].grad = gradient, gradient.to_dense()
        norms = [each.step(rate=0.1, number=number, clip=1.0) for each in (sparse, dense)]
        torch.testing.assert_close(*norms)
        torch.testing.assert_close(table["embedding"], matrix["dense"])


def test_a_table_may_have_a_dense_gradient():
    table, matrix = weights_of({"embedding": (6, 3)}), weights_of({"dense": (6, 3)})
    with torch.no_grad():
        matrix["dense"].copy_(table["embedding"])
    for weights in (table, matrix):
        (weight,) = weights.values()
        weight.grad = torch.ones_like(weight)
        Optimizer(weights, kind="adamw", weight_decay=0.1).step(rate=0.1, number=1)
    torch.testing.assert_close(table["embedding"], matrix["dense"])


def test_rows_that_were_not_read_stay():
    weights = weights_of({"embedding": (6, 3)})
    before = weights["embedding"].detach().clone()
    optimizer = Optimizer(weights, kind="soap", weight_decay=0.1)
    weights["embedding"].grad = torch.sparse_coo_tensor(
        [[1, 4, 1]], torch.ones(3, 3), (6, 3), check_invariants=True
    )
    optimizer.step(rate=0.1, number=1)
    changed = (weights["embedding"] != before).any(1)
    assert changed.nonzero().flatten().tolist() == [1, 4]


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_soap_is_adam_in_the_eigenbasis(weight_decay):
    """Written out anew in float64 with a full eigendecomposition of the basis' first moment."""
    weight = torch.randn(8, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    ours, betas = weight.clone(), Betas(0.8, 0.98)
    rule = Soap(ours, betas, weight_decay=weight_decay)
    rule.tensors = {name: tensor.double() for name, tensor in rule.tensors.items()}
    gram = m = v = None
    for number in range(1, 8):
        gradient = torch.randn(8, 5, generator=torch.Generator().manual_seed(number)).double()
        rule.step(gradient, rate=0.1, number=number)
        if gram is None:
            gram = gradient.t() @ gradient
            _, basis = torch.linalg.eigh(gram)
            m, v = torch.zeros(8, 5), torch.zeros(8, 5)
        else:
            gram = GRAM_BETA * gram + (1 - GRAM_BETA) * gradient.t() @ gradient
        turned = gradient @ basis
        m = 0.8 * m + 0.2 * turned
        v = 0.98 * v + 0.02 * turned**2
        step = (m / (1 - 0.8**number)) / ((v / (1 - 0.98**number)).sqrt() + 1e-8)
        weight = weight - 0.1 * (step @ basis.t() + weight_decay * weight)
        torch.testing.assert_close(ours, weight, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(rule.tensors["gram"], gram)


def test_soaps_basis_stays_orthogonal_and_turns_towards_the_eigenvectors():
    """A gradient whose columns have very unlike strengths, turned at random: in the end the basis
    is that turn.
    """
    generator = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=generator))[0]
    strengths = 4.0 ** torch.arange(6)
    rule = Soap(torch.zeros(50, 6), Betas(0.8, 0.98))
    for number in range(1, 400):
        gradient = torch.randn(50, 6, generator=generator) * strengths @ turn.t()
        rule.step(gradient, rate=0.0, number=number)
    basis = rule.tensors["basis"]
    torch.testing.assert_close(basis.t() @ basis, torch.eye(6), rtol=0, atol=1e-4)
    overlap = (basis.t() @ turn).abs()
    assert (overlap.max(0).values > 0.98).all()


def test_the_norm_is_that_of_all_gradients_together_and_is_limited():
    weights = weights_of(SHAPES)
    optimizer = Optimizer(weights, kind="adamw", weight_decay=0.0)
    for weight in weights.values():
        weight.grad = torch.full_like(weight, 2.0)
    count = sum(weight.numel() for weight in weights.values())
    norm = optimizer.step(rate=0.0, number=1, clip=0.5)
    assert float(norm) == pytest.approx(2 * count**0.5)
    squares = [
        float((tensor / 0.1).square().sum())
        for name, tensor in optimizer.tensors().items()
        if name.endswith(".m")
    ]
    assert sum(squares) ** 0.5 == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_table_learns_the_same_whether_its_gradient_is_sparse_or_not(weight_decay):
    tables = [weights_of({"embedding": (6, 3)}) for _ in range(2)]
    sparse, dense = (Optimizer(table, kind="adamw", weight_decay=weight_decay) for table in tables)
    generator = torch.Generator().manual_seed(0)
    for number in range(1, 20):
        rows = torch.randint(6, (4,), generator=generator)
        values = torch.randn(4, 3, generator=generator)
        gradient = torch.sparse_coo_tensor(rows[None], values, (6, 3), check_invariants=True)
        tables[0]["embedding"].grad, tables[1]["embedding"].grad = gradient, gradient.to_dense()
        for each in (sparse, dense):
            each.step(rate=0.1, number=number, clip=1.0)
        torch.testing.assert_close(tables[0]["embedding"], tables[1]["embedding"])
        for name, tensor in sparse.tensors().items():
            torch.testing.assert_close(tensor, dense.tensors()[name])


def test_a_matrix_has_soap_whatever_its_name_and_the_others_have_adam():
    weights = weights_of(
        {"encoder.attention": (5, 4), "layers.0.gain": (5, 4), "embedding": (6, 3)}
    )
    tag(weights["encoder.attention"], "matrix")
    parts = {
        name.rpartition(".")[::2]
        for name in Optimizer(weights, kind="soap", weight_decay=0).tensors()
    }
    assert {name for name, part in parts if part == "basis"} == {"encoder.attention"}


def test_a_matrix_too_wide_for_a_basis_has_adam():
    weights = weights_of({"layers.0.weight_hh": (1, MAX_SIDE + 1)})
    tensors = Optimizer(weights, kind="soap", weight_decay=0).tensors()
    assert {name.rpartition(".")[2] for name in tensors} == {"m", "v"}
