"""TensorFlow: l2_normalize of a float16 vector of zeros is NaN.

epsilon, 1e-12, stands for a division by zero, but is itself zero in float16. The vector is multiplied by 1 / sqrt(0),
and zero times infinity is NaN. A padded step of a sequence is such a vector. keras.ops.normalize does the same; an
epsilon of 1e-7 helps.

Declared as:
rows_of_normalize: tf.nn.l2_normalize
"""

import sys

import numpy as np
import tensorflow as tf

print(f"tensorflow {tf.__version__}; zeros are right")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    x = tf.zeros([1, 4], dtype)
    for name, y in (
        ("tf.nn.l2_normalize", tf.nn.l2_normalize(x, 1)),
        ("tf.nn.l2_normalize(epsilon=1e-7)", tf.nn.l2_normalize(x, 1, epsilon=1e-7)),
        ("keras.ops.normalize", tf.keras.ops.normalize(x, 1)),
    ):
        found = y.numpy().astype(float)[0]
        print(f"{name}, {dtype.name}: {found}")
        wrong.append(np.isnan(found).any())
sys.exit(0 if any(wrong) else "no longer wrong")
