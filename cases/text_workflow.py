"""The way of a text through a classifier: ids, vectors, LSTM, the output of the last step, linear layer, softmax."""

from _recurrent import PACKED
from _text_workflow import (
    KERAS,
    LENGTH,
    SIZES,
    TEXT,
    TF1,
    TORCH,
    WEIGHTS,
    classify,
    dictionary,
    ids_of,
    keras_padded,
    numbered,
    sentences_of,
    tokenized,
    torch_padded,
    vectorized,
)
from _tf1 import Built, Variable, rnn_cell

from parity import Case, grid, integers

PAD_SEQUENCES = "https://keras.io/api/data_loading/timeseries/"
TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"
TORCH_LSTM = f"{TORCH_DOCS}/torch.nn.LSTM.html"
TORCH_EMBEDDING = f"{TORCH_DOCS}/torch.nn.Embedding.html"
KERAS_EMBEDDING = "https://keras.io/api/layers/core_layers/embedding/"
RNN = "https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/python/ops/rnn.py"
TORCH_PADDED, KERAS_PADDED = torch_padded(), keras_padded()

workflow = Case(
    "text_workflow",
    "Sentences as padded ids through word vectors, an LSTM whose last output counts, a linear layer, softmax and "
    "cross-entropy. Masked, the last step is that of the sentence; otherwise the LSTM runs on over the padding.",
    sizes=SIZES,
    inputs=dict(TEXT, label=integers("N", 0, "K")),
    weights=WEIGHTS,
    outputs=dict(logits="N K", probabilities="N K", loss=""),
    variants=grid(masked=[True, False]),
    dtypes=("float64", "float32"),
)


@workflow.reference
def _(np, words, ends, label, *, masked, **weights):
    ids, lengths = ids_of(words, ends)
    return classify(np, ids, lengths, label, masked, **weights)


# PyTorch


def packed_or_last(torch, lstm, x, ids, masked):
    """The output of the last step of each sentence, by packing; without a mask, that of each padded row."""
    if not masked:
        outputs, _ = lstm(x)
        return outputs[:, -1]
    lengths = (ids != 0).sum(1).cpu()
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(packed)
    return h[-1]


def gathered(torch, lstm, x, ids, masked):
    """The same without packing: a step within the sentence does not depend on the padding behind."""
    outputs, _ = lstm(x)
    last = (ids != 0).sum(1) - 1 if masked else torch.full_like(ids[:, 0], LENGTH - 1)
    return torch.gather(outputs, 1, last[:, None, None].expand(-1, 1, outputs.shape[2])).squeeze(1)


def torch_workflow(last, pad=TORCH_PADDED, padding_idx=None):
    """The workflow; ``last(torch, lstm, x, ids, masked)`` gives what is classified."""

    def build(torch, *, V, E, H, K, masked, capture):
        class Classifier(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = torch.nn.Embedding(V, E, padding_idx=padding_idx)
                self.lstm = torch.nn.LSTM(E, H, batch_first=True)
                self.linear = torch.nn.Linear(H, K)

            def forward(self, ids):
                return self.linear(last(torch, self.lstm, self.embedding(ids), ids, masked))

        model = Classifier()
        predict = capture(model)

        def call(words, ends, label):
            ids = pad(torch, sentences_of(words.tolist(), ends.tolist())).to(words.device)
            logits = predict(ids)
            return logits, torch.softmax(logits, dim=1), torch.nn.functional.cross_entropy(logits, label)

        return model, call

    return build


# The row for padding is as it is drawn: padding_idx=0 keeps it from training, which a mask does as well.
for api, last in (("torch.nn.utils.rnn.pack_padded_sequence", packed_or_last), ("torch.gather", gathered)):
    workflow.torch.layer(api, weights=TORCH)(torch_workflow(last))
workflow.limitation("torch.nn.utils.rnn.pack_padded_sequence", when=dict(masked=True), **PACKED)


# Keras and TensorFlow 1


def keras_workflow(pad=KERAS_PADDED, masked_pad=None, mask_zero=None):
    """The workflow; ``masked_pad`` is for the masked variant, ``mask_zero`` what the case asks for unless given."""

    def build(tf, *, V, E, H, K, masked, capture):
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [
                layers.Embedding(V, E, mask_zero=masked if mask_zero is None else mask_zero, name="embedding"),
                layers.LSTM(H, unroll=True, name="lstm"),
                layers.Dense(K, name="linear"),
            ]
        )
        model.build((None, LENGTH))
        predict = capture(lambda ids: model(ids))

        def call(words, ends, label):
            padded = masked_pad if masked and masked_pad else pad
            ids = tf.constant(padded(tf, sentences_of(words.numpy().tolist(), ends.numpy().tolist())))
            logits = predict(ids)
            losses = tf.nn.softmax_cross_entropy_with_logits(
                labels=tf.one_hot(label, K, dtype=logits.dtype), logits=logits
            )
            return logits, tf.nn.softmax(logits), tf.reduce_mean(losses)

        return model, call

    return build


def state_or_last(outputs, state, masked):
    return state.h if masked else outputs[:, -1]


def tf1_workflow(pad=tokenized, choose=state_or_last, forget_bias=0.0):
    """The workflow of TensorFlow 1; ``choose(outputs, state, masked)`` gives what is classified."""

    def build(tf, *, V, E, H, K, masked, capture, dtype):
        cell = rnn_cell().BasicLSTMCell(H, forget_bias=forget_bias, dtype=dtype)
        shapes = dict(embedding=[V, E], linear=[H, K], linear_bias=[K])
        embedding, *linear = (tf.Variable(tf.zeros(shape, dtype)) for shape in shapes.values())
        model = Built(E, cell)
        model.weights += [Variable(*named) for named in zip(shapes, (embedding, *linear), strict=True)]

        def predict(ids, lengths):
            outputs, state = tf.compat.v1.nn.dynamic_rnn(
                cell,
                tf.nn.embedding_lookup(embedding, ids),
                sequence_length=lengths if masked else None,
                dtype=dtype,
                time_major=False,
            )
            return tf.compat.v1.nn.xw_plus_b(choose(outputs, state, masked), *linear)

        predict = capture(predict)

        def call(words, ends, label):
            ids = tf.constant(pad(tf, sentences_of(words.numpy().tolist(), ends.numpy().tolist())))
            logits = predict(ids, tf.math.count_nonzero(ids, axis=1, dtype=tf.int32))
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
            return logits, tf.nn.softmax(logits), tf.reduce_mean(losses)

        return model, call

    return build


workflow.tensorflow.layer("keras.utils.pad_sequences", weights=KERAS)(keras_workflow())
# With a mask, the side of the padding does not matter: the LSTM waits in its state of zeros until the sentence begins.
workflow.tensorflow.layer("keras.layers.Embedding(mask_zero=True)", weights=KERAS)(
    keras_workflow(masked_pad=keras_padded(padding="pre"))
)
workflow.tensorflow.layer("keras.layers.TextVectorization", weights=KERAS)(keras_workflow(vectorized))
workflow.tensorflow.layer("tf.compat.v1.nn.dynamic_rnn", weights=TF1)(tf1_workflow())
workflow.limitation(
    "tf.compat.v1.nn.dynamic_rnn",
    modes=["compiled"],
    raises="UnimplementedError: Support for TensorList crossing the XLA/TF boundary is not implemented",
    because="XLA cannot hand the lists that the loop saves for its gradient to a tape outside of the compiled function",
    source="measured with tensorflow 2.21.0",
)


def torch_naive(api, title, *, masked, because, source, fix, wrong=(), **options):
    divergence = dict(when=dict(masked=masked), because=because, source=source, fix=fix, wrong=wrong)
    workflow.torch.naive(api, title, **divergence, weights=TORCH)(torch_workflow(**options))


def keras_naive(api, title, *, masked, because, source, fix, **options):
    divergence = dict(when=dict(masked=masked), because=because, source=source, fix=fix)
    workflow.tensorflow.naive(api, title, **divergence, weights=KERAS)(keras_workflow(**options))


def tf1_naive(api, title, *, masked, because, source, fix, **options):
    divergence = dict(when=dict(masked=masked), because=because, source=source, fix=fix)
    workflow.tensorflow.naive(api, title, **divergence, weights=TF1)(tf1_workflow(**options))


def last_output(torch, lstm, x, ids, masked):
    return lstm(x)[0][:, -1]


def last_unpacked(torch, lstm, x, ids, masked):
    lengths = (ids != 0).sum(1)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=LENGTH)
    return outputs[:, -1]


def padded_by_default(tf, sentences):
    return tf.keras.utils.pad_sequences(numbered(sentences), maxlen=LENGTH, truncating="post")


def cut_by_default(tf, sentences):
    return tf.keras.utils.pad_sequences(numbered(sentences), maxlen=LENGTH, padding="post")


def vectorized_from_2(tf, sentences):
    layer = tf.keras.layers.TextVectorization(
        standardize=None, output_sequence_length=LENGTH, vocabulary=dictionary(sentences)
    )
    return layer(tf.constant(sentences))


torch_naive(
    "torch.nn.LSTM",
    "last output of the padded row",
    masked=True,
    because="outputs[:, -1] is the last step of the padded row: the LSTM has run on over the padding",
    source=TORCH_LSTM,
    fix="pack the batch and take the final h, or gather the output at length - 1",
    last=last_output,
)
torch_naive(
    "torch.nn.utils.rnn.pad_packed_sequence",
    "zeros after the end taken for the last output",
    masked=True,
    because="pad_packed_sequence puts zeros behind each sentence, and outputs[:, -1] is among them",
    source=f"{TORCH_DOCS}/torch.nn.utils.rnn.pad_packed_sequence.html",
    fix="take the final h, or gather the output at length - 1",
    last=last_unpacked,
)
torch_naive(
    "torch.nn.Embedding(padding_idx=0)",
    "taken for mask_zero=True",
    masked=True,
    because="padding_idx keeps the row from training, and masks nothing: the LSTM runs on over the padding",
    source=TORCH_EMBEDDING,
    fix="pack the batch and take the final h, or gather the output at length - 1",
    last=last_output,
    padding_idx=0,
)
torch_naive(
    "torch.nn.utils.rnn.pad_sequence",
    "padding_side='left' in a batch that is packed",
    masked=True,
    because="a packed sequence takes the first steps of each row; there the padding is, not the sentence",
    source=f"{TORCH_DOCS}/torch.nn.utils.rnn.pad_sequence.html",
    fix="leave padding_side at 'right'",
    last=packed_or_last,
    pad=torch_padded(side="left"),
)
torch_naive(
    "torch.nn.Embedding(padding_idx=0)",
    "for a row that Keras trains",
    masked=False,
    wrong="grad:embedding",
    because="without a mask the row of the padding takes part like all others, and Keras trains it",
    source=TORCH_EMBEDDING,
    fix="leave padding_idx out, or keep the row as it is in both frameworks",
    last=packed_or_last,
    padding_idx=0,
)
keras_naive(
    "keras.layers.Embedding",
    "mask_zero left at its default",
    masked=True,
    because="without mask_zero=True id 0 is a token like others: the LSTM runs on over the padding",
    source=KERAS_EMBEDDING,
    fix="pass mask_zero=True",
    mask_zero=False,
)
keras_naive(
    "keras.layers.Embedding",
    "mask_zero=True for a port without lengths",
    masked=False,
    because="the mask makes the LSTM skip the padding; outputs[:, -1] of torch.nn.LSTM comes after it",
    source=KERAS_EMBEDDING,
    fix="leave mask_zero out, or pack the sentences in PyTorch",
    mask_zero=True,
)
for title, pad, because, fix in (
    (
        "padding left at its default",
        padded_by_default,
        "padding='pre' is the default: the LSTM then ends on the sentence, not on the padding",
        "pass padding='post'",
    ),
    (
        "truncating left at its default",
        cut_by_default,
        "truncating='pre' is the default: a sentence that is too long loses its beginning",
        "pass truncating='post'",
    ),
):
    keras_naive(
        "keras.utils.pad_sequences", title, masked=False, because=because, source=PAD_SEQUENCES, fix=fix, pad=pad
    )
keras_naive(
    "keras.layers.TextVectorization",
    "ids taken as they are",
    masked=False,
    because="id 1 stands for unknown tokens and the others begin at 2: each token gets the vector of another",
    source="https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/",
    fix="subtract 1 from all ids above 0, or move the rows of the embedding by one",
    pad=vectorized_from_2,
)
tf1_naive(
    "tf.compat.v1.nn.dynamic_rnn",
    "zeros after the end taken for the last output",
    masked=True,
    because="with sequence_length, dynamic_rnn puts out zeros after the end, and outputs[:, -1] is among them",
    source=RNN,
    fix="take state.h",
    choose=lambda outputs, state, masked: outputs[:, -1],
)
tf1_naive(
    "tf.compat.v1.nn.dynamic_rnn",
    "sequence_length with padding at the front",
    masked=True,
    because="sequence_length counts steps from the first on; there pad_sequences puts the padding by default",
    source=RNN,
    fix="pass padding='post' to pad_sequences",
    pad=padded_by_default,
)
tf1_naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "forget_bias left at its default",
    masked=False,
    because="BasicLSTMCell adds 1 to the forget gate in every step; Keras and PyTorch add nothing",
    source="tf_keras/src/layers/rnn/legacy_cells.py of tf_keras 2.21.0: BasicLSTMCell",
    fix="pass forget_bias=0.0, or add 1 to the bias of the forget gate in the other framework",
    forget_bias=1.0,
)
