"""TensorFlow: the losses of tf.compat.v1.losses compute float64 tensors in float32.

compute_weighted_loss casts the losses to float32 to weight and reduce them. The cross entropies are then cast back, so
that their type promises digits that they have not; the losses of differences cast predictions and labels first, and
give float32.

Declared as:
mean_squared_error: tf.compat.v1.losses.mean_squared_error
mean_absolute_error: tf.compat.v1.losses.absolute_difference
huber: tf.compat.v1.losses.huber_loss
binary_cross_entropy_with_logits: tf.compat.v1.losses.sigmoid_cross_entropy
cross_entropy: tf.compat.v1.losses.sparse_softmax_cross_entropy
smoothed_cross_entropy: tf.compat.v1.losses.softmax_cross_entropy
"""

import sys

import numpy as np
import tensorflow as tf

losses = tf.compat.v1.losses
random = np.random.default_rng(0)
prediction, target = random.normal(size=(7, 5)), random.normal(size=(7, 5))
labels = random.integers(0, 5, 7)
one_hot = np.eye(5)[labels]
binary = (target > 0).astype(np.float64)

difference = np.abs(prediction - target)
log_softmax = prediction - np.log(np.exp(prediction).sum(1, keepdims=True))
cross_entropy = -(one_hot * log_softmax).sum(1).mean()
logistic = np.log1p(np.exp(prediction)) - binary * prediction
huber = np.where(difference <= 1, difference**2 / 2, difference - 0.5)

found = {
    "mean_squared_error": (losses.mean_squared_error(target, prediction), (difference**2).mean()),
    "absolute_difference": (losses.absolute_difference(target, prediction), difference.mean()),
    "huber_loss": (losses.huber_loss(target, prediction), huber.mean()),
    "sigmoid_cross_entropy": (losses.sigmoid_cross_entropy(binary, prediction), logistic.mean()),
    "sparse_softmax_cross_entropy": (losses.sparse_softmax_cross_entropy(labels, prediction), cross_entropy),
    "softmax_cross_entropy": (losses.softmax_cross_entropy(one_hot, prediction), cross_entropy),
}

print(f"tensorflow {tf.__version__}, float64; rounding alone explains about {np.finfo(float).eps:.0e}")
errors = []
for name, (loss, truth) in found.items():
    errors.append(abs(float(loss) - truth))
    print(
        f"tf.compat.v1.losses.{name}: {loss.dtype.name}, {float(loss)!r} instead of {float(truth)!r}: {errors[-1]:.1e}"
    )
sys.exit(0 if max(errors) > 1e-12 else "no longer wrong")
