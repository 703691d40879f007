"""Gradients shortened to a maximal norm: all together, each on its own, and those of an embedding table."""

from _losses import one_hot

from parity import Case, buffer, grid, integers, normal

TF_GLOBAL = "https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm"

clip_by_global_norm = Case(
    "clip_by_global_norm",
    "Gradients scaled together so that the norm of all their elements is at most a maximum; the norm before that.",
    sizes=dict(A=4, B=5, C=3),
    inputs=dict(kernel=normal("A B", gradient=False), bias=normal("C", gradient=False)),
    outputs=dict(clipped_kernel=buffer("A B"), clipped_bias=buffer("C"), norm=buffer("")),
    variants=grid(max_norm=[1.0, 100.0]),
)


@clip_by_global_norm.reference
def _(np, kernel, bias, *, max_norm):
    norm = np.sqrt(np.sum(kernel * kernel) + np.sum(bias * bias))
    scale = max_norm / np.maximum(norm, max_norm)
    return kernel * scale, bias * scale, norm


@clip_by_global_norm.torch("torch.linalg.vector_norm")
def _(torch, kernel, bias, *, max_norm):
    norm = torch.linalg.vector_norm(torch.cat([kernel.flatten(), bias]))
    scale = max_norm / norm.clamp(min=max_norm)
    return kernel * scale, bias * scale, norm


@clip_by_global_norm.torch("torch.nn.utils.get_total_norm")
def _(torch, kernel, bias, *, max_norm):
    norm = torch.nn.utils.get_total_norm([kernel, bias])
    scale = max_norm / norm.clamp(min=max_norm)
    return kernel * scale, bias * scale, norm


@clip_by_global_norm.tensorflow("tf.clip_by_global_norm")
def _(tf, kernel, bias, *, max_norm):
    (clipped_kernel, clipped_bias), norm = tf.clip_by_global_norm([kernel, bias], max_norm)
    return clipped_kernel, clipped_bias, norm


@clip_by_global_norm.tensorflow("tf.linalg.global_norm")
def _(tf, kernel, bias, *, max_norm):
    norm = tf.linalg.global_norm([kernel, bias])
    scale = max_norm / tf.maximum(norm, max_norm)
    return kernel * scale, bias * scale, norm


def parameters_with_gradients(torch, *gradients):
    parameters = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    return parameters


@clip_by_global_norm.torch.naive(
    "torch.nn.utils.clip_grad_norm_",
    "1e-6 in the denominator",
    when=dict(max_norm=1.0),
    wrong="output:clipped_*",
    size=(8.1e-08, 5.3e-07),
    because="it scales by max_norm / (norm + 1e-6), TensorFlow by max_norm / norm",
    source="torch/nn/utils/clip_grad.py of PyTorch 2.13.0: _clip_grads_with_norm_",
    fix="scale by max_norm / norm.clamp(min=max_norm), with the norm from torch.nn.utils.get_total_norm",
)
def _(torch, kernel, bias, *, max_norm):
    parameters = parameters_with_gradients(torch, kernel, bias)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return *(parameter.grad for parameter in parameters), norm


@clip_by_global_norm.torch.naive(
    "torch.nn.utils.clip_grad_norm_",
    "each parameter by itself",
    when=dict(max_norm=1.0),
    wrong="output:clipped_*",
    size={"output:clipped_kernel": (1e-5, 1)},
    because="every gradient is then as long as the maximum by itself, and their common direction changes",
    source=TF_GLOBAL,
    fix="pass all parameters in one call",
)
def _(torch, kernel, bias, *, max_norm):
    parameters = parameters_with_gradients(torch, kernel, bias)
    norms = [torch.nn.utils.clip_grad_norm_([parameter], max_norm) for parameter in parameters]
    return *(parameter.grad for parameter in parameters), torch.linalg.vector_norm(torch.stack(norms))


@clip_by_global_norm.torch.naive(
    "torch.nn.utils.clip_grad_value_",
    "value for norm",
    when=dict(max_norm=1.0),
    wrong="output:clipped_*",
    because="it limits each element, whereas the norm of all elements is to be limited",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html",
    fix="use torch.nn.utils.clip_grad_norm_",
)
def _(torch, kernel, bias, *, max_norm):
    parameters = parameters_with_gradients(torch, kernel, bias)
    norm = torch.nn.utils.get_total_norm([kernel, bias])
    torch.nn.utils.clip_grad_value_(parameters, max_norm)
    return *(parameter.grad for parameter in parameters), norm


@clip_by_global_norm.tensorflow.naive(
    "tf.clip_by_global_norm",
    "result not applied",
    when=dict(max_norm=1.0),
    wrong="output:clipped_*",
    because="it returns new tensors; torch.nn.utils.clip_grad_norm_ changes the gradients in place",
    source=TF_GLOBAL,
    fix="apply the gradients that it returns",
)
def _(tf, kernel, bias, *, max_norm):
    _, norm = tf.clip_by_global_norm([kernel, bias], max_norm)
    return kernel, bias, norm


@clip_by_global_norm.tensorflow.naive(
    "tf.clip_by_global_norm",
    "list and norm taken for a list",
    when=dict(max_norm=1.0),
    raises="InvalidArgumentError: Shapes of all inputs must match",
    because="it returns the pair (clipped gradients, norm), not the list of clipped gradients",
    source=TF_GLOBAL,
    fix="unpack it: clipped, norm = tf.clip_by_global_norm(...)",
)
def _(tf, kernel, bias, *, max_norm):
    clipped_kernel, clipped_bias = tf.clip_by_global_norm([kernel, bias], max_norm)
    return tf.convert_to_tensor(clipped_kernel), clipped_bias, tf.linalg.global_norm([kernel, bias])


@clip_by_global_norm.tensorflow.naive(
    "tf.clip_by_norm",
    "each gradient by itself",
    when=dict(max_norm=1.0),
    wrong="output:clipped_*",
    size={"output:clipped_kernel": (1e-5, 1)},
    because="tf.clip_by_norm, like clipnorm= of a Keras optimizer, limits each gradient by itself",
    source="https://keras.io/api/optimizers/",
    fix="use tf.clip_by_global_norm, or global_clipnorm= of the optimizer",
)
def _(tf, kernel, bias, *, max_norm):
    norm = tf.linalg.global_norm([kernel, bias])
    return tf.clip_by_norm(kernel, max_norm), tf.clip_by_norm(bias, max_norm), norm


clip_by_norm = Case(
    "clip_by_norm",
    "Each row scaled so that its norm is at most a maximum; the gradient passes through the norm.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N C"),
    variants=grid(max_norm=[1.0, 100.0]),
)


@clip_by_norm.reference
def _(np, x, *, max_norm):
    return x * max_norm / np.maximum(np.sqrt(np.sum(x * x, 1, keepdims=True)), max_norm)


@clip_by_norm.torch("torch.linalg.vector_norm")
def _(torch, x, *, max_norm):
    return x * max_norm / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp(min=max_norm)


@clip_by_norm.tensorflow("tf.clip_by_norm")
def _(tf, x, *, max_norm):
    return tf.clip_by_norm(x, max_norm, axes=[1])


@clip_by_norm.torch.naive(
    "torch.renorm",
    "1e-7 in the denominator",
    when=dict(max_norm=1.0),
    size=(2.6e-08, 1.8e-07),
    because="it scales by max_norm / (norm + 1e-7)",
    source="aten/src/ATen/native/cpu/RenormKernel.cpp of PyTorch: renorm_scale_factor_impl",
    fix="divide by the norm, clamped from below at max_norm",
)
def _(torch, x, *, max_norm):
    return torch.renorm(x, 2, 0, max_norm)


@clip_by_norm.tensorflow.naive(
    "tf.clip_by_norm",
    "axes left out",
    when=dict(max_norm=1.0),
    because="without axes the norm is that of the whole tensor, not that of each row",
    source="https://www.tensorflow.org/api_docs/python/tf/clip_by_norm",
    fix="pass axes=[1]",
)
def _(tf, x, *, max_norm):
    return tf.clip_by_norm(x, max_norm)


embedding_gradient_clipping = Case(
    "embedding_gradient_clipping",
    "The clipped gradient of an embedding table in which ids are looked up repeatedly, and its norm.",
    sizes=dict(N=12, V=4, D=5),
    inputs=dict(ids=integers("N", 0, "V"), table=normal("V D", gradient=False), upstream=normal("N D", gradient=False)),
    outputs=dict(clipped=buffer("V D"), norm=buffer("")),
)


@embedding_gradient_clipping.reference
def _(np, ids, table, upstream, *, V):
    gradient = np.einsum("nv,nd->vd", one_hot(np, ids, V), upstream)
    norm = np.sqrt(np.sum(gradient * gradient))
    return gradient / np.maximum(norm, 1), norm


@embedding_gradient_clipping.torch("torch.nn.utils.get_total_norm")
def _(torch, ids, table, upstream):
    _, pullback = torch.func.vjp(lambda table: torch.nn.functional.embedding(ids, table), table)
    (gradient,) = pullback(upstream)
    norm = torch.nn.utils.get_total_norm([gradient])
    return gradient / norm.clamp(min=1), norm


def sparse_gradient(tf, ids, table, upstream):
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = tf.nn.embedding_lookup(table, ids)
    return tape.gradient(y, table, upstream)


@embedding_gradient_clipping.tensorflow("tf.convert_to_tensor + tf.clip_by_global_norm")
def _(tf, ids, table, upstream):
    dense = tf.convert_to_tensor(sparse_gradient(tf, ids, table, upstream))
    (clipped,), norm = tf.clip_by_global_norm([dense], 1.0)
    return clipped, norm


@embedding_gradient_clipping.tensorflow.naive(
    "tf.clip_by_global_norm",
    "norm of unsummed slices",
    because="the gradient of a lookup is a list of slices, one per looked-up id, and the norm takes each by itself: "
    "ids that occur twice count as two gradients, not as their sum",
    source="tensorflow/python/ops/clip_ops.py of TensorFlow: global_norm takes the values of IndexedSlices",
    fix="convert the gradient with tf.convert_to_tensor first; or copy the norm of the slices to keep TensorFlow's",
)
def _(tf, ids, table, upstream):
    (clipped,), norm = tf.clip_by_global_norm([sparse_gradient(tf, ids, table, upstream)], 1.0)
    return tf.convert_to_tensor(clipped), norm
