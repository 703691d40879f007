"""TensorFlow: norms of float16 vectors overflow from 256 on, and vectors divided by them are zero.

The squares are float16 numbers, which end at 65504. A gradient clipped to a norm, or an embedding brought to length
one, is lost without a message. Small numbers are lost the other way: the squares of 1e-4 are zero, and so is epsilon,
1e-12, so that l2_normalize gives infinity.

Declared as:
unit_vectors_in_half: tf.nn.l2_normalize (squares overflow in float16)
unit_vectors_in_half: keras.ops.normalize (squares overflow in float16)
unit_vectors_in_half: keras.layers.UnitNormalization (squares overflow in float16)
unit_vectors_in_half: tf.norm (squares overflow in float16)
unit_vectors_in_half: tf.clip_by_norm (squares overflow in float16)
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[300.0, 400.0]])
truth = x / np.sqrt((x**2).sum())
calls = {
    "tf.nn.l2_normalize": lambda t: tf.nn.l2_normalize(t, axis=1),
    "keras.ops.normalize": lambda t: tf.keras.ops.normalize(t, axis=1),
    "keras.layers.UnitNormalization": tf.keras.layers.UnitNormalization(axis=1, dtype="float16"),
    "x / tf.norm(x)": lambda t: t / tf.norm(t, axis=1, keepdims=True),
    "tf.clip_by_norm to 1": lambda t: tf.clip_by_norm(t, 1, axes=[1]),
    "tf.clip_by_global_norm to 1": lambda t: tf.clip_by_global_norm([t], 1)[0][0],
}

print(f"tensorflow {tf.__version__}, float16")
errors = []
for name, call in calls.items():
    y = call(tf.constant(x, tf.float16)).numpy()
    errors.append(np.abs(y - truth).max())
    print(f"{name}, x = {x[0]}: {y[0]}, where {truth[0]} is right")
small = tf.fill([1, 4], tf.constant(1e-4, tf.float16))
print(f"tf.nn.l2_normalize of {small.numpy()[0]}: {tf.nn.l2_normalize(small, axis=1).numpy()[0]}, where 0.5 is right")
sys.exit(0 if not max(errors) < 0.01 else "no longer wrong")
