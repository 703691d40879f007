"""Small models, where the pieces must fit together: the loss, and the gradients of all weights.

ReLU and max-pooling switch where a value rounds to the other side, which changes a gradient by more than
rounding. Models with them run in float32 and up; the same models made smooth run in every format.
"""

from parity import Case, integers, normal

WIDE = ("float64", "float32")

mlp, smooth_mlp = (
    Case(
        name,
        summary,
        sizes=dict(N=7, I=6, H=8, K=3),
        parameters=dict(activation=activation),
        inputs=dict(x=normal("N I"), label=integers("N", 0, "K")),
        weights=dict(
            hidden=normal("H I", std=0.5),
            hidden_bias=normal("H"),
            output=normal("K H", std=0.5),
            output_bias=normal("K"),
        ),
        outputs=dict(logits="N K", loss=""),
        **dtypes,
    )
    for name, summary, activation, dtypes in (
        ("mlp", "A classifier: linear, ReLU, linear, cross-entropy.", "relu", dict(dtypes=WIDE)),
        ("smooth_mlp", "A classifier: linear, tanh, linear, cross-entropy.", "tanh", {}),
    )
)
mlp.timed({"MNIST": dict(N=64, I=784, H=512, K=10)}, moves=False)

KERAS_MLP = {
    "hidden/kernel": "hidden: I H",
    "hidden/bias": "hidden_bias: H",
    "output/kernel": "output: H K",
    "output/bias": "output_bias: K",
}


def activate(np, x, activation):
    return np.where(x > 0, x, 0) if activation == "relu" else np.tanh(x)


def cross_entropy(np, logits, label):
    shifted = logits - np.max(logits, 1, keepdims=True)
    logarithms = shifted - np.log(np.sum(np.exp(shifted), 1, keepdims=True))
    return -np.mean(logarithms[np.arange(len(label)), label])


def torch_with_loss(torch, model):
    """The model, and a call of it that returns the logits and the loss."""
    criterion = torch.nn.CrossEntropyLoss()

    def call(x, label):
        logits = model(x)
        return logits, criterion(logits, label)

    return model, call


def keras_with_loss(tf, model):
    """The model, and a call of it that returns the logits and the loss."""
    criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(x, label):
        logits = model(x)
        return logits, criterion(label, logits)

    return model, call


for case in (mlp, smooth_mlp):

    @case.reference
    def _(np, x, label, hidden, hidden_bias, output, output_bias, *, activation):
        features = activate(np, np.einsum("ni,hi->nh", x, hidden) + hidden_bias, activation)
        logits = np.einsum("nh,kh->nk", features, output) + output_bias
        return logits, cross_entropy(np, logits, label)

    @case.torch("torch.nn.functional")
    def _(torch, x, label, hidden, hidden_bias, output, output_bias, *, activation):
        F = torch.nn.functional
        features = getattr(F, activation)(F.linear(x, hidden, hidden_bias))
        logits = F.linear(features, output, output_bias)
        return logits, F.cross_entropy(logits, label)

    @case.torch.layer(
        "torch.nn.Sequential",
        weights={
            "0.weight": "hidden: H I",
            "0.bias": "hidden_bias: H",
            "2.weight": "output: K H",
            "2.bias": "output_bias: K",
        },
    )
    def _(torch, *, I, H, K, activation):
        nonlinear = torch.nn.ReLU() if activation == "relu" else torch.nn.Tanh()
        return torch_with_loss(torch, torch.nn.Sequential(torch.nn.Linear(I, H), nonlinear, torch.nn.Linear(H, K)))

    @case.tensorflow("tf.nn", hidden="I H", output="H K")
    def _(tf, x, label, hidden, hidden_bias, output, output_bias, *, activation):
        features = getattr(tf.nn, activation)(tf.matmul(x, hidden) + hidden_bias)
        logits = tf.matmul(features, output) + output_bias
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
        return logits, tf.reduce_mean(losses)

    @case.tensorflow.layer("keras.Sequential", weights=KERAS_MLP)
    def _(tf, *, H, K, activation):
        layers = tf.keras.layers
        hidden, output = layers.Dense(H, activation=activation, name="hidden"), layers.Dense(K, name="output")
        return keras_with_loss(tf, tf.keras.Sequential([hidden, output]))

    @case.tensorflow.layer("keras.Model", weights=KERAS_MLP)
    def _(tf, *, I, H, K, activation):
        inputs = tf.keras.Input([I])
        features = tf.keras.layers.Dense(H, activation=activation, name="hidden")(inputs)
        logits = tf.keras.layers.Dense(K, name="output")(features)
        return keras_with_loss(tf, tf.keras.Model(inputs, logits))


convnet, smooth_convnet = (
    Case(
        name,
        summary,
        sizes=dict(N=3, C=2, H=8, W=11, O=5, KH=3, KW=4, P=3, Q=4, K=6),
        parameters=dict(activation=activation, pooling=pooling),
        inputs=dict(x=normal("N C H W"), label=integers("N", 0, "K")),
        weights=dict(
            kernel=normal("O C KH KW", std=0.3),
            kernel_bias=normal("O"),
            output=normal("K O P Q", std=0.3),
            output_bias=normal("K"),
        ),
        outputs=dict(logits="N K", loss=""),
        **dtypes,
    )
    for name, summary, activation, pooling, dtypes in (
        (
            "convnet",
            "An image classifier: convolution, ReLU, max-pooling, flatten, linear, cross-entropy.",
            "relu",
            "max",
            dict(dtypes=WIDE),
        ),
        (
            "smooth_convnet",
            "An image classifier: convolution, tanh, average-pooling, flatten, linear, cross-entropy.",
            "tanh",
            "average",
            {},
        ),
    )
)
convnet.timed({"MNIST": dict(N=16, C=1, H=28, W=28, O=32, KH=5, KW=5, P=12, Q=12, K=10)}, moves=False)

TORCH_LINEAR, KERAS_DENSE = "K (O P Q)", "(P Q O) K"
KERAS_CONVNET = {
    "features/kernel": "kernel: KH KW C O",
    "features/bias": "kernel_bias: O",
    "output/kernel": f"output: {KERAS_DENSE}",
    "output/bias": "output_bias: K",
}

for case in (convnet, smooth_convnet):

    @case.reference
    def _(np, x, label, kernel, kernel_bias, output, output_bias, *, P, Q, activation, pooling):
        rows, columns = kernel.shape[2:]
        maps = kernel_bias[:, None, None] + sum(
            np.einsum("nchw,oc->nohw", x[:, :, i : i + 2 * P, j : j + 2 * Q], kernel[:, :, i, j])
            for i in range(rows)
            for j in range(columns)
        )
        windows = np.reshape(activate(np, maps, activation), (*maps.shape[:2], P, 2, Q, 2))
        pooled = np.max(windows, (3, 5)) if pooling == "max" else np.mean(windows, (3, 5))
        logits = np.einsum("nopq,kopq->nk", pooled, output) + output_bias
        return logits, cross_entropy(np, logits, label)

    @case.torch("torch.nn.functional", output=TORCH_LINEAR)
    def _(torch, x, label, kernel, kernel_bias, output, output_bias, *, activation, pooling):
        F = torch.nn.functional
        maps = getattr(F, activation)(F.conv2d(x, kernel, kernel_bias))
        pooled = F.max_pool2d(maps, 2) if pooling == "max" else F.avg_pool2d(maps, 2)
        logits = F.linear(torch.flatten(pooled, 1), output, output_bias)
        return logits, F.cross_entropy(logits, label)

    @case.torch.layer(
        "torch.nn.Sequential",
        weights={
            "0.weight": "kernel: O C KH KW",
            "0.bias": "kernel_bias: O",
            "4.weight": f"output: {TORCH_LINEAR}",
            "4.bias": "output_bias: K",
        },
    )
    def _(torch, *, C, O, KH, KW, P, Q, K, activation, pooling):
        nn = torch.nn
        model = nn.Sequential(
            nn.Conv2d(C, O, (KH, KW)),
            nn.ReLU() if activation == "relu" else nn.Tanh(),
            nn.MaxPool2d(2) if pooling == "max" else nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(O * P * Q, K),
        )
        return torch_with_loss(torch, model)

    @case.tensorflow("tf.nn", x="N H W C", kernel="KH KW C O", output=KERAS_DENSE)
    def _(tf, x, label, kernel, kernel_bias, output, output_bias, *, activation, pooling):
        maps = tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=1, padding="VALID"), kernel_bias)
        pool = tf.nn.max_pool2d if pooling == "max" else tf.nn.avg_pool2d
        pooled = pool(getattr(tf.nn, activation)(maps), ksize=2, strides=2, padding="VALID")
        logits = tf.matmul(tf.reshape(pooled, [tf.shape(pooled)[0], -1]), output) + output_bias
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
        return logits, tf.reduce_mean(losses)

    @case.tensorflow.layer("keras.Sequential", weights=KERAS_CONVNET, x="N H W C")
    def _(tf, *, O, KH, KW, K, activation, pooling):
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [
                layers.Conv2D(O, (KH, KW), activation=activation, name="features"),
                layers.MaxPooling2D(2) if pooling == "max" else layers.AveragePooling2D(2),
                layers.Flatten(),
                layers.Dense(K, name="output"),
            ]
        )
        return keras_with_loss(tf, model)


convnet.deviation(
    "torch.nn.Sequential",
    quantities=["grad:x", "grad:kernel", "grad:kernel_bias"],
    devices=["cpu"],
    modes=["compiled"],
    within=1.0,
    because="the code that Inductor generates scatters the gradient of max-pooling after it has been read: what comes "
    "before the pooling gets a gradient of zero",
    source="measured with torch 2.13.0",
)


@smooth_convnet.torch.naive(
    "torch.flatten",
    "linear weights in the order of channels last",
    because="Keras flattens height, width and channels, PyTorch channels, height and width",
    source="https://docs.pytorch.org/docs/stable/generated/torch.flatten.html",
    fix="reorder the linear layer's inputs from (H W C) to (C H W), or permute the image to channels last first",
    output="K (P Q O)",
)
def _(torch, x, label, kernel, kernel_bias, output, output_bias):
    F = torch.nn.functional
    pooled = F.avg_pool2d(torch.tanh(F.conv2d(x, kernel, kernel_bias)), 2)
    logits = F.linear(torch.flatten(pooled, 1), output, output_bias)
    return logits, F.cross_entropy(logits, label)


@smooth_convnet.tensorflow.naive(
    "keras.layers.Flatten",
    "dense weights in the order of channels first",
    because="PyTorch flattens channels, height and width, Keras height, width and channels",
    source="https://keras.io/api/layers/reshaping_layers/flatten/",
    fix="reorder the inputs of the dense layer from (C H W) to (H W C)",
    weights={**KERAS_CONVNET, "output/kernel": "output: (O P Q) K"},
    x="N H W C",
)
def _(tf, *, O, KH, KW, K):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Conv2D(O, (KH, KW), activation="tanh", name="features"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(K, name="output"),
        ]
    )
    return keras_with_loss(tf, model)
