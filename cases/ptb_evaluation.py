"""The PTB model with is_training=False: the graph that its tutorial builds to validate and test."""

from functools import partial

from _language_model import torch_layouts, weights
from _ptb import CELLS, LSTM, SIZES, TORCH_DOCS, TRAINED, TUTORIAL, gradients, torch_cost, torch_model
from _ptb_graph import PTBModel, packed, stacked, tensorflow_layouts, unpacked
from _sessions import EAGER_ONLY, own_graph, session_config

from parity import Case, buffer, integers, normal

GRADIENTS = {f"d_{name}": result for name, result in TRAINED.items()}

ptb_evaluation = Case(
    "ptb_evaluation",
    "The PTB model with is_training=False: no dropout whatever keep_prob is; cost, logits, states and all gradients.",
    sizes=SIZES,
    inputs=dict(
        ids=integers("N T", 0, "V"),
        targets=integers("N T", 0, "V"),
        h0=normal("L N H", std=0.5, gradient=False),
        c0=normal("L N H", std=0.5, gradient=False),
    ),
    weights=weights(gradient=False),
    outputs=dict(cost=buffer(""), logits=buffer("N T V"), **GRADIENTS),
    states=dict(h=buffer("L N H"), c=buffer("L N H")),
    dtypes=("float64", "float32"),
    eager_only=EAGER_ONLY,
)


@ptb_evaluation.reference
def _(np, ids, targets, h0, c0, **weights):
    (cost, logits, h, c), found, _ = gradients(np, ids, targets, h0, c0, weights)
    return cost, logits, *(found[name] for name in weights), h, c


def evaluated(torch, training, **options):
    model = torch_model(torch, **options)

    def call(ids, targets, h0, c0):
        torch.manual_seed(0)
        model.train(training)
        with torch.enable_grad():
            logits, (h, c), _ = model(ids, (h0, c0))
            cost = torch_cost(torch, logits, targets)
            found = torch.autograd.grad(cost, [weight for weight in model.parameters() if weight.requires_grad])
        return tuple(result.detach() for result in (cost, logits, *found, h, c))

    return model, call


D_TORCH = {f"d_{name}": layout for name, layout in torch_layouts().items()}
D_TENSORFLOW = {f"d_{name}": layout for name, layout in tensorflow_layouts().items()}


@ptb_evaluation.torch.layer("torch.nn.LSTM(dropout)", weights=LSTM, **D_TORCH)
def _(torch):
    return evaluated(torch, training=False)


@ptb_evaluation.torch.layer("torch.nn.LSTMCell", weights=CELLS, **D_TORCH)
def _(torch):
    return evaluated(torch, training=False, cells=True)


@ptb_evaluation.torch.naive(
    "torch.nn.LSTM(dropout)",
    "model.eval() not called",
    because="a module is in training mode until eval() is called, and drops",
    source=f"{TORCH_DOCS}/torch.nn.Module.html",
    fix="call model.eval()",
    weights=LSTM,
    **D_TORCH,
)
def _(torch):
    return evaluated(torch, training=True)


def graph_evaluated(declared, dynamic, is_training=False):
    @declared(**tensorflow_layouts(), **D_TENSORFLOW, logits="(N T) V")
    def _(tf, ids, targets, h0, c0, *, dtype, **weights):
        h0, c0 = h0.numpy(), c0.numpy()
        values = packed(tf, weights)
        with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
            tf.compat.v1.set_random_seed(0)
            model = PTBModel(tf, is_training, dtype, dynamic=dynamic, given_noise=False)
            model.load(tf, session, values)
            feeds = {model.input_data: ids.numpy(), model.targets: targets.numpy()}
            for layer, (c, h) in enumerate(model.initial_state):
                feeds |= {c: c0[layer], h: h0[layer]}
            dense = [tf.convert_to_tensor(gradient) for gradient in model.gradients]
            fetches = [model.cost, model.logits, dense, model.final_state]
            cost, logits, found, state = session.run(fetches, feed_dict=feeds)
        return tf.constant(cost), tf.constant(logits), *unpacked(tf, found), *stacked(tf, state)


graph_evaluated(partial(ptb_evaluation.tensorflow, "tf.compat.v1.nn.rnn_cell.MultiRNNCell"), dynamic=False)
graph_evaluated(partial(ptb_evaluation.tensorflow, "tf.compat.v1.nn.dynamic_rnn"), dynamic=True)
graph_evaluated(
    partial(
        ptb_evaluation.tensorflow.naive,
        "tf.compat.v1.nn.rnn_cell.DropoutWrapper",
        "is_training forgotten",
        because="the graph of the training drops in every run; TensorFlow 1 has no switch beside is_training",
        source=TUTORIAL,
        fix="build the graph of the evaluation with is_training=False",
    ),
    dynamic=False,
    is_training=True,
)
