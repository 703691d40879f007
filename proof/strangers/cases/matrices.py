"""Linear algebra, and distances between the rows of matrices."""

from parity import Case, LeastScale, normal, uniform

FLOATS = ["float32", "float64"]


# Solving -----------------------------------------------------------------------------------------------------------

solve = Case(
    "solve",
    "Solutions of small systems of equations whose diagonal is large.",
    sizes=dict(N=3, D=10, E=lambda D: D, K=2),
    inputs=dict(a=normal("N D E"), b=normal("N D K")),
    outputs=dict(x="N E K"),
    dtypes=FLOATS,
)


@solve.reference
def _(np, a, b, *, D):
    return np.linalg.solve(a + 8.0 * np.eye(D), b)


@solve.torch("torch.linalg.solve")
def _(torch, a, b, *, D):
    return torch.linalg.solve(a + 8 * torch.eye(D, dtype=a.dtype), b)


@solve.tensorflow("tf.linalg.solve")
def _(tf, a, b, *, D):
    return tf.linalg.solve(a + 8 * tf.eye(D, dtype=a.dtype), b)


@solve.tensorflow("WRONG: transposed")
def _(tf, a, b, *, D):
    return tf.linalg.solve(a + 8 * tf.eye(D, dtype=a.dtype), b, adjoint=True)


@solve.torch("WRONG: the matrix in float32 (float64 only)")
def _(torch, a, b, *, D):
    a = a.float() + 8 * torch.eye(D)
    return torch.linalg.solve(a.to(b.dtype), b)


@solve.torch("WRONG: nothing flows into the matrix")
def _(torch, a, b, *, D):
    return torch.linalg.solve(a.detach() + 8 * torch.eye(D, dtype=a.dtype), b) + 0 * a.sum()


# Inverses ----------------------------------------------------------------------------------------------------------

inverse = Case(
    "inverse_and_determinant",
    "The inverse, and the logarithm of the determinant's size, of matrices near a multiple of the identity.",
    sizes=dict(N=3, D=6, E=lambda D: D),
    inputs=dict(a=normal("N D E")),
    outputs=dict(inverse="N E D", size="N"),
    dtypes=FLOATS,
)


@inverse.reference
def _(np, a, *, D):
    a = a + 6.0 * np.eye(D)
    return np.linalg.inv(a), np.linalg.slogdet(a)[1]


@inverse.torch("torch.linalg.inv")
def _(torch, a, *, D):
    a = a + 6 * torch.eye(D, dtype=a.dtype)
    return torch.linalg.inv(a), torch.linalg.slogdet(a).logabsdet


@inverse.tensorflow("tf.linalg.inv")
def _(tf, a, *, D):
    a = a + 6 * tf.eye(D, dtype=a.dtype)
    return tf.linalg.inv(a), tf.linalg.slogdet(a)[1]


@inverse.torch("WRONG: the inverse of the transpose")
def _(torch, a, *, D):
    a = a + 6 * torch.eye(D, dtype=a.dtype)
    return torch.linalg.inv(a.mT), torch.linalg.slogdet(a).logabsdet


@inverse.torch("WRONG: the determinant itself")
def _(torch, a, *, D):
    a = a + 6 * torch.eye(D, dtype=a.dtype)
    return torch.linalg.inv(a), torch.linalg.det(a)


@inverse.tensorflow("WRONG: two steps of Newton's iteration")
def _(tf, a, *, D):
    a = a + 6 * tf.eye(D, dtype=a.dtype)
    x = tf.eye(D, batch_shape=[a.shape[0]], dtype=a.dtype) / 6
    for _ in range(2):
        x = 2 * x - x @ a @ x
    return x, tf.linalg.slogdet(a)[1]


# Cholesky ----------------------------------------------------------------------------------------------------------

cholesky = Case(
    "cholesky",
    "The lower factor of x xᵀ / K + 1.",
    sizes=dict(N=2, D=12, K=20, E=lambda D: D),
    inputs=dict(x=normal("N D K")),
    outputs=dict(y="N D E"),
    dtypes=FLOATS,
)


@cholesky.reference
def _(np, x, *, D, K):
    return np.linalg.cholesky(np.einsum("ndk,nek->nde", x, x) / K + np.eye(D))


@cholesky.torch("torch.linalg.cholesky")
def _(torch, x, *, D, K):
    return torch.linalg.cholesky(x @ x.mT / K + torch.eye(D, dtype=x.dtype))


@cholesky.tensorflow("tf.linalg.cholesky")
def _(tf, x, *, D, K):
    return tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True) / K + tf.eye(D, dtype=x.dtype))


@cholesky.torch("WRONG: the upper factor")
def _(torch, x, *, D, K):
    return torch.linalg.cholesky(x @ x.mT / K + torch.eye(D, dtype=x.dtype), upper=True)


@cholesky.torch("WRONG: the identity is not added")
def _(torch, x, *, K):
    return torch.linalg.cholesky(x @ x.mT / K)


@cholesky.tensorflow("WRONG: the products in bfloat16")
def _(tf, x, *, D, K):
    narrow = tf.cast(tf.cast(x, tf.bfloat16), x.dtype)
    return tf.linalg.cholesky(tf.matmul(narrow, narrow, transpose_b=True) / K + tf.eye(D, dtype=x.dtype))


# QR ----------------------------------------------------------------------------------------------------------------

qr = Case(
    "qr_positive",
    "The factors of tall matrices, with signs such that R's diagonal is positive.",
    sizes=dict(N=2, D=9, K=5, L=lambda K: K),
    inputs=dict(a=normal("N D K")),
    outputs=dict(q="N D L", r="N L K"),
    dtypes=FLOATS,
)


@qr.reference
def _(np, a):
    q, r = np.linalg.qr(a)
    sign = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
    return q * sign[:, None, :], r * sign[:, :, None]


@qr.torch("torch.linalg.qr")
def _(torch, a):
    q, r = torch.linalg.qr(a)
    sign = torch.sign(r.diagonal(dim1=-2, dim2=-1)).detach()
    return q * sign[:, None, :], r * sign[:, :, None]


@qr.tensorflow("tf.linalg.qr")
def _(tf, a):
    q, r = tf.linalg.qr(a)
    sign = tf.stop_gradient(tf.sign(tf.linalg.diag_part(r)))
    return q * sign[:, None, :], r * sign[:, :, None]


@qr.torch("WRONG: signs of R's last row only")
def _(torch, a):
    q, r = torch.linalg.qr(a)
    sign = torch.sign(r.diagonal(dim1=-2, dim2=-1)).detach()
    sign = torch.cat([-sign[:, :1], sign[:, 1:]], -1)
    return q * sign[:, None, :], r * sign[:, :, None]


@qr.torch("WRONG: Q is not trained")
def _(torch, a):
    q, r = torch.linalg.qr(a)
    sign = torch.sign(r.diagonal(dim1=-2, dim2=-1)).detach()
    return (q * sign[:, None, :]).detach(), r * sign[:, :, None]


@qr.tensorflow("WRONG: the factors of the columns in reverse order")
def _(tf, a):
    q, r = tf.linalg.qr(a[..., ::-1])
    sign = tf.stop_gradient(tf.sign(tf.linalg.diag_part(r)))
    return q * sign[:, None, :], r * sign[:, :, None]


# Spectra -----------------------------------------------------------------------------------------------------------

eigen = Case(
    "eigenvalues",
    "The eigenvalues of symmetric matrices, rising.",
    sizes=dict(N=3, D=8, E=lambda D: D),
    inputs=dict(a=normal("N D E")),
    outputs=dict(y="N D"),
    dtypes=FLOATS,
)


@eigen.reference
def _(np, a):
    return np.linalg.eigvalsh((a + np.swapaxes(a, 1, 2)) / 2)


@eigen.torch("torch.linalg.eigvalsh")
def _(torch, a):
    return torch.linalg.eigvalsh((a + a.mT) / 2)


@eigen.tensorflow("tf.linalg.eigvalsh")
def _(tf, a):
    return tf.linalg.eigvalsh((a + tf.linalg.matrix_transpose(a)) / 2)


@eigen.torch("WRONG: of the lower triangle alone")
def _(torch, a):
    return torch.linalg.eigvalsh(a)


@eigen.tensorflow("WRONG: falling")
def _(tf, a):
    return tf.linalg.eigvalsh((a + tf.linalg.matrix_transpose(a)) / 2)[..., ::-1]


@eigen.torch("WRONG: by magnitude")
def _(torch, a):
    y = torch.linalg.eigvalsh((a + a.mT) / 2)
    return y.gather(-1, y.abs().argsort(-1))


singular = Case(
    "singular_values",
    "The singular values of wide matrices, falling, their sum and the Frobenius norm.",
    sizes=dict(N=3, D=6, E=10),
    inputs=dict(a=normal("N D E")),
    outputs=dict(values="N D", nuclear="N", frobenius="N"),
    dtypes=FLOATS,
)


@singular.reference
def _(np, a):
    values = np.linalg.svd(a, compute_uv=False)
    return values, np.sum(values, axis=-1), np.sqrt(np.sum(a**2, axis=(1, 2)))


@singular.torch("torch.linalg.svdvals")
def _(torch, a):
    return torch.linalg.svdvals(a), torch.linalg.matrix_norm(a, "nuc"), torch.linalg.matrix_norm(a)


@singular.tensorflow("tf.linalg.svd")
def _(tf, a):
    values = tf.linalg.svd(a, compute_uv=False)
    return values, tf.reduce_sum(values, -1), tf.norm(a, ord="fro", axis=(1, 2))


@singular.torch("WRONG: eigenvalues of a aᵀ")
def _(torch, a):
    values = torch.linalg.eigvalsh(a @ a.mT).flip(-1)
    return values, torch.linalg.matrix_norm(a, "nuc"), torch.linalg.matrix_norm(a)


@singular.torch("WRONG: the spectral norm")
def _(torch, a):
    return torch.linalg.svdvals(a), torch.linalg.matrix_norm(a, "nuc"), torch.linalg.matrix_norm(a, 2)


@singular.tensorflow("WRONG: the sum of squares")
def _(tf, a):
    values = tf.linalg.svd(a, compute_uv=False)
    return values, tf.reduce_sum(values**2, -1), tf.norm(a, ord="fro", axis=(1, 2))


# Pseudo-inverse ----------------------------------------------------------------------------------------------------

pseudo = Case(
    "pseudo_inverse",
    "Moore and Penrose's inverse of tall matrices.",
    sizes=dict(N=2, D=12, E=5),
    inputs=dict(a=normal("N D E")),
    outputs=dict(y="N E D"),
    dtypes=FLOATS,
)


@pseudo.reference
def _(np, a):
    return np.linalg.pinv(a)


@pseudo.torch("torch.linalg.pinv")
def _(torch, a):
    return torch.linalg.pinv(a)


@pseudo.tensorflow("tf.linalg.pinv")
def _(tf, a):
    return tf.linalg.pinv(a)


@pseudo.torch("WRONG: the transpose")
def _(torch, a):
    return a.mT.clone()


@pseudo.torch("WRONG: a ridge of 0.001")
def _(torch, a, *, E):
    return torch.linalg.solve(a.mT @ a + 1e-3 * torch.eye(E, dtype=a.dtype), a.mT)


@pseudo.tensorflow("WRONG: small singular values are cut off")
def _(tf, a):
    return tf.linalg.pinv(a, rcond=0.6)


# Exponential -------------------------------------------------------------------------------------------------------

exponential = Case(
    "matrix_exponential",
    "The exponential of small matrices by its series.",
    sizes=dict(N=3, D=5, E=lambda D: D),
    inputs=dict(a=normal("N D E", std=0.3)),
    outputs=dict(y="N D E"),
    dtypes=FLOATS,
    least_scale=LeastScale(
        12.0,
        ["grad:a"],
        because="PyTorch takes the gradient from the exponential of a matrix twice as large, by several squarings",
    ),
)


@exponential.reference
def _(np, a, *, D):
    term = total = np.eye(D) + 0.0 * a
    for k in range(1, 40):
        term = term @ a / k
        total = total + term
    return total


@exponential.torch("torch.linalg.matrix_exp")
def _(torch, a):
    return torch.linalg.matrix_exp(a)


@exponential.tensorflow("tf.linalg.expm")
def _(tf, a):
    return tf.linalg.expm(a)


@exponential.torch("WRONG: element by element")
def _(torch, a):
    return torch.exp(a)


@exponential.torch("WRONG: four terms")
def _(torch, a, *, D):
    one = torch.eye(D, dtype=a.dtype)
    return one + a + a @ a / 2 + a @ a @ a / 6


@exponential.tensorflow("WRONG: of the transpose")
def _(tf, a):
    return tf.linalg.expm(tf.linalg.matrix_transpose(a))


# Gram matrices -----------------------------------------------------------------------------------------------------

gram = Case(
    "gram_matrix",
    "Products of an image's features with each other over all pixels, as a measure of style.",
    sizes=dict(N=2, C=8, H=14, W=15, D=lambda C: C),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C D"),
)


@gram.reference
def _(np, x, *, C, H, W):
    return np.einsum("nchw,ndhw->ncd", x, x) / (C * H * W)


@gram.torch("torch.bmm")
def _(torch, x, *, C, H, W):
    flat = x.flatten(2)
    return torch.bmm(flat, flat.mT) / (C * H * W)


@gram.tensorflow("tf.einsum", x="N H W C")
def _(tf, x, *, C, H, W):
    return tf.einsum("nhwc,nhwd->ncd", x, x) / (C * H * W)


@gram.torch("WRONG: the mean is taken away")
def _(torch, x, *, C, H, W):
    flat = x.flatten(2)
    flat = flat - flat.mean(-1, keepdim=True)
    return torch.bmm(flat, flat.mT) / (C * H * W)


@gram.tensorflow("WRONG: not over the channels", x="N H W C")
def _(tf, x, *, H, W):
    return tf.einsum("nhwc,nhwd->ncd", x, x) / (H * W)


@gram.torch("WRONG: half of the gradient")
def _(torch, x, *, C, H, W):
    flat = x.flatten(2)
    return torch.bmm(flat, flat.detach().mT) / (C * H * W)


# Distances ---------------------------------------------------------------------------------------------------------

distances = Case(
    "pairwise_distances",
    "Euclidean distances between the rows of a matrix; that of a row from itself is 0, and so is its gradient.",
    sizes=dict(N=20, D=8, M=lambda N: N),
    inputs=dict(x=normal("N D")),
    outputs=dict(y="N M"),
    dtypes=FLOATS,
)


@distances.reference
def _(np, x):
    square = np.sum((x[:, None] - x) ** 2, axis=-1)
    return np.where(square > 0, np.sqrt(np.where(square > 0, square, 1.0)), 0.0)


@distances.torch("torch.cdist")
def _(torch, x):
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


@distances.tensorflow("tf.sqrt")
def _(tf, x):
    square = tf.reduce_sum((x[:, None] - x) ** 2, -1)
    return tf.where(square > 0, tf.sqrt(tf.where(square > 0, square, 1)), 0)


@distances.tensorflow("WRONG: the gradient at distance 0 is not a number")
def _(tf, x):
    return tf.sqrt(tf.reduce_sum((x[:, None] - x) ** 2, -1))


@distances.torch("WRONG: ε within the root")
def _(torch, x):
    return torch.sqrt((x[:, None] - x).square().sum(-1) + 1e-6)


@distances.torch("WRONG: only the first of a pair is trained")
def _(torch, x):
    return torch.cdist(x, x.detach(), compute_mode="donot_use_mm_for_euclid_dist")


cosine = Case(
    "cosine_similarity_matrix",
    "Cosines between the rows of two matrices.",
    sizes=dict(N=9, M=14, D=300),
    inputs=dict(a=normal("N D"), b=normal("M D")),
    outputs=dict(y="N M"),
)


@cosine.reference
def _(np, a, b):
    a = a / np.sqrt(np.sum(a * a, axis=-1, keepdims=True))
    b = b / np.sqrt(np.sum(b * b, axis=-1, keepdims=True))
    return a @ b.T


@cosine.torch("torch.nn.functional.normalize")
def _(torch, a, b):
    return torch.nn.functional.normalize(a, dim=-1) @ torch.nn.functional.normalize(b, dim=-1).T


@cosine.torch("torch.nn.functional.cosine_similarity")
def _(torch, a, b):
    return torch.nn.functional.cosine_similarity(a[:, None], b, dim=-1)


@cosine.tensorflow("keras.ops.normalize")
def _(tf, a, b):
    return tf.matmul(tf.keras.ops.normalize(a), tf.keras.ops.normalize(b), transpose_b=True)


@cosine.torch("WRONG: only one is normalised")
def _(torch, a, b):
    return torch.nn.functional.normalize(a, dim=-1) @ b.T


@cosine.tensorflow("WRONG: rows and columns exchanged in the norm")
def _(tf, a, b):
    return tf.matmul(tf.math.l2_normalize(a, 0), tf.math.l2_normalize(b, 0), transpose_b=True)


@cosine.torch("WRONG: the gradient ignores the norms")
def _(torch, a, b):
    return (a / a.norm(dim=-1, keepdim=True).detach()) @ (b / b.norm(dim=-1, keepdim=True).detach()).T


# Triangular systems and powers -------------------------------------------------------------------------------------

mahalanobis = Case(
    "mahalanobis",
    "Squared distances from a mean in the metric of a covariance L Lᵀ, whose factor has a positive diagonal.",
    sizes=dict(N=15, D=6, E=lambda D: D),
    inputs=dict(x=normal("N D"), mean=normal("D"), lower=normal("D E", std=0.3), diagonal=uniform("D", 0.7, 1.5)),
    outputs=dict(y="N"),
    dtypes=FLOATS,
)


@mahalanobis.reference
def _(np, x, mean, lower, diagonal):
    factor = np.tril(lower, -1) + np.diag(diagonal)
    return np.sum(np.linalg.solve(factor, np.transpose(x - mean)) ** 2, axis=0)


@mahalanobis.torch("torch.linalg.solve_triangular")
def _(torch, x, mean, lower, diagonal):
    factor = lower.tril(-1) + torch.diag(diagonal)
    return torch.linalg.solve_triangular(factor, (x - mean).T, upper=False).square().sum(0)


@mahalanobis.tensorflow("tf.linalg.triangular_solve")
def _(tf, x, mean, lower, diagonal):
    factor = tf.linalg.set_diag(tf.linalg.band_part(lower, -1, 0), diagonal)
    return tf.reduce_sum(tf.linalg.triangular_solve(factor, tf.transpose(x - mean)) ** 2, 0)


@mahalanobis.torch("WRONG: the metric of Lᵀ L")
def _(torch, x, mean, lower, diagonal):
    factor = lower.tril(-1) + torch.diag(diagonal)
    return torch.linalg.solve_triangular(factor.T, (x - mean).T, upper=True).square().sum(0)


@mahalanobis.torch("WRONG: not squared")
def _(torch, x, mean, lower, diagonal):
    factor = lower.tril(-1) + torch.diag(diagonal)
    return torch.linalg.solve_triangular(factor, (x - mean).T, upper=False).norm(dim=0)


@mahalanobis.tensorflow("WRONG: the diagonal alone")
def _(tf, x, mean, lower, diagonal):
    return tf.reduce_sum(((x - mean) / diagonal) ** 2, -1) + 0 * tf.reduce_sum(lower)
