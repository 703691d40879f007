"""TensorFlow: compiled by XLA, the sigmoid of a NaN in bfloat16 is some number.

On a CPU, where the NaN is a constant of the function. Another number comes at every element; in float16, float32 and
float64, and eagerly, it is NaN.

Declared as:
special_sigmoid: tf.sigmoid
"""

import sys

import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).normal(size=(3, 4))


def sigmoid(t):
    return tf.sigmoid(tf.concat([t, tf.fill((3, 1), tf.cast(float("nan"), t.dtype))], 1))


print(f"tensorflow {tf.__version__}; NaN is right")
found = {}
for dtype in (tf.bfloat16, tf.float16, tf.float32, tf.float64):
    t = tf.cast(tf.constant(x), dtype)
    for name, call in (("eagerly", sigmoid), ("compiled", tf.function(sigmoid, jit_compile=True))):
        found[dtype.name, name] = tf.cast(call(t), tf.float64).numpy()[:, -1]
        print(f"{dtype.name}, {name}: {found[dtype.name, name]}")
sys.exit(0 if not np.isnan(found["bfloat16", "compiled"]).all() else "no longer wrong")
