"""Pretrained word vectors in an embedding, loaded as document 002 does it and in other ways."""

from parity import Case, buffer, integers, normal

TORCH_EMBEDDING = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html"

pretrained_vectors = Case(
    "pretrained_vectors",
    "Pretrained word vectors, made by NumPy in float64, loaded into an embedding that is trained on.",
    sizes=dict(N=4, T=3, V=9, E=300),
    inputs=dict(
        ids=integers("N T", 0, "V"), vectors=normal("V E", gradient=False), cotangent=normal("N T E", gradient=False)
    ),
    outputs=dict(y=buffer("N T E"), gradient=buffer("V E")),
    dtypes=("float32", "float64"),  # NumPy has no bfloat16
    exact=["output:y"],
    eager_only="a captured graph has no arrays to load from",
)


@pretrained_vectors.reference
def _(np, ids, vectors, cotangent, *, V):
    named = ids[..., None] == np.arange(V)
    return vectors[ids], np.einsum("ntv,nte->ve", named, cotangent)


def torch_pretrained(make):
    """``make(torch, array, V, E)`` makes the layer of an array in float64, as np.loadtxt gives it."""

    def run(torch, ids, vectors, cotangent, *, V, E):
        layer = make(torch, vectors.cpu().double().numpy(), V, E).to(vectors.device)
        y = layer(ids)
        with torch.enable_grad():
            layer(ids).backward(cotangent)
        return y.detach(), layer.weight.grad

    return run


def copied_vectors(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
    layer.weight.data.copy_(torch.from_numpy(array))
    return layer


def state_loaded(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
    layer.load_state_dict(dict(weight=torch.from_numpy(array)))
    return layer


pretrained_vectors.torch("torch.Tensor.copy_")(torch_pretrained(copied_vectors))
pretrained_vectors.torch("torch.nn.Module.load_state_dict")(torch_pretrained(state_loaded))
pretrained_vectors.torch("torch.nn.Embedding.from_pretrained")(
    torch_pretrained(
        lambda torch, array, V, E: torch.nn.Embedding.from_pretrained(
            torch.from_numpy(array).to(torch.get_default_dtype()), freeze=False
        )
    )
)


def tensorflow_pretrained(make):
    """``make(tf, array, V, E)`` makes the weight and the function that looks ids up in it."""

    def run(tf, ids, vectors, cotangent, *, V, E):
        weight, look_up = make(tf, vectors.numpy().astype("float64"), V, E)
        with tf.GradientTape() as tape:
            y = look_up(ids)
        return y, tf.convert_to_tensor(tape.gradient(y, weight, cotangent))

    return run


def weights_set(tf, array, V, E):
    layer = tf.keras.layers.Embedding(V, E)
    layer.build()
    layer.set_weights([array])
    return layer.embeddings.value, layer


def initialized(tf, array, V, E):
    layer = tf.keras.layers.Embedding(V, E, embeddings_initializer=tf.keras.initializers.Constant(array))
    layer.build()
    return layer.embeddings.value, layer


def variable(tf, array, V, E):
    glove = tf.Variable(array, dtype=tf.keras.config.floatx())
    return glove, lambda ids: tf.nn.embedding_lookup(glove, ids)


pretrained_vectors.tensorflow("keras.layers.Embedding.set_weights")(tensorflow_pretrained(weights_set))
pretrained_vectors.tensorflow("keras.initializers.Constant")(tensorflow_pretrained(initialized))
pretrained_vectors.tensorflow("tf.Variable")(tensorflow_pretrained(variable))


def refused_copy(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
    with torch.enable_grad():
        layer.weight.copy_(torch.from_numpy(array))
    return layer


def assigned(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
    layer.weight = torch.from_numpy(array)
    return layer


def too_small(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V - 1, embedding_dim=E)
    layer.weight.data.copy_(torch.from_numpy(array))
    return layer


def one_vector(torch, array, V, E):
    layer = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
    layer.weight.data.copy_(torch.from_numpy(array[0]))
    return layer


for api, title, way, because, fix, make in (
    (
        "torch.Tensor.copy_",
        "onto the parameter itself",
        dict(raises="RuntimeError: a leaf Variable that requires grad is being used in an in-place operation"),
        "autograd refuses to change a parameter in place",
        "copy onto weight.data, or within torch.no_grad()",
        refused_copy,
    ),
    (
        "torch.nn.Embedding",
        "array assigned to weight",
        dict(raises="TypeError: cannot assign 'torch.DoubleTensor' as parameter 'weight'"),
        "a module accepts only a torch.nn.Parameter in the place of one",
        "copy onto weight.data, or wrap the tensor in torch.nn.Parameter",
        assigned,
    ),
    (
        "torch.Tensor.copy_",
        "vectors of a larger vocabulary",
        dict(raises="RuntimeError: The size of tensor a (8) must match the size of tensor b (9)"),
        "num_embeddings is the number of vectors, with those of padding and unknown words",
        "make the embedding with len(vectors)",
        too_small,
    ),
    (
        "torch.Tensor.copy_",
        "one vector for the table",
        dict(wrong="output:y"),
        "copy_ broadcasts: each word gets this vector, and no error comes",
        "compare the shapes before copying; Keras's set_weights does",
        one_vector,
    ),
    (
        "torch.nn.Embedding.from_pretrained",
        "float64 of NumPy kept",
        dict(kind="dtype"),
        "the layer keeps the dtype of the array: float64 vectors come out in a float32 model; copy_ converts them",
        "convert the array to the dtype of the model",
        lambda torch, array, V, E: torch.nn.Embedding.from_pretrained(torch.from_numpy(array), freeze=False),
    ),
):
    pretrained_vectors.torch.naive(api, title, **way, because=because, source=TORCH_EMBEDDING, fix=fix)(
        torch_pretrained(make)
    )
