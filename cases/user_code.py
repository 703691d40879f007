"""What users write around layers: a kernel put in by hand, and the statistics of what a layer returns."""

from _user_code import Owner

from parity import Case, buffer, normal

TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"

assigned_kernel = Case(
    "assigned_kernel",
    "A convolution by 1 x 1 without padding, whose kernel is put in by hand and trained from there.",
    sizes=dict(N=1, C=5, H=3, W=4, O=1, KH=1, KW=1),
    inputs=dict(x=normal("N C H W")),
    weights=dict(kernel=normal("O C KH KW")),
    outputs=dict(y="N O H W"),
)
IMAGES = dict(x="N H W C", y="N H W O")
KERNEL = dict(kernel="KH KW C O")


@assigned_kernel.reference
def _(np, x, kernel):
    return np.einsum("nchw,oc->nohw", x, kernel[:, :, 0, 0])


@assigned_kernel.torch.layer("torch.nn.Conv2d", weights=dict(weight="kernel: O C KH KW"))
def _(torch):
    conv = torch.nn.Conv2d(5, 1, (1, 1), 1, bias=False)
    conv.weight.data = torch.ones([1, 5, 1, 1])
    return conv


@assigned_kernel.tensorflow.layer("tf.nn.conv2d", weights=dict(kernel="kernel: KH KW C O"), **IMAGES)
def _(tf, *, dtype):
    kernel = tf.Variable(tf.random.normal([1, 1, 5, 1], dtype=dtype))
    kernel.assign(tf.ones([1, 1, 5, 1], dtype))

    def call(x):
        return tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID")

    return Owner(dict(kernel=kernel)), call


@assigned_kernel.tensorflow.layer("tf.compat.v1.nn.conv2d", weights=dict(kernel="kernel: KH KW C O"), **IMAGES)
def _(tf, *, dtype):
    v1 = tf.compat.v1
    kernel = tf.Variable(v1.random_normal([1, 1, 5, 1], dtype=dtype))
    v1.assign(kernel, tf.ones([1, 1, 5, 1], dtype))

    def call(x):
        return v1.nn.conv2d(x, filter=kernel, strides=[1, 1, 1, 1], padding="VALID")

    return Owner(dict(kernel=kernel)), call


@assigned_kernel.tensorflow.layer("keras.layers.Conv2D", weights=dict(kernel="kernel: KH KW C O"), **IMAGES)
def _(tf):
    conv = tf.keras.layers.Conv2D(1, (1, 1), strides=1, padding="valid", use_bias=False)
    conv.build([None, 3, 4, 5])
    conv.set_weights([tf.ones([1, 1, 5, 1]).numpy()])
    return conv


@assigned_kernel.torch.naive(
    "torch.nn.Conv2d",
    "tensor assigned to the parameter itself",
    raises="TypeError: as parameter 'weight' (torch.nn.Parameter or None expected)",
    because="a module takes nothing but a parameter under the name of one",
    source="torch/nn/modules/module.py of PyTorch 2.13.0: Module.__setattr__",
    fix="assign to conv.weight.data, or call conv.weight.copy_ within torch.no_grad()",
)
def _(torch, x, kernel):
    conv = torch.nn.Conv2d(5, 1, (1, 1), 1, bias=False)
    conv.weight = kernel.detach()
    return conv(x)


@assigned_kernel.torch.naive(
    "torch.nn.Conv2d",
    "kernel assigned in TensorFlow's layout",
    raises="RuntimeError: expected input[1, 5, 3, 4] to have 1 channels, but got 5 channels instead",
    because="data takes a tensor of any shape: no error comes before the convolution",
    source=f"{TORCH_DOCS}/torch.nn.Conv2d.html",
    fix="permute the kernel to [out, in, height, width] first",
    **KERNEL,
)
def _(torch, x, kernel):
    conv = torch.nn.Conv2d(5, 1, (1, 1), 1, bias=False)
    conv.weight.data = kernel.detach()
    return conv(x)


@assigned_kernel.torch.naive(
    "torch.nn.functional.conv2d",
    "data passed for the parameter",
    wrong="grad:kernel",
    kind="missing",
    because="data shares the values of a parameter, but not its place in the graph: no gradient arrives",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html",
    fix="pass the parameter itself, or call the layer",
    weights=dict(weight="kernel: O C KH KW"),
)
def _(torch):
    conv = torch.nn.Conv2d(5, 1, (1, 1), 1, bias=False)
    return conv, lambda x: torch.nn.functional.conv2d(x, conv.weight.data)


RATE = 0.5

trained_from_assigned = Case(
    "trained_from_assigned",
    "A step of gradient descent on half the squares of that convolution: the gradient that arrives at the layer, its "
    "kernel after the step, and the tensor that was put in, which must stay as it was.",
    sizes=dict(N=1, C=5, H=3, W=4, O=1, KH=1, KW=1),
    inputs=dict(x=normal("N C H W", gradient=False), kernel=normal("O C KH KW", gradient=False)),
    outputs=dict(gradient=buffer("O C KH KW"), trained=buffer("O C KH KW"), kept=buffer("O C KH KW")),
)
LAID_OUT = dict(x="N H W C", kernel="KH KW C O", gradient="KH KW C O", trained="KH KW C O", kept="KH KW C O")


@trained_from_assigned.reference
def _(np, x, kernel):
    y = np.einsum("nchw,oc->nohw", x, kernel[:, :, 0, 0])
    gradient = np.einsum("nohw,nchw->oc", y, x)[:, :, None, None]
    return gradient, kernel - RATE * gradient, kernel


def torch_trained(torch, x, kernel, put_in, capture):
    kernel = kernel.clone()
    conv = torch.nn.Conv2d(5, 1, (1, 1), 1, bias=False, device=x.device)
    put_in(conv, kernel)
    optimizer = torch.optim.SGD(conv.parameters(), lr=RATE)
    with torch.enable_grad():
        (capture(conv)(x) ** 2 / 2).sum().backward()
    optimizer.step()
    return conv.weight.grad, conv.weight.detach(), kernel


@trained_from_assigned.torch("torch.nn.Conv2d")
def _(torch, x, kernel, *, capture):
    def put_in(conv, kernel):
        conv.weight.data = kernel.clone()

    return torch_trained(torch, x, kernel, put_in, capture)


@trained_from_assigned.torch("torch.Tensor.copy_")
def _(torch, x, kernel, *, capture):
    def put_in(conv, kernel):
        with torch.no_grad():
            conv.weight.copy_(kernel)

    return torch_trained(torch, x, kernel, put_in, capture)


def tensorflow_trained(tf, x, kernel, variable, capture):
    def step():
        with tf.GradientTape() as tape:
            y = tf.nn.conv2d(x, variable, strides=[1, 1, 1, 1], padding="VALID")
            loss = tf.reduce_sum(y**2 / 2)
        gradient = tape.gradient(loss, variable)
        variable.assign_sub(RATE * gradient)
        return gradient

    return capture(step)(), variable.read_value(), kernel


@trained_from_assigned.tensorflow("tf.nn.conv2d", **LAID_OUT)
def _(tf, x, kernel, *, dtype, capture):
    variable = tf.Variable(tf.random.normal([1, 1, 5, 1], dtype=dtype))
    variable.assign(kernel)
    return tensorflow_trained(tf, x, kernel, variable, capture)


@trained_from_assigned.tensorflow("tf.Variable", **LAID_OUT)
def _(tf, x, kernel, *, capture):
    return tensorflow_trained(tf, x, kernel, tf.Variable(kernel), capture)


@trained_from_assigned.tensorflow("keras.layers.Conv2D", **LAID_OUT)
def _(tf, x, kernel, *, capture):
    conv = tf.keras.layers.Conv2D(1, (1, 1), use_bias=False)
    conv.build(x.shape)
    conv.kernel.assign(kernel)
    optimizer = tf.keras.optimizers.SGD(RATE)
    optimizer.build(conv.trainable_variables)

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(conv(x) ** 2 / 2)
        gradient = tape.gradient(loss, conv.kernel.value)
        optimizer.apply([gradient], [conv.kernel])
        return gradient

    return capture(step)(), conv.kernel.value.read_value(), kernel


@trained_from_assigned.torch.naive(
    "torch.nn.Conv2d",
    "kernel itself assigned to data",
    wrong="output:kept",
    because="the parameter then shares the memory of the tensor, and the optimizer overwrites both; assign of a "
    "TensorFlow variable copies",
    source="measured with torch 2.13.0",
    fix="assign a clone, or call conv.weight.copy_ within torch.no_grad()",
)
def _(torch, x, kernel, *, capture):
    def put_in(conv, kernel):
        conv.weight.data = kernel

    return torch_trained(torch, x, kernel, put_in, capture)


normalized_by_hand = Case(
    "normalized_by_hand",
    "Batch normalization in training with a scale of 4 and no shift: the result, its mean, and its variance over n.",
    sizes=dict(N=6, C=4),
    inputs=dict(h=normal("N C", mean=0.5, std=1.5)),
    outputs=dict(y="N C", mean=buffer("C"), variance=buffer("C")),
)


@normalized_by_hand.reference
def _(np, h):
    mean = np.mean(h, 0)
    variance = np.mean((h - mean) ** 2, 0)
    y = 4 * (h - mean) / np.sqrt(variance + 1e-5)
    return y, np.mean(y, 0), np.mean((y - np.mean(y, 0)) ** 2, 0)


def torch_normalization(torch, h):
    bn = torch.nn.BatchNorm1d(4, device=h.device)
    bn.weight.data = torch.ones(4, device=h.device, dtype=h.dtype) * 4
    bn.bias.data = torch.zeros(4, device=h.device, dtype=h.dtype)
    return bn


@normalized_by_hand.torch("torch.nn.BatchNorm1d")
def _(torch, h, *, capture):
    bn = torch_normalization(torch, h)

    def call(h):
        bn_out = bn(h)
        return bn_out, bn_out.mean(0), bn_out.var(0, unbiased=False)

    return capture(call)(h)


@normalized_by_hand.torch("torch.var(correction=0)")
def _(torch, h, *, capture):
    bn = torch_normalization(torch, h)

    def call(h):
        bn_out = bn(h)
        return bn_out, torch.mean(bn_out, dim=0), torch.var(bn_out, dim=0, correction=0)

    return capture(call)(h)


def keras_normalization(tf, **options):
    bn = tf.keras.layers.BatchNormalization(**options)
    bn.build([None, 4])
    bn.gamma.assign(tf.ones(4, bn.gamma.dtype) * 4)
    bn.beta.assign(tf.zeros(4, bn.beta.dtype))
    return bn


def keras_normalized(tf, h, capture, **options):
    bn = keras_normalization(tf, **options)

    def call(h):
        bn_out = bn(h, training=True)
        return bn_out, tf.reduce_mean(bn_out, 0), tf.math.reduce_variance(bn_out, 0)

    return capture(call)(h)


@normalized_by_hand.tensorflow("keras.layers.BatchNormalization")
def _(tf, h, *, capture):
    return keras_normalized(tf, h, capture, epsilon=1e-5)


@normalized_by_hand.tensorflow("tf.nn.batch_normalization")
def _(tf, h):
    mean, variance = tf.nn.moments(h, [0])
    four, zero = tf.cast(tf.ones(4) * 4, h.dtype), tf.zeros(4, h.dtype)
    bn_out = tf.nn.batch_normalization(h, mean, variance, zero, four, 1e-5)
    return bn_out, *tf.nn.moments(bn_out, [0])


@normalized_by_hand.torch.naive(
    "torch.Tensor.var",
    "unbiased left at its default",
    wrong="output:variance",
    size=(0.099, 0.41),
    because="it divides by n - 1; the layer, and tf.math.reduce_variance, by n: 19.2 instead of 16 here",
    source=f"{TORCH_DOCS}/torch.var.html",
    fix="pass unbiased=False, or correction=0",
)
def _(torch, h):
    bn_out = torch_normalization(torch, h)(h)
    return bn_out, bn_out.mean(0), bn_out.var(0)


@normalized_by_hand.torch.naive(
    "torch.nn.BatchNorm1d",
    "in evaluation mode",
    because="it then divides by the running statistics, which start from mean 0 and variance 1",
    source=f"{TORCH_DOCS}/torch.nn.BatchNorm1d.html",
    fix="leave the layer in training mode",
)
def _(torch, h):
    bn_out = torch_normalization(torch, h).eval()(h)
    return bn_out, bn_out.mean(0), bn_out.var(0, unbiased=False)


@normalized_by_hand.tensorflow.naive(
    "keras.layers.BatchNormalization",
    "epsilon left at its default",
    wrong=["output:variance", "output:y"],
    size=(6.4e-05, 0.06),
    because="epsilon is 1e-3 by default in Keras and 1e-5 in PyTorch",
    source="https://keras.io/api/layers/normalization_layers/batch_normalization/",
    fix="pass epsilon=1e-5",
)
def _(tf, h, *, capture):
    return keras_normalized(tf, h, capture)
