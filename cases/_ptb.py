"""The PTB model as its tutorial builds it: configuration, formula and PyTorch model.

The dropouts are the frameworks' own. Only the numbers that they draw are replaced, by the noise of the case.
"""

from contextlib import contextmanager
from dataclasses import dataclass

from _language_model import GATES, layer, weights

from parity import buffer, zeros

EXTRA = 1 + 1e-12
"""What sequence_loss_by_example divides a weight of 1 by: it adds 1e-12 to the sum of the weights."""


@dataclass(frozen=True)
class Config:
    """The hyperparameters, apart from the model, under the tutorial's names."""

    num_layers: int = 2
    num_steps: int = 3
    batch_size: int = 4
    hidden_size: int = 5
    vocab_size: int = 7
    keep_prob: float = 0.75
    max_grad_norm: float = 0.5
    lr_decay: float = 0.5
    max_epoch: int = 2
    epsilon: float = 1e-8


CONFIG = Config()
SIZES = dict(
    N=CONFIG.batch_size,
    T=CONFIG.num_steps,
    L=CONFIG.num_layers,
    H=CONFIG.hidden_size,
    V=CONFIG.vocab_size,
    E=lambda H: H,
    J=lambda H: H,
    G=("i", "f", "g", "o"),
)
TRAINED = {name: buffer(" ".join(weight.axes)) for name, weight in weights().items()}
TUTORIAL = "https://github.com/tensorflow/models/blob/086660faed/tutorials/rnn/ptb/ptb_word_lm.py"
TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"

LEARNING_RATE = dict(sgd=1.0, adam=2.0**-7)
BETAS = (0.9, 0.999)


def minibatches(words, steps, epoch):
    """The words of each minibatch, the words that follow them, and its learning rate where a pass over them begins."""
    for step in range(steps):
        passes, place = divmod(step, epoch)
        start = place * CONFIG.num_steps
        ids, targets = (words[:, start + shift : start + shift + CONFIG.num_steps] for shift in (0, 1))
        decay = CONFIG.lr_decay ** max(passes + 1 - CONFIG.max_epoch, 0)
        yield ids, targets, decay if place == 0 else None


def hat(epsilon, t):
    """PyTorch's epsilon for update ``t``: TensorFlow adds its epsilon before the bias is taken away."""
    return epsilon / (1 - BETAS[1] ** t) ** 0.5


# The formula ---------------------------------------------------------------------------------------------------------


def kept(x, noise):
    return x * (noise >= 1 - CONFIG.keep_prob) / CONFIG.keep_prob


def model(np, looked_up, targets, h, c, weights, noise=None):
    """The cost, the logits and the final states; ``noise`` is that of the inputs and that of each layer's outputs."""
    x, states = looked_up if noise is None else kept(looked_up, noise[0]), []
    for number in range(CONFIG.num_layers):
        own = [weights[f"{name}_{number}"] for name in ("kernel", "recurrent", "bias")]
        x, *final = layer(np, x, h[number], c[number], *own)
        states.append(final)
        x = x if noise is None else kept(x, noise[1 + number])
    logits = np.einsum("nth,vh->ntv", x, weights["softmax"]) + weights["softmax_bias"]
    right = np.eye(CONFIG.vocab_size)[targets]
    losses = np.log(np.sum(np.exp(logits), axis=2)) - np.sum(right * logits, axis=2)
    h, c = (np.stack(parts) for parts in zip(*states, strict=True))
    return np.sum(losses) / EXTRA / CONFIG.batch_size, logits, h, c


def gradients(np, ids, targets, h, c, weights, noise=None):
    """The results of :func:`model`, the gradients of the cost, and that of the rows that were looked up."""
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    def objective(parts):
        return differentiable(model(np, parts["looked_up"], targets, h, c, parts, noise))

    back, (cost, *rest) = make_vjp(objective)({**weights, "looked_up": weights["embedding"][ids]})
    found = back((np.ones_like(cost), *(np.zeros_like(result) for result in rest)))
    rows = found.pop("looked_up")
    found["embedding"] = np.einsum("ntv,nth->vh", np.eye(CONFIG.vocab_size)[ids], rows)
    return (cost, *rest), found, rows


def formula(np, words, input_noise, output_noise, weights, *, optimizer, steps, epoch):
    """The cost and the norm of each minibatch, the last states, and the trained weights."""
    costs, norms = [], []
    m = v = {name: np.zeros_like(weight) for name, weight in weights.items()}
    for step, (ids, targets, decay) in enumerate(minibatches(words, steps, epoch)):
        if decay is not None:
            h = c = np.zeros((CONFIG.num_layers, CONFIG.batch_size, CONFIG.hidden_size))
            rate = LEARNING_RATE[optimizer] * decay
        noise = [input_noise[step], *output_noise[step]]
        (cost, _, h, c), found, rows = gradients(np, ids, targets, h, c, weights, noise)
        norm = np.sqrt(sum(np.sum(gradient**2) for gradient in {**found, "embedding": rows}.values()))
        found = {name: found[name] * CONFIG.max_grad_norm / np.maximum(norm, CONFIG.max_grad_norm) for name in weights}
        if optimizer == "adam":
            first, second = BETAS
            m = {name: first * m[name] + (1 - first) * found[name] for name in weights}
            v = {name: second * v[name] + (1 - second) * found[name] ** 2 for name in weights}
            unbiased = rate * (1 - second ** (step + 1)) ** 0.5 / (1 - first ** (step + 1))
            moves = {name: unbiased * m[name] / (np.sqrt(v[name]) + CONFIG.epsilon) for name in weights}
        else:
            moves = {name: rate * found[name] for name in weights}
        weights = {name: weight - moves[name] for name, weight in weights.items()}
        costs.append(cost)
        norms.append(norm)
    return np.stack(costs), np.stack(norms), h, c, *weights.values()


# PyTorch -------------------------------------------------------------------------------------------------------------


@contextmanager
def torch_draws(torch, draws):
    """Have PyTorch's dropouts keep where given numbers, taken in turn, are at or above p."""
    from torch.utils._python_dispatch import TorchDispatchMode

    left = iter(draws)

    class Given(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.aten.bernoulli_.float:  # on a CPU: the mask of a dropout, ones with probability p
                mask, p = args
                return mask.copy_(next(left) >= 1 - p)
            if function is torch.ops.aten.native_dropout.default:  # on a GPU, where one kernel draws and scales
                x, p, _ = args
                mask = next(left) >= p
                return x * mask / (1 - p), mask
            return function(*args, **(kwargs or {}))

    with Given(), torch.backends.cudnn.flags(enabled=False):  # cuDNN draws inside its LSTM
        yield
    assert next(left, None) is None, "fewer dropouts than noise"


def torch_variables(kernel, recurrent, bias, second):
    """Where a model's weights come from: paths in a layer, with its number for ``{}``."""
    variables = {"embedding.weight": "embedding: V H"}
    for number in range(CONFIG.num_layers):
        variables[kernel.format(number)] = f"kernel_{number}: {GATES} E"
        variables[recurrent.format(number)] = f"recurrent_{number}: {GATES} J"
        variables[bias.format(number)] = f"bias_{number}: {GATES}"
        variables[second.format(number)] = zeros(GATES)
    return {**variables, "softmax.weight": "softmax: V H", "softmax.bias": "softmax_bias: V"}


LSTM = torch_variables(*(f"lstm.{name}_l{{}}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
CELLS = torch_variables(*(f"lstm.cells.{{}}.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))


def stack_of_cells(torch, p):
    """LSTM cells on top of each other in a loop over time, with dropout after each, called as nn.LSTM is."""

    class Stack(torch.nn.Module):
        def __init__(self):
            super().__init__()
            size = CONFIG.hidden_size
            self.cells = torch.nn.ModuleList(torch.nn.LSTMCell(size, size) for _ in range(CONFIG.num_layers))
            self.dropout = torch.nn.Dropout(p=p)

        def forward(self, x, states):
            outputs, states = [], list(zip(*states, strict=True))
            for part in x.unbind(1):
                for number, cell in enumerate(self.cells):
                    states[number] = cell(part, states[number])
                    part = self.dropout(states[number][0])
                outputs.append(part)
            h, c = (torch.stack(parts) for parts in zip(*states, strict=True))
            return torch.stack(outputs, dim=1), (h, c)

    return Stack()


def torch_model(torch, *, cells=False, p=1 - CONFIG.keep_prob, drop_inputs=True, drop_last=True):
    """The model; it takes words and states and returns logits, states and the looked-up rows."""

    class PTBModel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            size = CONFIG.hidden_size
            self.embedding = torch.nn.Embedding(num_embeddings=CONFIG.vocab_size, embedding_dim=size)
            self.lstm = (
                stack_of_cells(torch, p)
                if cells
                else torch.nn.LSTM(size, size, num_layers=CONFIG.num_layers, batch_first=True, dropout=p)
            )
            self.softmax = torch.nn.Linear(size, CONFIG.vocab_size)
            self.dropout = torch.nn.Dropout(p=p)
            for name, parameter in self.named_parameters():
                parameter.requires_grad_("bias_hh" not in name)

        def forward(self, ids, states):
            looked_up = self.embedding(ids)
            x, states = self.lstm(self.dropout(looked_up) if drop_inputs else looked_up, states)
            return self.softmax(self.dropout(x) if drop_last and not cells else x), states, looked_up

        def draws(self, input_noise, output_noise):
            """The noise in the order in which the dropouts ask for it."""
            inputs = [input_noise] if drop_inputs else []
            if cells:
                return inputs + [noise for step in output_noise.unbind(2) for noise in step.unbind(0)]
            *between, last = output_noise
            return [*inputs, *(noise.transpose(0, 1) for noise in between), *([last] if drop_last else [])]

    return PTBModel()


def torch_cost(torch, logits, targets):
    cost = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return cost / EXTRA / CONFIG.batch_size


def norm_of(torch, weights, rows):
    """The norm of all gradients as TensorFlow takes it, with the looked-up rows for the embedding, which is first."""
    return torch.nn.utils.get_total_norm([rows, *(weight.grad for weight in weights[1:])])


def clip_together(torch, weights, rows):
    """Clip in place by the norm of all gradients, and return the norm."""
    norm = norm_of(torch, weights, rows)
    for weight in weights:
        weight.grad.mul_(CONFIG.max_grad_norm / norm.clamp(min=CONFIG.max_grad_norm))
    return norm


def detached(h, c):
    return h.detach(), c.detach()


def torch_optimizer(torch, optimizer, weights):
    if optimizer == "sgd":
        return torch.optim.SGD(weights, lr=LEARNING_RATE[optimizer])
    return torch.optim.Adam(weights, lr=LEARNING_RATE[optimizer], betas=BETAS, eps=CONFIG.epsilon)


def torch_training(
    torch,
    model,
    words,
    input_noise,
    output_noise,
    *,
    optimizer,
    steps,
    epoch,
    cost_of=torch_cost,
    clip=clip_together,
    carry=detached,
    epsilon_of=hat,
):
    """The training. The options from ``cost_of`` on are what naive ports do in another way."""
    model.train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    updates = torch_optimizer(torch, optimizer, weights)
    costs, norms = [], []
    for step, (ids, targets, decay) in enumerate(minibatches(words, steps, epoch)):
        if decay is not None:
            states = (input_noise.new_zeros(CONFIG.num_layers, CONFIG.batch_size, CONFIG.hidden_size),) * 2
            updates.param_groups[0]["lr"] = LEARNING_RATE[optimizer] * decay
        if optimizer == "adam":
            updates.param_groups[0]["eps"] = epsilon_of(CONFIG.epsilon, step + 1)
        updates.zero_grad()
        with torch_draws(torch, model.draws(input_noise[step], output_noise[step])):
            logits, states, looked_up = model(ids, states)
        looked_up.retain_grad()
        cost = cost_of(torch, logits, targets)
        cost.backward()
        norms.append(clip(torch, weights, looked_up.grad))
        updates.step()
        states = carry(*states)
        costs.append(cost.detach())
    trained = [weight.detach().clone() for weight in weights]
    return torch.stack(costs), torch.stack(norms), *states, *trained
