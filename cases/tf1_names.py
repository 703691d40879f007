"""TensorFlow 1's names that TensorFlow 2 has moved or removed, beside what does the same today."""

from _losses import log_softmax, one_hot
from _recurrent import scan
from _tf1 import Built, keep_forget_bias, lstm_step, rnn_cell, tf_variables, torch_variables, weights, with_states

from parity import Case, buffer, integers, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o"))
V1 = "https://www.tensorflow.org/api_docs/python/tf/compat/v1"
RENAMES = "tensorflow/tools/compatibility/renames_v2.py of TensorFlow 2.21.0"


def removed(case, api, call, *, fix, raises=None, because="TensorFlow 2 has moved the name to tf.compat.v1"):
    """Declare a name of TensorFlow 1 that the module no longer has."""
    case.tensorflow.naive(
        api,
        "TensorFlow 1 name",
        because=because,
        source=RENAMES,
        fix=fix,
        raises=raises or f"AttributeError: has no attribute '{api.rpartition('.')[2]}'",
    )(call)


tf1_static_rnn = Case(
    "tf1_static_rnn",
    "A cell over a list of inputs, one tensor for each step: the outputs are a list, too.",
    sizes=SIZES,
    inputs=dict(x=normal("N T I")),
    weights=weights(""),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
)


@tf1_static_rnn.reference
def _(np, x, *, N, H, **weights):
    y, states = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [np.zeros((N, H))] * 2, weights)
    return np.stack(y, axis=1), *states


@tf1_static_rnn.tensorflow.layer("tf.compat.v1.nn.static_rnn", weights=tf_variables())
def _(tf, *, I, H, dtype):
    cell = rnn_cell().BasicLSTMCell(H, dtype=dtype)

    def call(x):
        outputs, state = tf.compat.v1.nn.static_rnn(cell, inputs=tf.unstack(x, axis=1), dtype=x.dtype, scope="RNN")
        return tf.stack(outputs, axis=1), state.h, state.c

    return Built(I, cell), call


@tf1_static_rnn.torch.layer("torch.nn.LSTM", weights=torch_variables(layer="_l0"), h="1 N H", c="1 N H")
def _(torch, *, I, H):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0))


@tf1_static_rnn.tensorflow.naive(
    "tf.compat.v1.nn.static_rnn",
    "one tensor for the list",
    because="static_rnn takes a list with a tensor of (batch, inputs) for each step",
    source=f"{V1}/nn/static_rnn",
    fix="pass tf.unstack(inputs, axis=1), or call tf.compat.v1.nn.dynamic_rnn",
    raises="TypeError: Argument `inputs` must be a sequence",
)
def _(tf, x, *, H, dtype, **weights):
    return tf.compat.v1.nn.static_rnn(rnn_cell().BasicLSTMCell(H, dtype=dtype), x, dtype=x.dtype)


LISTED = "call tf.compat.v1.nn.{}"
CELL = "take tf.compat.v1.nn.rnn_cell.{} with tf_keras installed and TF_USE_LEGACY_KERAS=1"
NO_CELLS = dict(raises="AttributeError: has no attribute 'rnn_cell'", because="TensorFlow 2 has removed tf.nn.rnn_cell")

removed(
    tf1_static_rnn,
    "tf.nn.rnn",
    lambda tf, x, **rest: tf.nn.rnn(None, tf.unstack(x, axis=1), dtype=x.dtype),
    because="tf.nn.rnn became tf.nn.static_rnn, which TensorFlow 2 has in tf.compat.v1 only",
    fix=LISTED.format("static_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.compat.v1.nn.rnn",
    lambda tf, x, **rest: tf.compat.v1.nn.rnn(None, tf.unstack(x, axis=1), dtype=x.dtype),
    because="tf.compat.v1 has the last names of TensorFlow 1, and tf.nn.rnn was renamed before",
    fix=LISTED.format("static_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.nn.static_rnn",
    lambda tf, x, **rest: tf.nn.static_rnn(None, tf.unstack(x, axis=1), dtype=x.dtype),
    fix=LISTED.format("static_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.nn.state_saving_rnn",
    lambda tf, x, **rest: tf.nn.state_saving_rnn(None, tf.unstack(x, axis=1), None, ("c", "h")),
    because="tf.nn.state_saving_rnn became tf.nn.static_state_saving_rnn, which is in tf.compat.v1 only",
    fix=LISTED.format("static_state_saving_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.nn.bidirectional_rnn",
    lambda tf, x, **rest: tf.nn.bidirectional_rnn(None, None, tf.unstack(x, axis=1), dtype=x.dtype),
    because="tf.nn.bidirectional_rnn became tf.nn.static_bidirectional_rnn, which is in tf.compat.v1 only",
    fix=LISTED.format("static_bidirectional_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.nn.bidirectional_dynamic_rnn",
    lambda tf, x, **rest: tf.nn.bidirectional_dynamic_rnn(None, None, x, dtype=x.dtype),
    fix=LISTED.format("bidirectional_dynamic_rnn"),
)
removed(
    tf1_static_rnn,
    "tf.get_variable",
    lambda tf, x, *, I, **rest: tf.get_variable("w", [I, I]),
    fix="call tf.compat.v1.get_variable in a scope of a graph",
)
for name, cell in dict(
    LSTMCell=lambda tf, x, *, H, **rest: tf.nn.rnn_cell.LSTMCell(H, forget_bias=1.0, state_is_tuple=True),
    LSTMStateTuple=lambda tf, x, **rest: tf.nn.rnn_cell.LSTMStateTuple(x, x),
    BasicRNNCell=lambda tf, x, *, H, **rest: tf.nn.rnn_cell.BasicRNNCell(H),
    GRUCell=lambda tf, x, *, H, **rest: tf.nn.rnn_cell.GRUCell(H),
    MultiRNNCell=lambda tf, x, **rest: tf.nn.rnn_cell.MultiRNNCell([None, None], state_is_tuple=True),
    DropoutWrapper=lambda tf, x, **rest: tf.nn.rnn_cell.DropoutWrapper(None, output_keep_prob=0.5),
).items():
    removed(tf1_static_rnn, f"tf.nn.rnn_cell.{name}", cell, fix=CELL.format(name), **NO_CELLS)


tf1_descent_step = Case(
    "tf1_descent_step",
    "One step of gradient descent by TensorFlow 1's optimizer, which takes pairs of a gradient and its variable.",
    sizes=dict(N=5, C=7),
    inputs=dict(w=normal("N C", gradient=False), g=normal("N C", gradient=False)),
    outputs=dict(stepped=buffer("N C")),
)


@tf1_descent_step.reference
def _(np, w, g):
    return w - 0.125 * g


@tf1_descent_step.torch("torch.optim.SGD")
def _(torch, w, g, *, capture):
    weight = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([weight], lr=0.125)
    weight.grad = g
    capture(optimizer.step, whole=False)()
    return weight.detach()


@tf1_descent_step.tensorflow("tf.compat.v1.train.GradientDescentOptimizer")
def _(tf, w, g, *, capture):
    weight = tf.Variable(w)
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(learning_rate=0.125)

    def update(gradient):
        optimizer.apply_gradients(zip([gradient], [weight], strict=True))  # returns an operation, which capture refuses

    capture(update)(g)
    return weight.read_value()


@tf1_descent_step.tensorflow("keras.optimizers.SGD")
def _(tf, w, g, *, capture):
    weight, optimizer = tf.Variable(w), tf.keras.optimizers.SGD(learning_rate=0.125)
    optimizer.build([weight])
    capture(lambda gradient: optimizer.apply([gradient], [weight]))(g)
    return weight.read_value()


@tf1_descent_step.tensorflow.naive(
    "tf.compat.v1.train.GradientDescentOptimizer",
    "variable before its gradient",
    because="each pair has the gradient first",
    source=f"{V1}/train/Optimizer#apply_gradients",
    fix="pass zip(gradients, variables)",
    raises="NotImplementedError: Trying to update a Tensor",
)
def _(tf, w, g):
    weight = tf.Variable(w)
    tf.compat.v1.train.GradientDescentOptimizer(learning_rate=0.125).apply_gradients([(weight, g)])
    return weight.read_value()


removed(
    tf1_descent_step,
    "tf.train.AdamOptimizer",
    lambda tf, w, g: tf.train.AdamOptimizer(learning_rate=0.125),
    fix="call tf.compat.v1.train.AdamOptimizer or keras.optimizers.Adam",
)
removed(
    tf1_descent_step,
    "tf.train.GradientDescentOptimizer",
    lambda tf, w, g: tf.train.GradientDescentOptimizer(learning_rate=0.125),
    fix="call tf.compat.v1.train.GradientDescentOptimizer or keras.optimizers.SGD",
)


tf1_sequence_loss = Case(
    "tf1_sequence_loss",
    "The loss of each step of a batch, as sequence_loss_by_example gave it for one list entry, and its sum over N.",
    sizes=dict(N=3, T=4, V=7, M=lambda N, T: N * T),
    inputs=dict(logits=normal("M V"), targets=integers("N T", 0, "V")),
    outputs=dict(loss="M", cost=""),
)


@tf1_sequence_loss.reference
def _(np, logits, targets, *, N, V, M):
    loss = -np.sum(one_hot(np, np.reshape(targets, M), V) * log_softmax(np, logits), -1)
    return loss, np.sum(loss) / N


@tf1_sequence_loss.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, targets, *, N):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(targets, [-1]), logits=logits)
    return loss, tf.reduce_sum(loss) / N


@tf1_sequence_loss.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, targets, *, N):
    loss = torch.nn.functional.cross_entropy(logits, targets.view(-1), reduction="none")
    return loss, loss.sum() / N


@tf1_sequence_loss.torch.naive(
    "torch.nn.functional.cross_entropy",
    "mean over all steps",
    wrong="output:cost",
    size=(0.37, 1.6),
    because="the cost is the sum over all steps, divided by the size of the batch only",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html",
    fix='pass reduction="none", and divide the sum by the size of the batch',
)
def _(torch, logits, targets):
    loss = torch.nn.functional.cross_entropy(logits, targets.view(-1), reduction="none")
    return loss, torch.nn.functional.cross_entropy(logits, targets.view(-1))


REMOVED = dict(
    because="TensorFlow 1.0 moved the function to tf.contrib.legacy_seq2seq, and TensorFlow 2 has no tf.contrib",
    fix="weight tf.nn.sparse_softmax_cross_entropy_with_logits by step, and divide its sum by the sum of the weights",
)
removed(
    tf1_sequence_loss,
    "tf.nn.seq2seq.sequence_loss_by_example",
    lambda tf, logits, targets, *, M: tf.nn.seq2seq.sequence_loss_by_example(
        [logits], [tf.reshape(targets, [-1])], [tf.ones([M])]
    ),
    raises="AttributeError: has no attribute 'seq2seq'",
    **REMOVED,
)
removed(
    tf1_sequence_loss,
    "tf.contrib.legacy_seq2seq.sequence_loss_by_example",
    lambda tf, logits, targets, *, M: tf.contrib.legacy_seq2seq.sequence_loss_by_example(
        [logits], [tf.reshape(targets, [-1])], [tf.ones([M])]
    ),
    raises="AttributeError: has no attribute 'contrib'",
    **REMOVED,
)
