"""The PTB model as its tutorial builds and trains it: dropout at L + 1 places, a graph, and a session."""

from functools import partial

from _language_model import torch_layouts, weights
from _ptb import (
    CELLS,
    CONFIG,
    EXTRA,
    LSTM,
    SIZES,
    TORCH_DOCS,
    TRAINED,
    TUTORIAL,
    formula,
    norm_of,
    torch_cost,
    torch_model,
    torch_training,
)
from _ptb_graph import tensorflow_layouts, tensorflow_training
from _sessions import EAGER_ONLY

from parity import Case, LeastScale, buffer, grid, integers, uniform

SEQUENCE_LOSS = "tensorflow/contrib/legacy_seq2seq/python/ops/seq2seq.py of TensorFlow 1.15.0"
CELLS_FILE = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
ZAREMBA = "https://arxiv.org/abs/1409.2329"

ptb_training = Case(
    "ptb_training",
    "The PTB model's training: dropout of inputs and of each layer's outputs, gradients clipped by their norm, a "
    "learning rate that decays, a state that is fed back. The dropouts read the same numbers everywhere.",
    sizes=dict(SIZES, S=lambda steps: steps, K=lambda epoch, T: epoch * T + 1),
    parameters=dict(optimizer="sgd", steps=12, epoch=4),
    inputs=dict(
        words=integers("N K", 0, "V"),
        input_noise=uniform("S N T H", 0, 1, gradient=False),
        output_noise=uniform("S L N T H", 0, 1, gradient=False),
    ),
    weights=weights(gradient=False),
    outputs=dict(cost=buffer("S"), norm=buffer("S"), h=buffer("L N H"), c=buffer("L N H"), **TRAINED),
    variants=grid(optimizer=["sgd", "adam"], steps=[12], epoch=[4])
    + grid(optimizer=["sgd", "adam"], steps=[120], epoch=[30]),
    steps="S",
    least_scale=LeastScale(
        lambda optimizer: 16.0 if optimizer == "adam" else 0.0,
        ["output:*"],
        "TensorFlow raises Adam's decay to the power t in the weights' dtype: 1 - 0.999**t keeps few digits at first",
    ),
    dtypes=("float64", "float32"),
    eager_only=EAGER_ONLY,
    trains=True,
)


@ptb_training.reference
def _(np, words, input_noise, output_noise, *, optimizer, steps, epoch, **weights):
    return formula(np, words, input_noise, output_noise, weights, optimizer=optimizer, steps=steps, epoch=epoch)


def torch_port(declared, variables, of_model=None, **options):
    @declared(weights=variables, **torch_layouts())
    def _(torch, *, optimizer, steps, epoch):
        model = torch_model(torch, **(of_model or {}))

        def call(words, input_noise, output_noise):
            settings = dict(optimizer=optimizer, steps=steps, epoch=epoch)
            with torch.enable_grad():
                return torch_training(torch, model, words, input_noise, output_noise, **settings, **options)

        return model, call


def tensorflow_port(declared, dynamic, **options):
    @declared(**tensorflow_layouts())
    def _(tf, words, input_noise, output_noise, *, optimizer, steps, epoch, dtype, **weights):
        settings = dict(optimizer=optimizer, steps=steps, epoch=epoch, dtype=dtype, dynamic=dynamic)
        return tensorflow_training(tf, words, input_noise, output_noise, weights, **settings, **options)


torch_port(partial(ptb_training.torch.layer, "torch.nn.LSTM(dropout)"), LSTM)
torch_port(partial(ptb_training.torch.layer, "torch.nn.LSTMCell"), CELLS, of_model=dict(cells=True))
tensorflow_port(partial(ptb_training.tensorflow, "tf.compat.v1.nn.rnn_cell.MultiRNNCell"), dynamic=False)
tensorflow_port(partial(ptb_training.tensorflow, "tf.compat.v1.nn.dynamic_rnn"), dynamic=True)


def torch_naive(api, title, *, because, source, fix, size=None, optimizer="sgd", **options):
    when = dict(optimizer=optimizer, steps=12)
    texts = dict(because=because, source=source, fix=fix, size=size, when=when)
    torch_port(partial(ptb_training.torch.naive, api, title, **texts), LSTM, **options)


def tensorflow_naive(
    api, title, *, because, source, fix, size=None, raises=None, optimizer="sgd", dynamic=False, **options
):
    when = dict(optimizer=optimizer, steps=12)
    texts = dict(because=because, source=source, fix=fix, size=size, raises=raises, when=when)
    tensorflow_port(partial(ptb_training.tensorflow.naive, api, title, **texts), dynamic, **options)


# The model -----------------------------------------------------------------------------------------------------------


tensorflow_naive(
    "tf.compat.v1.nn.rnn_cell.MultiRNNCell",
    "one cell repeated",
    because="[cell] * num_layers is one cell: both layers share its weights, and only five variables are trained",
    source=CELLS_FILE,
    fix="make a cell for each layer",
    stack=lambda make: [make()] * CONFIG.num_layers,
)
tensorflow_naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "forget_bias left at its default",
    because="BasicLSTMCell adds 1.0 to the forget gate by default; the PTB model turns that off",
    source=CELLS_FILE,
    fix="pass forget_bias=0.0",
    make_cell=lambda cells: cells.BasicLSTMCell(CONFIG.hidden_size, state_is_tuple=True),
)
tensorflow_naive(
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper(state_keep_prob=)",
    "dropout of the recurrent state",
    because="the PTB model drops what goes up to the next layer, and never what goes on to the next step",
    source=ZAREMBA,
    fix="pass output_keep_prob",
    wrap=lambda cells, cell: cells.DropoutWrapper(cell, state_keep_prob=CONFIG.keep_prob),
)
tensorflow_naive(
    "tf.nn.dropout",
    "keep_prob as second argument",
    because="the second argument of tf.nn.dropout is the rate today, so it keeps 1 - keep_prob",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="pass rate=1 - keep_prob, or use tf.compat.v1.nn.dropout with keep_prob= by name",
    drop=lambda tf, inputs: tf.nn.dropout(inputs, CONFIG.keep_prob),
)
torch_naive(
    "torch.nn.LSTM(dropout)",
    "keep_prob passed as p",
    because="p is the probability to drop a value, keep_prob that to keep it",
    source=f"{TORCH_DOCS}/torch.nn.Dropout.html",
    fix="pass p=1 - keep_prob",
    of_model=dict(p=CONFIG.keep_prob),
)
torch_naive(
    "torch.nn.LSTM(dropout)",
    "inputs not dropped",
    because="the PTB model drops at L + 1 places: the embedded words are the first",
    source=ZAREMBA,
    fix="apply torch.nn.Dropout to the embedded words too",
    of_model=dict(drop_inputs=False),
)
torch_naive(
    "torch.nn.LSTM(dropout)",
    "outputs of the last layer not dropped",
    because="nn.LSTM drops between its layers only; DropoutWrapper around each cell drops after the last one too",
    source=f"{TORCH_DOCS}/torch.nn.LSTM.html",
    fix="apply torch.nn.Dropout to the outputs of nn.LSTM",
    of_model=dict(drop_last=False),
)

# The training --------------------------------------------------------------------------------------------------------


def mean_cost(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()) / EXTRA


def unweighted_cost(torch, logits, targets):
    return EXTRA * torch_cost(torch, logits, targets)


torch_naive(
    "torch.nn.functional.cross_entropy",
    "mean over time and batch",
    size=(0.33, 1.4),
    because="the PTB model sums over time and averages over the batch: the mean is num_steps times smaller",
    source=TUTORIAL,
    fix='pass reduction="sum", and divide by batch_size',
    cost_of=mean_cost,
)
torch_naive(
    "torch.nn.functional.cross_entropy",
    "1e-12 of sequence_loss_by_example left out",
    size=(5e-13, 2.1e-12),
    because="sequence_loss_by_example divides by the sum of the weights plus 1e-12, which float64 shows",
    source=SEQUENCE_LOSS,
    fix="divide the cost by 1 + 1e-12",
    cost_of=unweighted_cost,
)


def clip_each(torch, weights, rows):
    norm = norm_of(torch, weights, rows)
    for weight in weights:
        torch.nn.utils.clip_grad_norm_([weight], max_norm=CONFIG.max_grad_norm)
    return norm


def clip_in_place(torch, weights, rows):
    return torch.nn.utils.clip_grad_norm_(weights, max_norm=CONFIG.max_grad_norm)


torch_naive(
    "torch.nn.utils.clip_grad_norm_",
    "each gradient by itself",
    size={"output:cost": (0.005, 0.1), "output:norm": (0.02, 0.25)},
    because="tf.clip_by_global_norm scales all gradients by one factor, which keeps their common direction",
    source="https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm",
    fix="clip by the norm of all gradients together",
    clip=clip_each,
)
torch_naive(
    "torch.nn.utils.clip_grad_norm_",
    "norm of the dense gradients",
    size=(2.2e-05, 0.046),
    because="TensorFlow keeps the gradient of an embedding as one row for each look-up, and squares row by row; "
    "clip_grad_norm_ squares the sum for each word, and divides by the norm plus 1e-6",
    source="tensorflow/python/ops/clip_ops.py of TensorFlow 2.21.0: global_norm",
    fix="take the norm from torch.nn.utils.get_total_norm, with the gradient of the looked-up rows (retain_grad) for "
    "that of the embedding, and scale by max_norm / norm.clamp(min=max_norm)",
    clip=clip_in_place,
)
torch_naive(
    "torch.nn.LSTM(dropout)",
    "state reset for every batch",
    size=(0.5, 2),
    because="the PTB model feeds the final state of a minibatch into the next one",
    source=TUTORIAL,
    fix="pass the detached state to the next call",
    carry=lambda h, c: (h.detach() * 0, c.detach() * 0),
)
torch_naive(
    "torch.optim.Adam",
    "epsilon of TensorFlow copied",
    optimizer="adam",
    size=(0.0002, 0.02),
    because="AdamOptimizer adds epsilon before the bias is taken away: in update 1 its epsilon weighs 32 times as much",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/AdamOptimizer",
    fix='set param_groups[0]["eps"] to epsilon / sqrt(1 - beta2**t) before update t',
    epsilon_of=lambda epsilon, t: epsilon,
)
tensorflow_naive(
    "tf.compat.v1.train.AdamOptimizer",
    "float64 weights, Python numbers",
    optimizer="adam",
    size=(5.1e-08, 1.2e-05),
    because="the optimizer makes float32 tensors of Python numbers",
    source="tensorflow/python/training/adam.py of TensorFlow 2.21.0: _prepare",
    fix="pass beta1, beta2 and epsilon as numpy.float64",
    make_optimizer=lambda tf, optimizer, rate, dtype: tf.compat.v1.train.AdamOptimizer(learning_rate=rate),
)
tensorflow_naive(
    "tf.compat.v1.train.AdamOptimizer",
    "gradients taken from the optimizer",
    optimizer="adam",
    because="an optimizer has compute_gradients, which returns pairs; tf.gradients is a function of its own",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Optimizer",
    fix="call tf.compat.v1.gradients(cost, tvars)",
    raises="AttributeError: 'AdamOptimizer' object has no attribute 'gradients'",
    clip=lambda tf, gradients: tf.compat.v1.train.AdamOptimizer(learning_rate=0.0).gradients(gradients),
)
tensorflow_naive(
    "tf.clip_by_global_norm",
    "clipped gradients not applied",
    because="tf.clip_by_global_norm returns new tensors; zip(grads, tvars) still holds the gradients before it",
    source="https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm",
    fix="apply the gradients that it returns",
    clip=lambda tf, gradients: (gradients, tf.linalg.global_norm(gradients)),
)
tensorflow_naive(
    "tf.clip_by_norm",
    "each gradient by itself",
    because="tf.clip_by_norm limits each gradient by its own norm",
    source="https://www.tensorflow.org/api_docs/python/tf/clip_by_norm",
    fix="use tf.clip_by_global_norm",
    clip=lambda tf, gradients: (
        [tf.clip_by_norm(gradient, CONFIG.max_grad_norm) for gradient in gradients],
        tf.linalg.global_norm(gradients),
    ),
)
tensorflow_naive(
    "tf.compat.v1.nn.dynamic_rnn",
    "state reset for every batch",
    because="initial_state is zero_state unless a value is fed for it",
    source=TUTORIAL,
    fix="feed the final state of the last minibatch: feed_dict={initial_state: state}",
    dynamic=True,
    carry=lambda state, initial: initial,
)
tensorflow_naive(
    "tf.compat.v1.assign",
    "learning rate never assigned",
    because="the variable of the learning rate starts at 0.0, with which nothing is learned",
    source=TUTORIAL,
    fix="run tf.compat.v1.assign(lr, value) in the session before the first minibatch",
    assigns_lr=False,
)
tensorflow_naive(
    "tf.compat.v1.nn.rnn_cell.MultiRNNCell",
    "initial_state.eval()",
    because="with state_is_tuple=True the state is a tuple of tensors, and only a tensor has eval",
    source=CELLS_FILE,
    fix="call session.run(initial_state)",
    raises="AttributeError: 'tuple' object has no attribute 'eval'",
    start=lambda session, model: model.initial_state.eval(),
)
