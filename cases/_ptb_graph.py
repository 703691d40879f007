"""The PTB model in TensorFlow 1: a graph as the tutorial builds it, and a session that trains it."""

from contextlib import contextmanager, nullcontext
from functools import partial
from types import SimpleNamespace
from unittest import mock

from _optimizers import precise
from _ptb import BETAS, CONFIG, LEARNING_RATE, minibatches
from _sessions import load, own_graph, session_config
from _tf1 import rnn_cell


def tensorflow_layouts():
    layouts = dict(softmax="H V")
    for number in range(CONFIG.num_layers):
        gates = "(G[i g f o] H)"
        layouts |= {f"kernel_{number}": f"E {gates}", f"recurrent_{number}": f"J {gates}", f"bias_{number}": gates}
    return layouts


@contextmanager
def tensorflow_draws(draws):
    """Have TensorFlow's dropouts, while a graph is built, take given numbers in turn for tf.random.uniform's."""
    from tensorflow.python.ops import nn_ops

    left = iter(draws)
    given = SimpleNamespace(random_uniform=lambda shape, dtype, seed: next(left)())
    with mock.patch.object(nn_ops, "random_ops", given):
        yield
    assert next(left, None) is None, "fewer dropouts than noise"


def sequence_loss_by_example(tf, logits, targets, weights):
    """What tf.contrib.legacy_seq2seq had, and no package has today; it averages over the steps of each example."""
    losses = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit) * weight
        for logit, target, weight in zip(logits, targets, weights, strict=True)
    ]
    return tf.add_n(losses) / (tf.add_n(weights) + 1e-12)


def basic_lstm_cell(cells):
    return cells.BasicLSTMCell(CONFIG.hidden_size, forget_bias=0.0, state_is_tuple=True)


def drop_outputs(cells, cell):
    return cells.DropoutWrapper(cell, output_keep_prob=CONFIG.keep_prob)


def drop_inputs(tf, inputs):
    return tf.compat.v1.nn.dropout(inputs, keep_prob=CONFIG.keep_prob)


def a_cell_each(make):
    return [make() for _ in range(CONFIG.num_layers)]


def clip_by_global_norm(tf, gradients):
    return tf.clip_by_global_norm(gradients, CONFIG.max_grad_norm)


def tensorflow_optimizer(tf, optimizer, rate, dtype):
    if optimizer == "sgd":
        return tf.compat.v1.train.GradientDescentOptimizer(learning_rate=rate)
    zero = tf.zeros([], dtype)
    beta1, beta2, epsilon = (precise(tf, zero, value) for value in (*BETAS, CONFIG.epsilon))
    return tf.compat.v1.train.AdamOptimizer(learning_rate=rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


class PTBModel:
    """The graph. The options from ``make_cell`` on are what naive ports do in another way."""

    def __init__(
        self,
        tf,
        is_training,
        dtype,
        *,
        dynamic,
        optimizer="sgd",
        given_noise=True,
        make_cell=basic_lstm_cell,
        wrap=drop_outputs,
        stack=a_cell_each,
        drop=drop_inputs,
        clip=clip_by_global_norm,
        make_optimizer=tensorflow_optimizer,
    ):
        size, vocab_size, dtype = CONFIG.hidden_size, CONFIG.vocab_size, tf.as_dtype(dtype)
        batch_size, num_steps = CONFIG.batch_size, CONFIG.num_steps
        drops = is_training and CONFIG.keep_prob < 1
        self.input_data = tf.compat.v1.placeholder(tf.int32, [batch_size, num_steps])
        self.targets = tf.compat.v1.placeholder(tf.int32, [batch_size, num_steps])
        cells, layers = rnn_cell(), []

        def make():
            layers.append(make_cell(cells))
            return wrap(cells, layers[-1]) if drops else layers[-1]

        cell = cells.MultiRNNCell(stack(make), state_is_tuple=True)
        self.initial_state = cell.zero_state(batch_size, dtype)
        with tf.device("/cpu:0"):
            embedding = tf.compat.v1.get_variable("embedding", [vocab_size, size], dtype)
            inputs = tf.nn.embedding_lookup(embedding, self.input_data)
        with self.drawing(tf, inputs, dynamic) if drops and given_noise else nullcontext():
            inputs = drop(tf, inputs) if drops else inputs
            if dynamic:
                outputs, state = tf.compat.v1.nn.dynamic_rnn(cell, inputs, initial_state=self.initial_state)
            else:
                outputs, state = [], self.initial_state
                with tf.compat.v1.variable_scope("RNN"):
                    for time_step in range(num_steps):
                        if time_step > 0:
                            tf.compat.v1.get_variable_scope().reuse_variables()
                        cell_output, state = cell(inputs[:, time_step, :], state)
                        outputs.append(cell_output)
                outputs = tf.concat(outputs, 1)
        self.final_state = state
        softmax_w = tf.compat.v1.get_variable("softmax_w", [size, vocab_size], dtype)
        softmax_b = tf.compat.v1.get_variable("softmax_b", [vocab_size], dtype)
        self.logits = tf.matmul(tf.reshape(outputs, [-1, size]), softmax_w) + softmax_b
        loss = sequence_loss_by_example(
            tf, [self.logits], [tf.reshape(self.targets, [-1])], [tf.ones([batch_size * num_steps], dtype)]
        )
        self.cost = tf.reduce_sum(loss) / batch_size
        # If both layers have one cell, its variables are here twice.
        repeated = layers * (CONFIG.num_layers // len(layers))
        self.weights = [embedding, *(weight for layer in repeated for weight in layer.variables), softmax_w, softmax_b]
        tvars = tf.compat.v1.trainable_variables()
        self.gradients = tf.compat.v1.gradients(self.cost, tvars)
        if not is_training:
            return
        self.lr = tf.compat.v1.Variable(0.0, trainable=False)
        clipped, self.norm = clip(tf, self.gradients)
        self.train_op = make_optimizer(tf, optimizer, self.lr, dtype).apply_gradients(zip(clipped, tvars, strict=True))

    def drawing(self, tf, inputs, dynamic):
        """Have each dropout read the noise of its place: at this step, or at the step that the loop is in."""
        layers = range(CONFIG.num_layers)
        self.input_noise = tf.compat.v1.placeholder(inputs.dtype, inputs.shape)
        self.output_noise = tf.compat.v1.placeholder(inputs.dtype, [len(layers), *inputs.shape])

        def at(layer, step):
            # The first input of a while loop's body is the loop's own counter, which starts at 0.
            step = tf.compat.v1.get_default_graph().inputs[0] if step is None else step
            return tf.gather(self.output_noise[layer], step, axis=1)

        steps = [None] if dynamic else range(CONFIG.num_steps)
        places = [(layer, step) for step in steps for layer in layers]
        return tensorflow_draws([lambda: self.input_noise, *(partial(at, *place) for place in places)])

    def assign_lr(self, tf, session, lr_value):
        session.run(tf.compat.v1.assign(self.lr, lr_value))

    def load(self, tf, session, values):
        """Initialize the variables, and fill them in turn with what :func:`packed` returns."""
        session.run(tf.compat.v1.global_variables_initializer())
        for variable, value in zip(self.weights, values, strict=True):
            load(tf, session, [variable], [value])


def packed(tf, weights):
    """The case's weights as TensorFlow 1 has them: one kernel for a cell's inputs and state."""
    packed = [weights["embedding"]]
    for number in range(CONFIG.num_layers):
        kernel, recurrent, bias = (weights[f"{name}_{number}"] for name in ("kernel", "recurrent", "bias"))
        packed += [tf.concat([kernel, recurrent], 0), bias]
    return [*packed, weights["softmax"], weights["softmax_bias"]]


def unpacked(tf, packed):
    """The other way around, of arrays from a session."""
    embedding, *layers, softmax, softmax_bias = packed
    parts = [tf.split(part, 2) if part.ndim == 2 else [part] for part in layers]
    return [embedding, *(part for split in parts for part in split), softmax, softmax_bias]


def stacked(tf, state):
    return tf.stack([layer.h for layer in state]), tf.stack([layer.c for layer in state])


def zero_state(session, model):
    return session.run(model.initial_state)


def carried(state, initial):
    return state


def tensorflow_training(
    tf,
    words,
    input_noise,
    output_noise,
    weights,
    *,
    optimizer,
    steps,
    epoch,
    dtype,
    start=zero_state,
    carry=carried,
    assigns_lr=True,
    **options,
):
    """The training in a session. The options from ``start`` on are what naive ports do in another way."""
    words, input_noise, output_noise = (given.numpy() for given in (words, input_noise, output_noise))
    costs, norms, values = [], [], packed(tf, weights)
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        model = PTBModel(tf, True, dtype, optimizer=optimizer, **options)
        model.load(tf, session, values)
        for step, (ids, targets, decay) in enumerate(minibatches(words, steps, epoch)):
            if decay is not None:
                state = initial = start(session, model)
                if assigns_lr:
                    model.assign_lr(tf, session, LEARNING_RATE[optimizer] * decay)
            feeds = {
                model.input_data: ids,
                model.targets: targets,
                model.initial_state: carry(state, initial),
                model.input_noise: input_noise[step],
                model.output_noise: output_noise[step],
            }
            cost, norm, state, _ = session.run([model.cost, model.norm, model.final_state, model.train_op], feeds)
            costs.append(cost)
            norms.append(norm)
        trained = session.run(model.weights)
    return tf.stack(costs), tf.stack(norms), *stacked(tf, state), *unpacked(tf, trained)
