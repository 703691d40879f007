"""Lengths of padded sequences that PyTorch cannot pack: zero, unsorted, longer than the data."""

from parity import Case, grid, integers, normal

TORCH_PACK = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html"

packed_steps = Case(
    "packed_steps",
    "Padded sequences whose steps from each length on are zero.",
    sizes=dict(N=6, T=5, C=3),
    inputs=dict(x=normal("N T C"), lengths=integers("N", 1, 6)),
    outputs=dict(y="N T C"),
    variants=grid(shortest=[1, 0]),
    exact=True,
)


@packed_steps.reference
def _(np, x, lengths, *, T, shortest):
    return np.where((np.arange(T) < (lengths - 1 + shortest)[:, None])[..., None], x, 0)


@packed_steps.torch("torch.where")
def _(torch, x, lengths, *, T, shortest):
    late = torch.arange(T, device=x.device) >= (lengths - 1 + shortest)[:, None]
    return torch.where(late[..., None], 0, x)


def packed_and_padded(torch, x, lengths, **settings):
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, **settings)
    return rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]


@packed_steps.torch("torch.nn.utils.rnn.pack_padded_sequence")
def _(torch, x, lengths, *, shortest):
    lengths = lengths if shortest else lengths - lengths.min()
    return packed_and_padded(torch, x, lengths, enforce_sorted=False)


packed_steps.limitation(
    "torch.nn.utils.rnn.pack_padded_sequence",
    raises="RuntimeError: Length of all samples has to be greater than 0",
    because="an empty sequence cannot be packed; TensorFlow's RNNs leave its state as it is",
    source="https://github.com/pytorch/pytorch/issues/4582",
    when=dict(shortest=0),
    modes=["eager"],
)
packed_steps.limitation(
    "torch.nn.utils.rnn.pack_padded_sequence",
    raises="Unsupported: the function `pack_padded_sequence` in file",
    because="torch.compile does not capture packing: pack outside, or mask with torch.where",
    source="measured with torch 2.13.0",
    modes=["graph", "compiled"],
)


@packed_steps.tensorflow("tf.sequence_mask")
def _(tf, x, lengths, *, T, shortest):
    return tf.where(tf.sequence_mask(lengths - 1 + shortest, T)[..., None], x, tf.zeros([], x.dtype))


@packed_steps.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "lengths not sorted",
    when=dict(shortest=1),
    raises="RuntimeError: must be sorted in decreasing order",
    because="sequences must come longest first unless enforce_sorted=False; sequence_length takes any order",
    source=TORCH_PACK,
    fix="pass enforce_sorted=False",
)
def _(torch, x, lengths):
    return packed_and_padded(torch, x, torch.arange(len(lengths)).clamp(1, 5))


@packed_steps.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "longer than the data",
    when=dict(shortest=1),
    raises="RuntimeError: is invalid for input of size",
    because="a length beyond the time axis is not checked: the packed sequence contradicts its own batch sizes",
    source="measured with torch 2.13.0",
    fix="limit the lengths to the time axis with clamp",
)
def _(torch, x, lengths):
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, lengths.cpu() + 5, batch_first=True, enforce_sorted=False)
    return rnn.pad_packed_sequence(packed, batch_first=True)[0]


@packed_steps.torch.naive(
    "torch.nn.utils.rnn.pad_packed_sequence",
    "total length left out",
    when=dict(shortest=1),
    kind="shape",
    because="the result is as long as the longest sequence of the batch, not as the padded input",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html",
    fix="pass total_length",
)
def _(torch, x, lengths):
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, lengths.clamp(max=4).cpu(), batch_first=True, enforce_sorted=False)
    return rnn.pad_packed_sequence(packed, batch_first=True)[0]
