"""PyTorch: captured by torch.compile, recurrent layers with dropout drop nothing in training.

nn.RNN, nn.LSTM and nn.GRU with num_layers=2 and dropout=0.5 drop half of what goes from the first layer to the second.
Compiled, with backend="aot_eager" as with Inductor, they drop nothing and say nothing: a model trains without its
regularization. The decomposition of recurrent layers asks whether num_layers < i - 1 for layer i, which never holds.
With backend="eager", which does not decompose, the layers drop as they should.

Declared as:
layered_dropout_kept: torch.nn.RNNBase(dropout)
"""

import sys

import torch

torch._dynamo.config.allow_rnn = True
print(f"torch {torch.__version__}; the share of values that reaches the second layer, of which half should be dropped")
wrong = []
for kind in (torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU):
    torch.manual_seed(0)
    layers = kind(6, 64, num_layers=2, dropout=0.5, batch_first=True)
    # Without recurrent weights and biases, one step of the second layer gives 0 exactly where its input is 0.
    with torch.no_grad():
        for name, weight in layers.named_parameters():
            if name.endswith("_l1"):
                weight.zero_()
        gates = layers.weight_ih_l1.unflatten(0, (-1, 64))
        gates.copy_(torch.eye(64).expand_as(gates))
    x = torch.randn(160, 1, 6, requires_grad=True)
    kept = {"eager": (layers(x)[0] != 0).float().mean().item()}
    for backend in ("eager", "aot_eager", "inductor"):
        torch._dynamo.reset()
        compiled = torch.compile(layers, backend=backend)
        kept[f"compiled, {backend}"] = (compiled(x)[0] != 0).float().mean().item()
    print(f"{kind.__name__}: " + ", ".join(f"{name} {share:.2f}" for name, share in kept.items()))
    wrong.append(kept["compiled, aot_eager"] == 1.0 > kept["eager"])
sys.exit(0 if all(wrong) else "no longer wrong")
