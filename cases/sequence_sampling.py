"""Two ways to sample a long text for training, and what a state that is carried takes along."""

from _sequence_sampling import (
    AXES,
    KERAS,
    KERAS_LAYOUTS,
    SIZES,
    TORCH,
    TORCH_LAYOUTS,
    N,
    T,
    keras_model,
    sampled_at_random,
    tensorflow_training,
    texts,
    torch_model,
    torch_training,
    torch_windows,
    trained,
    weights,
)

from parity import Case, buffer, grid

TORCH_DOCS = "https://docs.pytorch.org/docs/stable"
KERAS_RNN = "https://keras.io/api/layers/recurrent_layers/lstm/"

sampling = Case(
    "sequence_sampling",
    "Fifty steps of a language model on one long text: subsequences in shuffled order, each from a state of zeros, or "
    "batches that continue each other, with a state that is carried and detached.",
    sizes=SIZES,
    inputs=texts,
    weights=weights(),
    outputs=dict(
        loss=buffer("S"),
        h=buffer("N H"),
        c=buffer("N H"),
        held_out_loss=buffer(""),
        **{name: buffer(axes) for name, axes in AXES.items()},
    ),
    steps="S",
    variants=grid(sampling=["random", "sequential"]),
    dtypes=("float64", "float32"),  # 16-bit weights would lose most of the small updates
    trains=True,
)


@sampling.reference
def _(np, text, held_out, keys=None, *, H, sampling, **weights):
    return trained(np, text, held_out, keys, np.zeros((N, H)), weights)


def torch_sampling(**options):
    def build(torch, *, V, E, H, sampling, capture):
        model = torch_model(torch, V, E, H)
        settings = dict(again=sampling == "random") | options

        def call(text, held_out, keys=None):
            with torch.enable_grad():
                return torch_training(torch, model, text, held_out, keys, capture, **settings)

        return model, call

    return build


def keras_sampling(stateful=False, **options):
    def build(tf, *, V, E, H, sampling, capture):
        model = keras_model(tf, V, E, H, stateful=stateful)
        settings = dict(again=sampling == "random", stateful=stateful) | options
        return model, lambda text, held_out, keys=None: tensorflow_training(
            tf, model, text, held_out, keys, capture, **settings
        )

    return build


sampling.torch.layer("torch.nn.LSTM", weights=TORCH, **TORCH_LAYOUTS)(torch_sampling())
sampling.tensorflow.layer("tf.stop_gradient", weights=KERAS, **KERAS_LAYOUTS)(keras_sampling())
sampling.tensorflow.layer("keras.layers.LSTM(stateful=True)", weights=KERAS, **KERAS_LAYOUTS)(
    keras_sampling(stateful=True)
)


def torch_naive(api, title, *, sampled, because, source, fix, wrong=(), raises=None, **options):
    divergence = dict(when=dict(sampling=sampled), because=because, source=source, fix=fix, wrong=wrong, raises=raises)
    add = sampling.torch.naive(api, title, **divergence, weights=TORCH, **TORCH_LAYOUTS)
    add(torch_sampling(**options))


def keras_naive(api, title, *, sampled, because, source, fix, wrong=(), **options):
    divergence = dict(when=dict(sampling=sampled), because=because, source=source, fix=fix, wrong=wrong)
    add = sampling.tensorflow.naive(api, title, **divergence, weights=KERAS, **KERAS_LAYOUTS)
    add(keras_sampling(**options))


def consecutive_windows(torch, text, order=None):
    """What a loader without ``shuffle`` gives: N subsequences in a row as one batch."""
    return torch.utils.data.DataLoader(torch_windows(torch, text), batch_size=N, shuffle=False)


def consecutive_arrays(tf, text, order=None):
    """What ``timeseries_dataset_from_array`` gives without ``shuffle``: N subsequences in a row as one batch."""
    windows = tf.keras.utils.timeseries_dataset_from_array(
        text, targets=None, sequence_length=T + 1, sequence_stride=T, batch_size=N
    )
    return ((window[:, :-1], window[:, 1:]) for window in windows)


def windows_in_order(torch, text, order):
    return sampled_at_random(torch, text, torch.arange(len(order)))


UNRELATED = "in random sampling the batches are unrelated: the state of one says nothing about the text of the next"
FRESH = "the held-out text does not continue the text that was trained on last"
BACKWARD = f"{TORCH_DOCS}/generated/torch.Tensor.backward.html"
ROWS = "a row of a batch must continue the same row of the batch before; here it continues the batch's last row"

torch_naive(
    "torch.nn.LSTM",
    "state carried between unrelated batches",
    sampled="random",
    because=UNRELATED,
    source=f"{TORCH_DOCS}/generated/torch.nn.LSTM.html",
    fix="pass zeros as the state of every batch, or no state",
    again=False,
)
keras_naive(
    "keras.layers.LSTM(stateful=True)",
    "state carried between unrelated batches",
    sampled="random",
    because=f"a stateful layer keeps its state from call to call; {UNRELATED}",
    source=KERAS_RNN,
    fix="leave stateful at False, or call reset_states() before every batch",
    stateful=True,
    again=False,
)
torch_naive(
    "torch.nn.LSTM",
    "state of the training taken into evaluation",
    sampled="sequential",
    wrong="output:held_out_loss",
    because=FRESH,
    source=f"{TORCH_DOCS}/generated/torch.nn.LSTM.html",
    fix="start the evaluation from zeros",
    evaluated_from_zeros=False,
)
keras_naive(
    "keras.layers.LSTM(stateful=True)",
    "state of the training taken into evaluation",
    sampled="sequential",
    wrong="output:held_out_loss",
    because=f"a stateful layer keeps its state from call to call, and {FRESH}",
    source=KERAS_RNN,
    fix="call reset_states() before the evaluation",
    stateful=True,
    evaluated_from_zeros=False,
)
torch_naive(
    "torch.nn.LSTM",
    "state set to zero at every batch",
    sampled="sequential",
    because="in sequential sampling a batch continues the batch before, and so does its state",
    source=f"{TORCH_DOCS}/generated/torch.nn.LSTM.html",
    fix="pass the detached state of the batch before; use zeros once, at the beginning of the text",
    again=True,
)
keras_naive(
    "keras.layers.LSTM",
    "stateful left at False",
    sampled="sequential",
    because="the layer starts every call from zeros, and in sequential sampling a batch continues the batch before",
    source=KERAS_RNN,
    fix="pass stateful=True, or the state of the batch before as initial_state",
    again=True,
)
torch_naive(
    "torch.utils.data.DataLoader",
    "shuffle=False taken for sequential sampling",
    sampled="sequential",
    because=ROWS,
    source=f"{TORCH_DOCS}/data.html",
    fix="cut the text into as many rows as the batch has, and take T columns at a time",
    sample=consecutive_windows,
)
keras_naive(
    "keras.utils.timeseries_dataset_from_array",
    "shuffle=False taken for sequential sampling",
    sampled="sequential",
    because=ROWS,
    source="https://keras.io/api/data_loading/timeseries/",
    fix="cut the text into as many rows as the batch has, and take T columns at a time",
    sample=consecutive_arrays,
)
torch_naive(
    "torch.utils.data.DataLoader",
    "shuffle left at False",
    sampled="random",
    because="DataLoader and tf.data keep the order of the data unless told to shuffle; keras.Model.fit shuffles",
    source=f"{TORCH_DOCS}/data.html",
    fix="pass shuffle=True, or a sampler with the order",
    sample=windows_in_order,
)
torch_naive(
    "torch.Tensor.backward",
    "state not detached",
    sampled="sequential",
    raises="RuntimeError: Trying to backward through the graph a second time",
    because="the state belongs to the graph of the batch before, which backward() has freed",
    source=BACKWARD,
    fix="detach h and c after every batch",
    carry=lambda h, c: (h, c),
)
torch_naive(
    "torch.Tensor.backward",
    "retain_graph=True in place of detach",
    sampled="sequential",
    raises="RuntimeError: modified by an inplace operation",
    because="backward() then goes on into the batch before, whose weights the optimizer has changed in place",
    source=BACKWARD,
    fix="detach h and c after every batch, and leave retain_graph at False",
    carry=lambda h, c: (h, c),
    retain_graph=True,
)
torch_naive(
    "torch.nn.LSTM",
    "only h detached",
    sampled="sequential",
    raises="RuntimeError: Trying to backward through the graph a second time",
    because="c belongs to the graph of the batch before, too",
    source=BACKWARD,
    fix="detach both h and c",
    carry=lambda h, c: (h.detach(), c),
)
