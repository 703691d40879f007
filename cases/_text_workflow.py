"""From raw text to padded ids in each framework, and the classifier that gets them: its formula and its weights."""

from collections import Counter

from _recurrent import lstm_step

from parity import concat, integers, normal, zeros

LENGTH = 7
"""The number of tokens that every sentence is cut or padded to."""

SIZES = dict(N=4, W=9, L=LENGTH, V=14, E=3, H=5, J=lambda H: H, K=2, G=("i", "f", "g", "o"))
"""Sentences have up to W words of 11; the embedding has a row for each, for the full stop, for padding, and a spare."""

TEXT = dict(words=integers("N W", 1, 12), ends=integers("N", 1, LENGTH - 1))


def sentences_of(words, ends, long=1):
    """Sentences such as ``"w7 W3 ."``, made from lists of numbers. Words 2n and 2n + 1 differ in case only.

    Sentence n has its first ``ends[n]`` words and a full stop: it is shorter than LENGTH with every seed. Sentence
    ``long``, if any, has all words: it is longer than LENGTH, and ends with its only full stop.
    """
    if long is not None:
        ends = [*ends[:long], len(words[long]), *ends[long + 1 :]]
    rows = [[f"{'wW'[word % 2]}{word // 2}" for word in row[:end]] for row, end in zip(words, ends, strict=True)]
    return [" ".join([*row, "."]) for row in rows]


def ids_of(words, ends, long=1):
    """The ids by the definition: tokens numbered from 1, the most frequent first, else in order of appearance."""
    texts = [sentence.split() for sentence in sentences_of(words.tolist(), ends.tolist(), long)]
    tokens = [token for text in texts for token in text]
    order = sorted(set(tokens), key=lambda token: (-tokens.count(token), tokens.index(token)))
    ids = [[order.index(token) + 1 for token in text][:LENGTH] for text in texts]
    return [row + [0] * (LENGTH - len(row)) for row in ids], [len(row) for row in ids]


def dictionary(sentences):
    """The tokens with the most frequent first; ``most_common`` keeps the order of appearance among equals."""
    return [token for token, _ in Counter(" ".join(sentences).split()).most_common()]


def numbered(sentences, first=1):
    """Each sentence as a list of ids, where ``first`` is the id of the most frequent token."""
    ids = {token: number for number, token in enumerate(dictionary(sentences), start=first)}
    return [[ids[token] for token in sentence.split()] for sentence in sentences]


# Ways to padded ids: functions of the framework and the sentences


def torch_sequences(torch, sentences, first=1):
    return [torch.tensor(ids[:LENGTH]) for ids in numbered(sentences, first)]


def torch_padded(first=1, side="right"):
    """Cut to the length, pad to the longest sentence, and then up to the length."""

    def pad(torch, sentences):
        padded = torch.nn.utils.rnn.pad_sequence(
            torch_sequences(torch, sentences, first), batch_first=True, padding_value=0, padding_side=side
        )
        missing = LENGTH - padded.shape[1]
        return torch.nn.functional.pad(padded, (missing, 0) if side == "left" else (0, missing), value=0)

    return pad


def keras_padded(padding="post"):
    def pad(tf, sentences):
        return tf.keras.utils.pad_sequences(
            numbered(sentences), maxlen=LENGTH, padding=padding, truncating="post", value=0
        )

    return pad


def vectorized(tf, sentences):
    """``TextVectorization`` keeps id 0 for padding and id 1 for unknown tokens: its own tokens begin at 2."""
    layer = tf.keras.layers.TextVectorization(
        standardize=None, split="whitespace", output_sequence_length=LENGTH, vocabulary=dictionary(sentences)
    )
    return tf.maximum(layer(tf.constant(sentences)) - 1, 0)


def tokenized(tf, sentences):
    """What people used before ``TextVectorization``; without ``filters=""`` it drops the full stops."""
    tokenizer = tf.keras.preprocessing.text.Tokenizer(filters="", lower=False)
    tokenizer.fit_on_texts(sentences)
    return tf.keras.preprocessing.sequence.pad_sequences(
        tokenizer.texts_to_sequences(sentences), maxlen=LENGTH, padding="post", truncating="post", value=0
    )


def split_up(tf, sentences):
    """The tokens of each sentence as strings, cut to the length, with empty strings behind."""
    return tf.strings.split(sentences)[:, :LENGTH].to_tensor(default_value="", shape=[None, LENGTH])


def looked_up(tf, sentences):
    layer = tf.keras.layers.StringLookup(mask_token="", num_oov_indices=0, vocabulary=dictionary(sentences))
    return layer(split_up(tf, sentences))


def table(tf, sentences):
    tokens = dictionary(sentences)
    entries = tf.lookup.KeyValueTensorInitializer(tf.constant(tokens), tf.range(1, len(tokens) + 1))
    return tf.lookup.StaticHashTable(entries, default_value=0).lookup(split_up(tf, sentences))


# The classifier

WEIGHTS = {
    name: normal(axes, std=0.5)
    for name, axes in dict(
        embedding="V E", kernel="G H E", recurrent="G H J", bias="G H", linear="K H", linear_bias="K"
    ).items()
}
TORCH = {
    "embedding.weight": "embedding: V E",
    "lstm.weight_ih_l0": "kernel: (G H) E",
    "lstm.weight_hh_l0": "recurrent: (G H) J",
    "lstm.bias_ih_l0": "bias: (G H)",
    "lstm.bias_hh_l0": zeros("(G H)"),
    "linear.weight": "linear: K H",
    "linear.bias": "linear_bias: K",
}
KERAS = {
    "embedding/embeddings": "embedding: V E",
    "lstm/lstm_cell/kernel": "kernel: E (G H)",
    "lstm/lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "lstm/lstm_cell/bias": "bias: (G H)",
    "linear/kernel": "linear: H K",
    "linear/bias": "linear_bias: K",
}
TF1_GATES = "(G[i g f o] H)"
TF1 = dict(
    kernel=concat(f"kernel: E {TF1_GATES}", f"recurrent: J {TF1_GATES}"),
    bias=f"bias: {TF1_GATES}",
    embedding="embedding: V E",
    linear="linear: H K",
    linear_bias="linear_bias: K",
)


def classify(np, ids, lengths, label, masked, *, embedding, kernel, recurrent, bias, linear, linear_bias):
    """Logits, probabilities and loss from the output of the last step: of the sentence, or of the padded row."""
    x = embedding[np.array(ids)]
    h = c = np.zeros((len(ids), recurrent.shape[2]))
    for t in range(x.shape[1]):
        new_h, new_c = lstm_step(np, x[:, t], h, c, kernel, recurrent, bias)
        taken = (t < np.array(lengths) if masked else np.full(len(ids), True))[:, None]
        h, c = np.where(taken, new_h, h), np.where(taken, new_c, c)
    logits = np.dot(h, linear.T) + linear_bias
    exponentials = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    probabilities = exponentials / np.sum(exponentials, axis=1, keepdims=True)
    losses = np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(len(label)), label]
    return logits, probabilities, np.mean(losses)
