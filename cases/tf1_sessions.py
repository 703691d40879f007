"""TensorFlow 1's graphs, placeholders and sessions beside eager code: forward, gradients and what goes wrong today."""

from _sessions import EAGER_ONLY, load, own_graph, session_config

from parity import Case, buffer, grid, normal

API = "https://www.tensorflow.org/api_docs/python/tf"
V1_PLACEHOLDER = f"{API}/compat/v1/placeholder"
V1_SESSION = f"{API}/compat/v1/Session"
RENAMES = "tensorflow/tools/compatibility/renames_v2.py of TensorFlow 2.21.0"
SESSION_PY = "tensorflow/python/client/session.py of TensorFlow 2.21.0"

tf1_session_conv2d = Case(
    "tf1_session_conv2d",
    "A convolution and its gradients for a given dy, fetched from a session. The filter starts with random values: "
    "their result shows its shape. Then the filter is assigned.",
    sizes=dict(
        N=2, C=3, H=6, W=7, O=5, KH=4, KW=2, P=lambda H, KH: H - KH + 1, Q=lambda W, KW: W - KW + 1, D=tuple("nopq")
    ),
    inputs=dict(x=normal("N C H W", gradient=False), dy=normal("N O P Q", gradient=False)),
    weights=dict(kernel=normal("O C KH KW", gradient=False)),
    outputs=dict(shape=buffer("D"), y=buffer("N O P Q"), dx=buffer("N C H W"), dkernel=buffer("O C KH KW")),
    variants=grid(image=["placeholder", "variable"]),
    eager_only=EAGER_ONLY,
)


@tf1_session_conv2d.reference
def _(np, x, dy, kernel, *, KH, KW, P, Q):
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    def convolved(tensors):
        x, kernel = tensors
        windows = np.stack([x[:, :, i : i + P, j : j + Q] for i in range(KH) for j in range(KW)])
        return np.einsum("kncpq,ock->nopq", windows, np.reshape(kernel, (*kernel.shape[:2], KH * KW)))

    back, y = make_vjp(convolved)(differentiable((x, kernel)))
    return np.array(y.shape) + 0 * y[0, 0, 0, 0], y, *back(dy)


@tf1_session_conv2d.torch("torch.nn.Conv2d")
def _(torch, x, dy, kernel, *, C, O, KH, KW):
    conv = torch.nn.Conv2d(C, O, (KH, KW), 1, bias=False, device=x.device)
    shape = x.new_tensor(conv(x).size())
    conv.weight.data = kernel
    x = x.clone().requires_grad_(True)
    with torch.enable_grad():
        y = conv(x)
    return shape, y.detach(), *torch.autograd.grad(y, [x, conv.weight], grad_outputs=dy)


CHANNELS_LAST = dict(
    x="N H W C", dy="N P Q O", kernel="KH KW C O", shape="D[n p q o]", y="N P Q O", dx="N H W C", dkernel="KH KW C O"
)


@tf1_session_conv2d.tensorflow("tf.compat.v1.Session", **CHANNELS_LAST)
def _(tf, x, dy, kernel, *, image):
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as sess:
        if image == "variable":
            images, feeds = tf.Variable(tf.compat.v1.random_normal(x.shape, dtype=x.dtype)), {}
        else:
            images = tf.compat.v1.placeholder(dtype=x.dtype, shape=[None, *x.shape[1:]])
            feeds = {images: x.numpy()}
        filters = tf.compat.v1.Variable(tf.compat.v1.random_normal(kernel.shape, dtype=x.dtype))
        conv = tf.nn.conv2d(images, filters, strides=[1, 1, 1, 1], padding="VALID")
        gradients = tf.compat.v1.gradients(conv, [images, filters], grad_ys=tf.constant(dy.numpy()))
        sess.run(tf.compat.v1.global_variables_initializer())
        first = sess.run(conv, feed_dict=feeds)
        load(tf, sess, [filters], [kernel])
        if image == "variable":
            load(tf, sess, [images], [x])
        y, (dx, dkernel) = sess.run([conv, gradients], feed_dict=feeds)
    return tf.constant(first.shape, x.dtype), y, dx, dkernel


@tf1_session_conv2d.tensorflow("tf.Tensor.eval", **CHANNELS_LAST)
def _(tf, x, dy, kernel):
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        images = tf.compat.v1.placeholder(dtype=x.dtype, shape=[None, *x.shape[1:]])
        filters = tf.compat.v1.Variable(tf.compat.v1.random_normal(kernel.shape, dtype=x.dtype))
        conv = tf.nn.conv2d(images, filters, strides=[1, 1, 1, 1], padding="VALID")
        fetches = [conv, *tf.compat.v1.gradients(conv, [images, filters], grad_ys=tf.constant(dy.numpy()))]
        tf.compat.v1.global_variables_initializer().run(session=session)
        first = conv.eval(feed_dict={images: x.numpy()}, session=session)
        load(tf, session, [filters], [kernel])
        results = [tensor.eval(feed_dict={images: x.numpy()}, session=session) for tensor in fetches]
    return tf.constant(first.shape, x.dtype), *results


tf1_placeholder = Case(
    "tf1_placeholder",
    "A dense layer as one graph, fed with two batches of different lengths: y = tanh(x W + b), and in each run the "
    "gradients of the sum of y.",
    sizes=dict(N=4, M=2, C=3, O=5, R=2),
    inputs=dict(x=normal("N C", gradient=False), other=normal("M C", gradient=False)),
    weights=dict(kernel=normal("O C", gradient=False), bias=normal("O", gradient=False)),
    outputs=dict(
        y=buffer("N O"), of_other=buffer("M O"), dkernels=buffer("R O C"), dbiases=buffer("R O"), dx=buffer("N C")
    ),
    eager_only=EAGER_ONLY,
)


@tf1_placeholder.reference
def _(np, x, other, kernel, bias):
    results = [np.tanh(np.einsum("nc,oc->no", batch, kernel) + bias) for batch in (x, other)]
    slopes = [1 - y**2 for y in results]
    dkernels = [np.einsum("no,nc->oc", slope, batch) for slope, batch in zip(slopes, (x, other), strict=True)]
    dbiases = [np.sum(slope, axis=0) for slope in slopes]
    return *results, np.stack(dkernels), np.stack(dbiases), np.einsum("no,oc->nc", slopes[0], kernel)


@tf1_placeholder.torch("torch.autograd.grad")
def _(torch, x, other, kernel, bias):
    kernel, bias, *batches = (tensor.clone().requires_grad_(True) for tensor in (kernel, bias, x, other))
    with torch.enable_grad():
        results = [torch.tanh(torch.nn.functional.linear(batch, kernel, bias)) for batch in batches]
        sums = [y.sum() for y in results]
    runs = [torch.autograd.grad(y, [kernel, bias, batch]) for y, batch in zip(sums, batches, strict=True)]
    dkernels, dbiases, (dx, _) = zip(*runs, strict=True)
    return *(y.detach() for y in results), torch.stack(dkernels), torch.stack(dbiases), dx


def dense(tf, shape, weights):
    """Build the graph of the layer: its placeholder, and y with its gradients."""
    inputs = tf.compat.v1.placeholder(dtype=weights[0].dtype, shape=shape)
    y = tf.tanh(tf.matmul(inputs, weights[0]) + weights[1])
    return inputs, [y, *tf.compat.v1.gradients(y, [*weights, inputs])]


def fetched(tf, x, other, kernel, bias, *, dtype=None, shape=None, feed=lambda batch: batch.numpy()):
    """Run the graph with both batches."""
    dtype = dtype or x.dtype
    kernel, bias = tf.cast(kernel, dtype), tf.cast(bias, dtype)
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        variables = [tf.compat.v1.Variable(tf.zeros(value.shape, dtype)) for value in (kernel, bias)]
        inputs, fetches = dense(tf, shape or [None, x.shape[1]], variables)
        session.run(tf.compat.v1.global_variables_initializer())
        load(tf, session, variables, [kernel, bias])
        of_x, of_other = (session.run(fetches, feed_dict={inputs: feed(batch)}) for batch in (x, other))
    return tuple(tf.cast(result, x.dtype) for result in results_of(tf, of_x, of_other))


def results_of(tf, of_x, of_other):
    """The results of the case, from what each of the two runs fetches."""
    y, *gradients, dx = of_x
    y_other, *other_gradients, _ = of_other
    return y, y_other, *(tf.stack(pair) for pair in zip(gradients, other_gradients, strict=True)), dx


LAID_OUT = dict(kernel="C O", dkernels="R C O")


@tf1_placeholder.tensorflow("tf.compat.v1.placeholder", **LAID_OUT)
def _(tf, x, other, kernel, bias):
    return fetched(tf, x, other, kernel, bias)


@tf1_placeholder.tensorflow("tf.compat.v1.Variable(initial_value)", **LAID_OUT)
def _(tf, x, other, kernel, bias):
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        variables = [tf.compat.v1.Variable(value.numpy()) for value in (kernel, bias)]
        inputs, fetches = dense(tf, [None, x.shape[1]], variables)
        session.run(tf.compat.v1.global_variables_initializer())
        runs = [session.run(fetches, feed_dict={inputs: batch.numpy()}) for batch in (x, other)]
    return results_of(tf, *runs)


def weights_fed(run):
    """A port without variables: each run is fed the weights, too. ``run(session, fetches, feeds)`` is one run."""

    def call(tf, x, other, kernel, bias):
        with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
            weights = [tf.compat.v1.placeholder(value.dtype, value.shape) for value in (kernel, bias)]
            inputs, fetches = dense(tf, [None, x.shape[1]], weights)
            feeds = dict(zip(weights, (kernel.numpy(), bias.numpy()), strict=True))
            runs = [run(session, fetches, feeds | {inputs: batch.numpy()}) for batch in (x, other)]
        return results_of(tf, *runs)

    return call


tf1_placeholder.tensorflow("tf.compat.v1.Session.run(weights fed)", **LAID_OUT)(
    weights_fed(lambda session, fetches, feeds: session.run(fetches, feed_dict=feeds))
)
tf1_placeholder.tensorflow("tf.Tensor.eval(weights fed)", **LAID_OUT)(
    weights_fed(lambda session, fetches, feeds: [y.eval(feed_dict=feeds, session=session) for y in fetches])
)


def add_naive(api, title, *, because, source, fix, size=None, raises=None, **options):
    explained = dict(because=because, source=source, fix=fix, size=size, raises=raises)

    @tf1_placeholder.tensorflow.naive(api, title, **explained, **LAID_OUT)
    def _(tf, x, other, kernel, bias):
        made = {name: option(tf) if callable(option) else option for name, option in options.items()}
        return fetched(tf, x, other, kernel, bias, **made)


add_naive(
    "tf.compat.v1.placeholder",
    "batch size written into the shape",
    because="the shape of a placeholder is checked in each run: the second batch has another length",
    source=SESSION_PY,
    fix="leave the axis open: shape=[None, ...]; PyTorch takes any length",
    raises="ValueError: Cannot feed value of shape (2, 3) for Tensor Placeholder:0, which has shape (4, 3)",
    shape=[4, 3],
)
add_naive(
    "tf.compat.v1.placeholder",
    "tf.float32 for float64 numbers",
    size=(2.7e-08, 1.8e-06),
    because="a fed array is converted to the placeholder's dtype without a warning: float64 numbers lose 29 bits",
    source=SESSION_PY,
    fix="give the placeholder the dtype of what it is fed with",
    dtype=lambda tf: tf.float32,
)
add_naive(
    "tf.compat.v1.Session",
    "eager tensor fed",
    because="a feed is a NumPy array, a list or a number: a session takes no tensor, not even an eager one",
    source=SESSION_PY,
    fix="feed tensor.numpy(); for a PyTorch tensor, tensor.detach().cpu().numpy()",
    raises="TypeError: The value of a feed cannot be a tf.Tensor object",
    feed=lambda tf: lambda batch: batch,
)


def add_broken(api, title, call, *, because, source, fix, raises):
    """A port that fails at once. ``call(tf, x)`` is all that it does."""
    explained = dict(because=because, source=source, fix=fix, raises=raises)

    @tf1_placeholder.tensorflow.naive(api, title, **explained, **LAID_OUT)
    def _(tf, x, other, kernel, bias):
        return call(tf, x)


def evaluated_elsewhere(tf, x):
    with own_graph(tf):
        y = 2 * tf.constant(x.numpy())
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        tf.constant(x.numpy())
        return session.run(y)


def not_fed(tf, x):
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        return session.run(2 * tf.compat.v1.placeholder(x.dtype, [None, 3]))


def not_initialized(tf, x):
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        return session.run(2 * tf.compat.v1.Variable(tf.compat.v1.random_normal(x.shape)))


def evaluated_without_session(tf, x):
    with own_graph(tf):
        return (2 * tf.constant(x.numpy())).eval()


add_broken(
    "tf.compat.v1.placeholder",
    "under eager execution",
    lambda tf, x: tf.compat.v1.placeholder(tf.float32, shape=[None, 3]),
    because="eager execution computes at once, and a placeholder has nothing to compute with",
    source=V1_PLACEHOLDER,
    fix="build the graph inside tf.Graph().as_default(), or pass the array to a function",
    raises="RuntimeError: tf.placeholder() is not compatible with eager execution",
)
add_broken(
    "tf.Tensor.eval",
    "under eager execution",
    lambda tf, x: x.eval(),
    because="an eager tensor has its value, and there is no session",
    source="tensorflow/python/framework/ops.py of TensorFlow 2.21.0: _EagerTensorBase.eval",
    fix="call tensor.numpy()",
    raises="NotImplementedError: eval is not supported when eager execution is enabled",
)
add_broken(
    "tf.compat.v1.Session",
    "placeholder not fed",
    not_fed,
    because="a placeholder has no value of its own: each run that needs it must feed it",
    source=V1_PLACEHOLDER,
    fix="pass feed_dict={placeholder: array} to every run",
    raises="InvalidArgumentError: You must feed a value for placeholder",
)
add_broken(
    "tf.compat.v1.global_variables_initializer",
    "not run",
    not_initialized,
    because="a variable of a graph has no value in a session before its initializer has run there",
    source=f"{API}/compat/v1/global_variables_initializer",
    fix="run tf.compat.v1.global_variables_initializer() first; a PyTorch parameter has its value when it is made",
    raises="FailedPreconditionError: Could not find variable Variable",
)
add_broken(
    "tf.Tensor.eval",
    "no default session",
    evaluated_without_session,
    because="eval without session= takes the default session, which exists inside `with session:` only",
    source="https://www.tensorflow.org/api_docs/python/tf/Tensor#eval",
    fix="pass session=session, or evaluate inside `with tf.compat.v1.Session() as session:`",
    raises="ValueError: Cannot evaluate tensor using `eval()`: No default session is registered",
)
add_broken(
    "tf.compat.v1.Session",
    "tensor of another graph",
    evaluated_elsewhere,
    because="a session belongs to one graph, the default one where it was made",
    source=V1_SESSION,
    fix="make the session inside the graph's as_default(), or pass graph=",
    raises="ValueError: is not an element of this graph",
)
add_broken(
    "tf.compat.v1.Session",
    "under eager execution",
    lambda tf, x: tf.compat.v1.Session().run(2 * x),
    because="eager operations enter no graph, so the session's graph stays empty",
    source="measured with tensorflow 2.21.0",
    fix="use the tensor: it is computed; or build the graph inside tf.Graph().as_default()",
    raises="RuntimeError: The Session graph is empty",
)
add_broken(
    "tf.gradients",
    "under eager execution",
    lambda tf, x: tf.gradients(2 * x, x),
    because="tf.gradients adds operations to a graph, and eager execution has none",
    source=f"{API}/gradients",
    fix="record with tf.GradientTape; PyTorch's counterpart is torch.autograd.grad",
    raises="RuntimeError: tf.gradients is not supported when eager execution is enabled",
)

for name, call in dict(
    placeholder=lambda tf, x: tf.placeholder(tf.float32, [None, 3]),
    Session=lambda tf, x: tf.Session(),
    random_normal=lambda tf, x: tf.random_normal([1, 1, 5, 1]),
    global_variables_initializer=lambda tf, x: tf.global_variables_initializer(),
    assign=lambda tf, x: tf.assign(tf.Variable(x), 2 * x),
    trainable_variables=lambda tf, x: tf.trainable_variables(),
    variable_scope=lambda tf, x: tf.variable_scope("RNN"),
    get_variable_scope=lambda tf, x: tf.get_variable_scope().reuse_variables(),
).items():
    add_broken(
        f"tf.{name}",
        "TensorFlow 1 name",
        call,
        because="TensorFlow 2 has the name in tf.compat.v1 only",
        source=RENAMES,
        fix=f"call tf.compat.v1.{name} inside a graph" + (", or tf.random.normal" if name == "random_normal" else ""),
        raises=f"AttributeError: module 'tensorflow' has no attribute '{name}'",
    )
