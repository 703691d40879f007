"""TensorFlow: compiled by XLA, the maximum of numbers with NaN among them is a number on a CPU.

tf.reduce_max gives NaN eagerly and in a graph, as NumPy and PyTorch do. Compiled with jit_compile=True for a CPU, it
passes NaN over, and an error upstream stays unseen.

Declared as:
special_max: tf.reduce_max
special_max: keras.ops.max
special_max_pool: tf.reduce_max
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[0.5, -1.0, 2.0, np.nan], [0.5, -1.0, np.nan, 2.0], [np.nan, 0.5, -1.0, 2.0]])
truth = np.max(x, 1)


def maximum(x):
    return tf.reduce_max(x, 1)


compiled = tf.function(maximum, jit_compile=True)
wrong = []
print(f"tensorflow {tf.__version__}; the maximum of each row is {truth}")
with tf.device("/CPU:0"):
    for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
        rows = tf.constant(x, dtype)
        found = tf.cast(compiled(rows), tf.float64).numpy()
        print(f"{dtype.name}: eager {maximum(rows).numpy()}, compiled {found}")
        wrong.append(not np.isnan(found).all())
sys.exit(0 if any(wrong) else "no longer wrong")
