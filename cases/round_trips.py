"""Models saved and loaded again: the results afterwards are those before, to the last bit."""

import tempfile
from pathlib import Path

from parity import Case, buffer, normal

LINEAR = dict(weight="kernel: O I", bias="bias: O")
DENSE = {"dense/kernel": "kernel: I O", "dense/bias": "bias: O"}
SAVED = "it writes files and reads them, which no graph does"
WIDE = ["float64", "float32"]


def saved(name, summary, **arguments):
    return Case(
        name,
        summary,
        sizes=dict(N=3, I=5, O=4),
        inputs=dict(x=normal("N I", gradient=False)),
        weights=dict(kernel=normal("I O", gradient=False), bias=normal("O", gradient=False)),
        outputs=dict(y=buffer("N O"), unchanged=buffer("")),
        dtypes=WIDE,
        eager_only=SAVED,
        untimed="what takes time is the disk",
        **arguments,
    )


def within(function):
    """Call a function with the name of a file in a new folder, which is then removed."""
    with tempfile.TemporaryDirectory() as folder:
        return function(Path(folder) / "model")


layer = saved(
    "saved_layer", "A linear layer after its weights were saved and loaded into another one; True if y is the same."
)


@layer.reference
def _(np, x, kernel, bias):
    return np.dot(x, kernel) + bias, np.array(True)


def torch_trip(save_and_load):
    """A layer and a call that compares its result with that of what was loaded."""

    def build(torch, *, I, O, dtype):
        linear = torch.nn.Linear(I, O)

        def call(x):
            loaded = within(lambda file: save_and_load(torch, linear, file))
            y = loaded(x)
            return y, torch.equal(y, linear(x)) * torch.ones((), dtype=torch.bool)

        return linear, call

    return build


def weights_only(torch, linear, file):
    torch.save(linear.state_dict(), file)
    loaded = torch.nn.Linear(linear.in_features, linear.out_features, dtype=linear.weight.dtype)
    loaded.load_state_dict(torch.load(file, weights_only=True), strict=True)
    return loaded


def assigned(torch, linear, file):
    torch.save(linear.state_dict(), file)
    with torch.device("meta"):
        loaded = torch.nn.Linear(linear.in_features, linear.out_features)
    loaded.load_state_dict(torch.load(file, weights_only=True, mmap=True), assign=True)
    return loaded


def whole(torch, linear, file):
    torch.save(linear, file)
    return torch.load(file, weights_only=False)


for api, trip in (
    ("torch.load(weights_only)", weights_only),
    ("torch.load(mmap) + load_state_dict(assign)", assigned),
    ("torch.load(weights_only=False)", whole),
):
    layer.torch.layer(api, weights=LINEAR)(torch_trip(trip))


def keras_trip(save_and_load):
    """A model of one layer and a call that compares its result with that of what was loaded."""

    def build(tf, *, I, O, dtype):
        model = tf.keras.Sequential([tf.keras.Input((I,)), tf.keras.layers.Dense(O, dtype=dtype, name="dense")])

        def call(x):
            y = within(lambda file: save_and_load(tf, model, file)(x))
            return y, tf.reduce_all(y == model(x))

        return model, call

    return build


def archive(tf, model, file):
    model.save(file.with_suffix(".keras"))
    return tf.keras.models.load_model(file.with_suffix(".keras"))


def weights_file(tf, model, file):
    model.save_weights(file.with_suffix(".weights.h5"))
    loaded = tf.keras.models.clone_model(model)
    loaded.load_weights(file.with_suffix(".weights.h5"))
    return loaded


def hdf5(tf, model, file):
    model.save(file.with_suffix(".h5"))
    return tf.keras.models.load_model(file.with_suffix(".h5"), compile=False)


def exported(tf, model, file):
    model.export(file, verbose=False)
    loaded = tf.saved_model.load(file)
    return lambda x: loaded.serve(x)  # The variables live as long as what was loaded.


def by_config(tf, model, file):
    loaded = tf.keras.models.model_from_json(model.to_json())
    loaded.set_weights(model.get_weights())
    return loaded


def checkpoint(tf, model, file):
    saved_at = tf.train.Checkpoint(model=model).save(file)
    loaded = tf.keras.models.clone_model(model)
    tf.train.Checkpoint(model=loaded).restore(saved_at).assert_existing_objects_matched()
    return loaded


for api, trip in (
    ("keras.models.load_model(.keras)", archive),
    ("keras.Model.load_weights", weights_file),
    ("keras.models.load_model(.h5)", hdf5),
    ("keras.Model.export + tf.saved_model.load", exported),
    ("keras.models.model_from_json", by_config),
    ("tf.train.Checkpoint", checkpoint),
):
    layer.tensorflow.layer(api, weights=DENSE)(keras_trip(trip))


stack = Case(
    "saved_stack",
    "A normalization with its running statistics and a linear layer, saved and loaded; the result in inference.",
    sizes=dict(N=3, I=5, O=4),
    inputs=dict(x=normal("N I", gradient=False)),
    weights=dict(
        gamma=normal("I", gradient=False),
        beta=normal("I", gradient=False),
        mean=normal("I", gradient=False),
        spread=normal("I", mean=8, gradient=False),
        kernel=normal("I O", gradient=False),
        bias=normal("O", gradient=False),
    ),
    outputs=dict(y=buffer("N O")),
    dtypes=WIDE,
    eager_only=SAVED,
    untimed="what takes time is the disk",
)


@stack.reference
def _(np, x, gamma, beta, mean, spread, kernel, bias):
    return np.dot((x - mean) / np.sqrt(spread + 1e-3) * gamma + beta, kernel) + bias


@stack.torch.layer(
    "torch.load(weights_only)",
    weights={
        "0.weight": "gamma: I",
        "0.bias": "beta: I",
        "0.running_mean": "mean: I",
        "0.running_var": "spread: I",
        "1.weight": "kernel: O I",
        "1.bias": "bias: O",
    },
)
def _(torch, *, I, O):
    def make():
        return torch.nn.Sequential(torch.nn.BatchNorm1d(I, eps=1e-3), torch.nn.Linear(I, O)).eval()

    model = make()

    def trip(file):
        torch.save(model.state_dict(), file)
        loaded = make().to(model[1].weight.dtype)
        loaded.load_state_dict(torch.load(file, weights_only=True))
        return loaded

    return model, lambda x: within(trip)(x)


STACK = {
    "norm/gamma": "gamma: I",
    "norm/beta": "beta: I",
    "norm/moving_mean": "mean: I",
    "norm/moving_variance": "spread: I",
    "out/kernel": "kernel: I O",
    "out/bias": "bias: O",
}


def keras_stack(save_and_load):
    def build(tf, *, I, O, dtype):
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [
                tf.keras.Input((I,), dtype=dtype),
                layers.BatchNormalization(epsilon=1e-3, dtype=dtype, name="norm"),
                layers.Dense(O, dtype=dtype, name="out"),
            ]
        )
        return model, lambda x: within(lambda file: save_and_load(tf, model, file)(x))

    return build


for api, trip in (
    ("keras.models.load_model(.keras)", archive),
    ("keras.Model.load_weights", weights_file),
    ("keras.Model.export + tf.saved_model.load", exported),
):
    stack.tensorflow.layer(api, weights=STACK)(keras_stack(trip))
