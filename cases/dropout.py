"""Dropout where its result is certain: in evaluation mode, also inside a model, and at the two ends of the rate."""

from parity import Case, grid, normal, uniform

dropout_evaluation = Case(
    "dropout_evaluation",
    "Dropout in evaluation mode: y = x, bit for bit, at any rate.",
    sizes=dict(N=5, C=7),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N C"),
    variants=grid(rate=[0.1, 0.5, 0.9]),
    exact=True,
    draws=True,
)


@dropout_evaluation.reference
def _(np, x):
    return x


@dropout_evaluation.torch("torch.nn.functional.dropout")
def _(torch, x, *, rate):
    return torch.nn.functional.dropout(x, rate, training=False)


@dropout_evaluation.torch("torch.nn.functional.alpha_dropout")
def _(torch, x, *, rate):
    return torch.nn.functional.alpha_dropout(x, rate, training=False)


@dropout_evaluation.torch.layer("torch.nn.Dropout", weights={})
def _(torch, *, rate):
    return torch.nn.Dropout(rate).eval()


@dropout_evaluation.torch.layer("torch.nn.Dropout(inplace=True)", weights={})
def _(torch, *, rate):
    return torch.nn.Dropout(rate, inplace=True).eval()


@dropout_evaluation.torch.layer("torch.nn.AlphaDropout", weights={})
def _(torch, *, rate):
    return torch.nn.AlphaDropout(rate).eval()


@dropout_evaluation.tensorflow("tf.nn.dropout")
def _(tf, x, *, rate):
    training = False  # tf.nn.dropout has no switch of its own: the caller sets the rate to zero
    return tf.nn.dropout(x, rate=rate if training else 0.0)


@dropout_evaluation.tensorflow.layer("keras.layers.Dropout", weights={})
def _(tf, *, rate):
    layer = tf.keras.layers.Dropout(rate)
    return layer, lambda x: layer(x, training=False)


@dropout_evaluation.tensorflow.layer("keras.layers.AlphaDropout", weights={})
def _(tf, *, rate):
    layer = tf.keras.layers.AlphaDropout(rate)
    return layer, lambda x: layer(x, training=False)


@dropout_evaluation.tensorflow.layer("keras.layers.GaussianDropout", weights={})
def _(tf, *, rate):
    layer = tf.keras.layers.GaussianDropout(rate)
    return layer, lambda x: layer(x, training=False)


@dropout_evaluation.torch.naive(
    "torch.nn.Dropout",
    "left in training mode",
    because="a PyTorch module starts in training mode, where it drops; a Keras layer called directly does not",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
    fix="call eval() on the model before evaluating it",
    weights={},
)
def _(torch, *, rate):
    torch.manual_seed(0)
    return torch.nn.Dropout(rate)


@dropout_evaluation.torch.naive(
    "torch.nn.functional.dropout",
    "training left at its default",
    because="the function drops by default (training=True) and does not know of the module's eval()",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html",
    fix="pass training=self.training",
)
def _(torch, x, *, rate):
    torch.manual_seed(0)
    return torch.nn.functional.dropout(x, rate)


@dropout_evaluation.tensorflow.naive(
    "tf.nn.dropout",
    "applied in evaluation",
    because="tf.nn.dropout always drops: it has no training argument",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="call it in training only, or use keras.layers.Dropout",
)
def _(tf, x, *, rate):
    tf.random.set_seed(0)
    return tf.nn.dropout(x, rate)


@dropout_evaluation.tensorflow.naive(
    "tf.nn.dropout(keep_prob=)",
    "TensorFlow 1 argument",
    because="TensorFlow 2 has no keep_prob",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="pass rate=1 - keep_prob",
    raises="TypeError: unexpected keyword argument 'keep_prob'",
)
def _(tf, x):
    return tf.nn.dropout(x, keep_prob=1.0)


@dropout_evaluation.torch.naive(
    "torch.Tensor.mul",
    "scaled in evaluation",
    because="both frameworks scale by 1 / (1 - rate) in training, so nothing is left to scale in evaluation",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html",
    fix="leave the activations as they are",
)
def _(torch, x, *, rate):
    return torch.mul(x, 1 - rate)


dropout_of_channels_evaluation = Case(
    "dropout_of_channels_evaluation",
    "Dropout of whole feature maps in evaluation mode: y = x, bit for bit, at any rate.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
    variants=grid(rate=[0.1, 0.5, 0.9]),
    exact=True,
    draws=True,
)


@dropout_of_channels_evaluation.reference
def _(np, x):
    return x


@dropout_of_channels_evaluation.torch("torch.nn.functional.dropout2d")
def _(torch, x, *, rate):
    return torch.nn.functional.dropout2d(x, rate, training=False)


@dropout_of_channels_evaluation.torch.layer("torch.nn.Dropout2d", weights={})
def _(torch, *, rate):
    return torch.nn.Dropout2d(rate).eval()


@dropout_of_channels_evaluation.tensorflow.layer("keras.layers.SpatialDropout2D", weights={}, x="N H W C", y="N H W C")
def _(tf, *, rate):
    layer = tf.keras.layers.SpatialDropout2D(rate)
    return layer, lambda x: layer(x, training=False)


dropout_training_limits = Case(
    "dropout_training_limits",
    "Dropout in training mode at rate 0, which keeps everything, and at rate 1, which drops everything.",
    sizes=dict(N=5, C=7),
    inputs=dict(x=uniform("N C", 0.5, 2.0)),  # positive: a dropped negative is -0.0 in PyTorch and 0.0 in Keras
    outputs=dict(y="N C"),
    variants=grid(rate=[0.0, 1.0]),
    exact=True,
    draws=True,
)


@dropout_training_limits.reference
def _(np, x, *, rate):
    return x * (1 - rate)


@dropout_training_limits.torch("torch.nn.functional.dropout")
def _(torch, x, *, rate):
    return torch.nn.functional.dropout(x, rate, training=True)


@dropout_training_limits.torch.layer("torch.nn.Dropout", weights={})
def _(torch, *, rate):
    return torch.nn.Dropout(rate).train()


@dropout_training_limits.tensorflow("tf.nn.dropout")
def _(tf, x, *, rate):
    return tf.nn.dropout(x, rate=rate)


dropout_training_limits.limitation(
    "tf.nn.dropout",
    raises="ValueError: `rate` must be a scalar tensor or a float in the range [0, 1)",
    because="scaling what is kept by 1 / (1 - rate) has no meaning at rate 1, so the rate is refused",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    when=dict(rate=1.0),
)


@dropout_training_limits.tensorflow.layer("keras.layers.Dropout", weights={})
def _(tf, *, rate):
    layer = tf.keras.layers.Dropout(rate)
    return layer, lambda x: layer(x, training=True)


dropout_training_limits.deviation(
    "keras.layers.Dropout",
    quantities=["grad:x"],
    missing=True,
    because="at rate 1 it returns zeros that do not depend on the input, which then has no gradient (None)",
    source="https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/random.py",
    when=dict(rate=1.0),
)


mlp_with_dropout = Case(
    "mlp_with_dropout",
    "Linear, ReLU, dropout, linear in evaluation mode.",
    sizes=dict(N=7, I=6, H=8, O=3),
    inputs=dict(x=normal("N I")),
    weights=dict(
        hidden=normal("H I", std=0.5), hidden_bias=normal("H"), output=normal("O H", std=0.5), output_bias=normal("O")
    ),
    outputs=dict(y="N O"),
    variants=grid(rate=[0.1, 0.5, 0.9]),
    dtypes=("float64", "float32"),  # in lower formats a value may round to the other side of ReLU's kink
    draws=True,
)


@mlp_with_dropout.reference
def _(np, x, hidden, hidden_bias, output, output_bias):
    features = np.einsum("ni,hi->nh", x, hidden) + hidden_bias
    return np.einsum("nh,oh->no", np.where(features > 0, features, 0), output) + output_bias


@mlp_with_dropout.torch("torch.nn.functional")
def _(torch, x, hidden, hidden_bias, output, output_bias, *, rate):
    F = torch.nn.functional
    features = F.relu(F.linear(x, hidden, hidden_bias))
    return F.linear(F.dropout(features, rate, training=False), output, output_bias)


MLP = {
    "0.weight": "hidden: H I",
    "0.bias": "hidden_bias: H",
    "3.weight": "output: O H",
    "3.bias": "output_bias: O",
}


@mlp_with_dropout.torch.layer(
    "torch.nn.Sequential",
    weights=MLP,
)
def _(torch, *, I, H, O, rate):
    nn = torch.nn
    return nn.Sequential(nn.Linear(I, H), nn.ReLU(), nn.Dropout(rate), nn.Linear(H, O)).eval()


@mlp_with_dropout.tensorflow("tf.nn", hidden="I H", output="H O")
def _(tf, x, hidden, hidden_bias, output, output_bias, *, rate):
    training = False
    features = tf.nn.relu(tf.matmul(x, hidden) + hidden_bias)
    if training:
        features = tf.nn.dropout(features, rate)
    return tf.matmul(features, output) + output_bias


@mlp_with_dropout.tensorflow.layer(
    "keras.Sequential",
    weights={
        "hidden/kernel": "hidden: I H",
        "hidden/bias": "hidden_bias: H",
        "output/kernel": "output: H O",
        "output/bias": "output_bias: O",
    },
)
def _(tf, *, H, O, rate):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Dense(H, activation="relu", name="hidden"),
            layers.Dropout(rate),
            layers.Dense(O, name="output"),
        ]
    )
    return model, lambda x: model(x, training=False)


@mlp_with_dropout.torch.naive(
    "torch.nn.Sequential",
    "without eval()",
    because="the dropout inside the model is in training mode",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
    fix="call eval() on the model, which reaches every module inside it",
    weights=MLP,
)
def _(torch, *, I, H, O, rate):
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(I, H), nn.ReLU(), nn.Dropout(rate), nn.Linear(H, O))
