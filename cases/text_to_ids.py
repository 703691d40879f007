"""From raw text to padded ids: tokens, a dictionary, and sentences of one length."""

from _text_workflow import (
    LENGTH,
    SIZES,
    TEXT,
    dictionary,
    ids_of,
    keras_padded,
    looked_up,
    numbered,
    sentences_of,
    split_up,
    table,
    tokenized,
    torch_padded,
    torch_sequences,
    vectorized,
)

from parity import Case, buffer, grid

PAD_SEQUENCES = "https://keras.io/api/data_loading/timeseries/"
PAD_SEQUENCE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html"
VECTORIZATION = "https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/"
LOOKUP = "https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/"
TOKENIZER = "https://www.tensorflow.org/api_docs/python/tf/keras/preprocessing/text/Tokenizer"

text_to_ids = Case(
    "text_to_ids",
    "Sentences split at spaces, tokens numbered from 1 with the most frequent first, and each sentence cut or padded "
    "with zeros to seven ids.",
    sizes={axis: SIZES[axis] for axis in "NWL"},
    inputs=TEXT,
    outputs=dict(ids=buffer("N L")),
    variants=grid(too_long=[True, False]),
    dtypes=("float64", "float32"),
    exact=True,
    eager_only="texts are Python strings, which a captured function would hold as constants",
)


def long_sentence(too_long):
    """The number of the sentence that is cut: the last one, so that the last id is that of a token."""
    return SIZES["N"] - 1 if too_long else None


@text_to_ids.reference
def _(np, words, ends, *, too_long):
    ids, _ = ids_of(words, ends, long_sentence(too_long))
    return np.array(ids) * 1.0


def torch_ids(pad):
    def compute(torch, words, ends, *, too_long):
        ids = pad(torch, sentences_of(words.tolist(), ends.tolist(), long_sentence(too_long)))
        return ids.to(words.device, torch.get_default_dtype())

    return compute


def tensorflow_ids(pad):
    def compute(tf, words, ends, *, too_long):
        ids = pad(tf, sentences_of(words.numpy().tolist(), ends.numpy().tolist(), long_sentence(too_long)))
        return tf.cast(ids, tf.keras.config.floatx())

    return compute


text_to_ids.torch("torch.nn.utils.rnn.pad_sequence")(torch_ids(torch_padded()))
for api, pad in {
    "keras.utils.pad_sequences": keras_padded(),
    "keras.layers.TextVectorization": vectorized,
    "tf.keras.preprocessing.text.Tokenizer": tokenized,
    "keras.layers.StringLookup": looked_up,
    "tf.lookup.StaticHashTable": table,
}.items():
    text_to_ids.tensorflow(api)(tensorflow_ids(pad))


def adapted(tf, sentences):
    layer = tf.keras.layers.TextVectorization(standardize=None, output_sequence_length=LENGTH)
    layer.adapt(sentences)
    return layer(tf.constant(sentences))


def standardized(tf, sentences):
    layer = tf.keras.layers.TextVectorization(output_sequence_length=LENGTH, vocabulary=dictionary(sentences))
    return tf.maximum(layer(tf.constant(sentences)) - 1, 0)


def with_tokenizer(tf, tokenizer, sentences):
    tokenizer.fit_on_texts(sentences)
    ids = tokenizer.texts_to_sequences(sentences)
    return tf.keras.utils.pad_sequences(ids, maxlen=LENGTH, padding="post", truncating="post")


def filtered(tf, sentences):
    return with_tokenizer(tf, tf.keras.preprocessing.text.Tokenizer(lower=False), sentences)


def with_unknown(tf, sentences):
    tokenizer = tf.keras.preprocessing.text.Tokenizer(filters="", lower=False, oov_token="?")
    return with_tokenizer(tf, tokenizer, sentences)


def tokenizer_of_keras_2(tf, sentences):
    import keras

    return with_tokenizer(tf, keras.preprocessing.text.Tokenizer(filters="", lower=False), sentences)


def torch_naive(title, pad, *, because, fix, **way):
    api = "torch.nn.utils.rnn.pad_sequence"
    add = text_to_ids.torch.naive(api, title, because=because, source=PAD_SEQUENCE, fix=fix, **way)
    add(torch_ids(pad))


def tensorflow_naive(api, title, pad, **divergence):
    add = text_to_ids.tensorflow.naive(api, title, **divergence)
    add(tensorflow_ids(pad))


torch_naive(
    "batch_first left out",
    lambda torch, sentences: torch.nn.utils.rnn.pad_sequence(torch_sequences(torch, sentences)),
    when=dict(too_long=True),
    kind="shape",
    because="without it the steps come first; pad_sequences of Keras puts the sentences first",
    fix="pass batch_first=True",
)
torch_naive(
    "longest sentence taken for the fixed length",
    lambda torch, sentences: torch.nn.utils.rnn.pad_sequence(torch_sequences(torch, sentences), batch_first=True),
    when=dict(too_long=False),
    kind="shape",
    because="pad_sequence pads to the longest sentence of the batch; it has no maxlen as pad_sequences has",
    fix="pad on to the fixed length with torch.nn.functional.pad",
)
torch_naive(
    "padding_side='left' for padding='post'",
    torch_padded(side="left"),
    because="the zeros then come before the sentence, as pad_sequences of Keras puts them by default",
    fix="leave padding_side at 'right'",
)
torch_naive(
    "dictionary numbered from 0",
    torch_padded(first=0),
    size=(0.034, 0.49),
    because="the most frequent token then has the id of the padding",
    fix="number the tokens from 1",
)
tensorflow_naive(
    "keras.utils.pad_sequences",
    "padding left at its default",
    lambda tf, sentences: tf.keras.utils.pad_sequences(numbered(sentences), maxlen=LENGTH, truncating="post"),
    because="padding='pre' is the default: the zeros come before the sentence, and pad_sequence puts them behind",
    source=PAD_SEQUENCES,
    fix="pass padding='post'",
)
tensorflow_naive(
    "keras.utils.pad_sequences",
    "truncating left at its default",
    lambda tf, sentences: tf.keras.utils.pad_sequences(numbered(sentences), maxlen=LENGTH, padding="post"),
    when=dict(too_long=True),
    because="truncating='pre' is the default: a sentence that is too long loses its beginning",
    source=PAD_SEQUENCES,
    fix="pass truncating='post'",
)
tensorflow_naive(
    "keras.utils.pad_sequences",
    "maxlen left out",
    lambda tf, sentences: tf.keras.utils.pad_sequences(numbered(sentences), padding="post", truncating="post"),
    kind="shape",
    because="without maxlen every sentence is padded to the longest, and none is cut",
    source=PAD_SEQUENCES,
    fix="pass maxlen",
)
tensorflow_naive(
    "keras.layers.TextVectorization",
    "ids of an adapted layer taken as they are",
    adapted,
    because="id 1 stands for unknown tokens: the tokens of the text begin at 2, and the embedding needs one row more",
    source=VECTORIZATION,
    fix="subtract 1 from all ids above 0",
)
tensorflow_naive(
    "keras.layers.TextVectorization",
    "standardize left at its default",
    standardized,
    because="standardize='lower_and_strip_punctuation' is the default: the full stop is no token then",
    source=VECTORIZATION,
    fix="pass standardize=None",
)
tensorflow_naive(
    "tf.keras.preprocessing.text.Tokenizer",
    "filters left at its default",
    filtered,
    because="the default drops punctuation: the full stop, the most frequent token here, has no id",
    source=TOKENIZER,
    fix='pass filters=""',
)
tensorflow_naive(
    "tf.keras.preprocessing.text.Tokenizer",
    "oov_token for ids from 1",
    with_unknown,
    size=(0.034, 0.49),
    because="the token for unknown words takes id 1, and all others move up by one",
    source=TOKENIZER,
    fix="leave oov_token out, or number the tokens from 2 in the other framework",
)
tensorflow_naive(
    "keras.layers.StringLookup",
    "num_oov_indices left at its default",
    lambda tf, sentences: tf.keras.layers.StringLookup(mask_token="", vocabulary=dictionary(sentences))(
        split_up(tf, sentences)
    ),
    size=(0.034, 0.49),
    because="one id is kept for unknown tokens by default: after the mask's 0 and this 1, tokens begin at 2",
    source=LOOKUP,
    fix="pass num_oov_indices=0, or number the tokens from 2 in the other framework",
)
tensorflow_naive(
    "keras.preprocessing.text.Tokenizer",
    "name of Keras 2",
    tokenizer_of_keras_2,
    raises="AttributeError: module 'keras.preprocessing' has no attribute 'text'",
    because="Keras 3 has left the text tools of Keras 2 out of keras.preprocessing; TensorFlow still lists them",
    source="measured with keras 3.15.1 and tensorflow 2.21.0",
    fix="call tf.keras.preprocessing.text.Tokenizer, or use TextVectorization",
)
