"""What surrounds a training step: accumulated gradients, averaged weights, losses of weights, and reported losses."""

from parity import Case, buffer, grid, normal

MEASURED = "measured with TensorFlow 2.21.0, Keras 3.15.1"
WIDE = ["float64", "float32"]
LINEAR = dict(weight="kernel: O I", bias="bias: O")
DENSE = dict(kernel="kernel: I O", bias="bias: O")
NAMED = {f"dense/{name}": source for name, source in DENSE.items()}
RATE = 0.125
"""A power of two, which is the same number in every format."""


def forward(np, x, kernel, bias):
    return np.dot(x, kernel) + bias


def gradients(np, x, target, kernel, bias):
    """The gradients of half the mean squared error."""
    error = (forward(np, x, kernel, bias) - target) / (x.shape[0] * target.shape[1])
    return np.dot(x.T, error), np.sum(error, 0)


def data(axes="N"):
    return dict(x=normal(f"{axes} I", gradient=False), target=normal(f"{axes} O", gradient=False))


def weights():
    return dict(kernel=normal("I O", gradient=False), bias=normal("O", gradient=False))


def half_mse(torch, model, x, target):
    return torch.nn.functional.mse_loss(model(x), target) / 2


accumulation = Case(
    "gradient_accumulation",
    "A step after the gradients of several batches were added up, and their mean taken.",
    sizes=dict(S=4, N=6, I=5, O=3),
    inputs=data("S N"),
    weights=weights(),
    outputs=dict(kernel_after=buffer("I O"), bias_after=buffer("O")),
    dtypes=WIDE,
    trains=True,
    eager_only="the batches are run one by one",
)


@accumulation.reference
def _(np, x, target, kernel, bias, *, S):
    steps = [gradients(np, x[s], target[s], kernel, bias) for s in range(S)]
    of_kernel, of_bias = (sum(step[k] for step in steps) / S for k in range(2))
    return kernel - RATE * of_kernel, bias - RATE * of_bias


@accumulation.torch.layer("torch.Tensor.backward", weights=LINEAR, kernel_after="O I")
def _(torch, *, I, O, S):
    layer = torch.nn.Linear(I, O)
    optimizer = torch.optim.SGD(layer.parameters(), RATE)

    def call(x, target):
        with torch.enable_grad():
            optimizer.zero_grad()
            for batch in zip(x, target, strict=True):
                (half_mse(torch, layer, *batch) / S).backward()
            optimizer.step()
        return layer.weight.detach().clone(), layer.bias.detach().clone()

    return layer, call


@accumulation.tensorflow.layer("keras.optimizers.SGD(gradient_accumulation_steps)", weights=DENSE)
def _(tf, *, O, S):
    layer = tf.keras.layers.Dense(O)
    optimizer = tf.keras.optimizers.SGD(RATE, gradient_accumulation_steps=S)

    def call(x, target):
        for batch, wanted in zip(tf.unstack(x), tf.unstack(target), strict=True):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((layer(batch) - wanted) ** 2) / 2
            variables = layer.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
        return layer.kernel.value.read_value(), layer.bias.value.read_value()

    return layer, call


averaging = Case(
    "averaged_weights",
    "The exponential average of the weights after several steps with given gradients; it starts after the first one.",
    sizes=dict(S=5, N=7),
    inputs=dict(w=normal("N", gradient=False), g=normal("S N", gradient=False)),
    outputs=dict(weights=buffer("N"), average=buffer("N")),
    variants=grid(momentum=[0.5, 0.75]),
    dtypes=WIDE,
    eager_only="the optimizer and its variables are made within the call",
)


@averaging.reference
def _(np, w, g, *, S, momentum):
    average = w - RATE * g[0]
    for s in range(S):
        w = w - RATE * g[s]
        average = momentum * average + (1 - momentum) * w
    return w, average


@averaging.torch("torch.optim.swa_utils.AveragedModel")
def _(torch, w, g, *, momentum):
    model = torch.nn.ParameterList([torch.nn.Parameter(w.clone())])
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    averaged = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(momentum)
    )
    for gradient in g:
        model[0].grad = gradient
        optimizer.step()
        averaged.update_parameters(model)
    return model[0].detach(), averaged.module[0].detach()


@averaging.tensorflow("keras.optimizers.SGD(use_ema)")
def _(tf, w, g, *, momentum):
    variable = tf.Variable(w)
    optimizer = tf.keras.optimizers.SGD(RATE, use_ema=True, ema_momentum=momentum)
    optimizer.build([variable])
    for gradient in tf.unstack(g):
        optimizer.apply([gradient], [variable])
    weights = variable.read_value()
    optimizer.finalize_variable_values([variable])
    return weights, variable.read_value()


@averaging.tensorflow("tf.train.ExponentialMovingAverage")
def _(tf, w, g, *, momentum):
    variable = tf.Variable(w)
    average = tf.train.ExponentialMovingAverage(momentum)
    for gradient in tf.unstack(g):
        variable.assign_sub(RATE * gradient)
        average.apply([variable])
    return variable.read_value(), average.average(variable).read_value()


unused = Case(
    "parameters_without_gradients",
    "Steps with momentum of two parameters, of which one is part of the loss in the first step only.",
    sizes=dict(N=6),
    inputs=dict(a=normal("N", gradient=False), b=normal("N", gradient=False), g=normal("N", gradient=False)),
    outputs=dict(a_after=buffer("N"), b_after=buffer("N")),
    variants=grid(zeros=[False, True]),
    dtypes=WIDE,
    eager_only="the optimizer and its variables are made within the call",
)
STEPS, MOMENTUM = 3, 0.5


@unused.reference
def _(np, a, b, g, *, zeros):
    velocities = [0 * a, 0 * b]
    for step in range(STEPS):
        velocities[0] = MOMENTUM * velocities[0] + g
        a = a - RATE * velocities[0]
        if step == 0 or zeros:
            velocities[1] = MOMENTUM * velocities[1] + (g if step == 0 else 0 * g)
            b = b - RATE * velocities[1]
    return a, b


@unused.torch("torch.optim.SGD.zero_grad(set_to_none)")
def _(torch, a, b, g, *, zeros):
    a, b = (torch.nn.Parameter(tensor.clone()) for tensor in (a, b))
    optimizer = torch.optim.SGD([a, b], RATE, momentum=MOMENTUM)
    with torch.enable_grad():
        for step in range(STEPS):
            optimizer.zero_grad(set_to_none=not zeros)
            loss = (a * g).sum()
            if step == 0:
                loss = loss + (b * g).sum()
            loss.backward()
            optimizer.step()
    return a.detach(), b.detach()


@unused.tensorflow("tf.UnconnectedGradients")
def _(tf, a, b, g, *, zeros):
    a, b = tf.Variable(a), tf.Variable(b)
    velocities = [tf.Variable(tf.zeros_like(g)) for _ in range(2)]
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(a * g)
            if step == 0:
                loss += tf.reduce_sum(b * g)
        kind = tf.UnconnectedGradients.ZERO if zeros else tf.UnconnectedGradients.NONE
        for variable, velocity, gradient in zip(
            (a, b), velocities, tape.gradient(loss, (a, b), unconnected_gradients=kind), strict=True
        ):
            if gradient is not None:
                velocity.assign(MOMENTUM * velocity + gradient)
                variable.assign_sub(RATE * velocity)
    return a.read_value(), b.read_value()


regularized = Case(
    "loss_of_weights",
    "The sum of the magnitudes and of the squares of a layer's weights, with factors, as a part of the loss.",
    sizes=dict(N=4, I=5, O=3),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("I O"), bias=normal("O")),
    outputs=dict(y="N O", penalty=""),
)
L1, L2 = 0.125, 0.25


@regularized.reference
def _(np, x, kernel, bias):
    return forward(np, x, kernel, bias), L1 * np.sum(np.abs(kernel)) + L2 * np.sum(kernel**2) + L2 * np.sum(bias**2)


@regularized.torch.layer("torch.nn.Linear", weights=LINEAR)
def _(torch, *, I, O):
    layer = torch.nn.Linear(I, O)

    def call(x):
        penalty = L1 * layer.weight.abs().sum() + L2 * (layer.weight.square().sum() + layer.bias.square().sum())
        return layer(x), penalty

    return layer, call


@regularized.tensorflow.layer("keras.layers.Dense(kernel_regularizer)", weights=DENSE)
def _(tf, *, O):
    regularizers = tf.keras.regularizers
    layer = tf.keras.layers.Dense(O, kernel_regularizer=regularizers.L1L2(L1, L2), bias_regularizer=regularizers.L2(L2))
    return layer, lambda x: (layer(x), tf.add_n(layer.losses))


reported = Case(
    "reported_losses",
    "The losses that a training loop reports: of the first batch, the mean over two, and of both after the steps.",
    sizes=dict(S=2, N=6, I=5, O=3),
    inputs=data("S N"),
    weights=weights(),
    outputs=dict(first=buffer(""), mean=buffer(""), tested=buffer("")),
    dtypes=["float32"],
    trains=True,
    eager_only="the training loop compiles the steps itself",
    untimed="the loop takes its time, not the losses",
)


def mse(np, x, target, kernel, bias):
    return np.mean((forward(np, x, kernel, bias) - target) ** 2)


@reported.reference
def _(np, x, target, kernel, bias, *, S):
    losses = []
    for s in range(S):
        losses.append(mse(np, x[s], target[s], kernel, bias))
        of_kernel, of_bias = gradients(np, x[s], target[s], kernel, bias)
        kernel, bias = kernel - 2 * RATE * of_kernel, bias - 2 * RATE * of_bias
    tested = (mse(np, x[0], target[0], kernel, bias) + mse(np, x[1], target[1], kernel, bias)) / 2
    return losses[0], (losses[0] + losses[1]) / 2, tested


@reported.torch.layer("torch.optim.SGD", weights=LINEAR)
def _(torch, *, I, O):
    layer = torch.nn.Linear(I, O)
    optimizer = torch.optim.SGD(layer.parameters(), RATE)

    def call(x, target):
        losses = []
        with torch.enable_grad():
            for batch in zip(x, target, strict=True):
                optimizer.zero_grad()
                loss = 2 * half_mse(torch, layer, *batch)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
        tested = [2 * half_mse(torch, layer, *batch).detach() for batch in zip(x, target, strict=True)]
        return losses[0], (losses[0] + losses[1]) / 2, (tested[0] + tested[1]) / 2

    return layer, call


def keras_loop(run):
    """A model of one layer; ``run(model, x, target)`` gives the reported losses."""

    def build(tf, *, I, O):
        model = tf.keras.Sequential([tf.keras.Input((I,)), tf.keras.layers.Dense(O, name="dense")])
        model.compile(tf.keras.optimizers.SGD(RATE), "mean_squared_error")
        return model, lambda x, target: [tf.convert_to_tensor(loss) for loss in run(model, x.numpy(), target.numpy())]

    return build


@reported.tensorflow.layer("keras.Model.train_on_batch", weights=NAMED)
def _(tf, *, I, O):
    def run(model, x, target):
        trained = [model.train_on_batch(*batch) for batch in zip(x, target, strict=True)]
        tested = [model.test_on_batch(*batch) for batch in zip(x, target, strict=True)]
        return trained[0], sum(trained) / len(trained), sum(tested) / len(tested)

    return keras_loop(run)(tf, I=I, O=O)


@reported.tensorflow.layer("keras.Model.fit", weights=NAMED)
def _(tf, *, I, O):
    def run(model, x, target):
        size = x.shape[1]
        x, target = x.reshape(-1, x.shape[2]), target.reshape(-1, target.shape[2])
        first = model.evaluate(x[:size], target[:size], verbose=0)
        history = model.fit(x, target, size, shuffle=False, verbose=0).history
        return first, history["loss"][0], model.evaluate(x, target, size, verbose=0)

    return keras_loop(run)(tf, I=I, O=O)
