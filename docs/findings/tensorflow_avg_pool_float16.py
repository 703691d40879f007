"""TensorFlow: the average over a large window is wrong in float16 on a CPU, up to twice the true one.

The numbers of a window are added up in float16, and counted in float16: both stop growing at 2048. The average over an
image of 64 by 64 points, which are 4096, is the sum, or 2048, over 2048. keras.layers.GlobalAveragePooling2D is right.

Declared as:
average_of_large_window: tf.nn.avg_pool2d
average_of_large_window: keras.layers.AveragePooling2D
"""

import sys

import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)

print(f"tensorflow {tf.__version__}, float16")
errors = []
with tf.device("cpu"):
    for size in (32, 48, 64):
        x = tf.constant(random.uniform(0, 1, (1, size, size, 1)), tf.float16)
        truth = x.numpy().astype(np.float64).mean()
        for name, y in (
            ("tf.nn.avg_pool2d", tf.nn.avg_pool2d(x, size, 1, "VALID")),
            ("keras.layers.AveragePooling2D", tf.keras.layers.AveragePooling2D(size, dtype="float16")(x)),
        ):
            errors.append(abs(float(tf.squeeze(y)) - truth))
            print(f"{name}, {size} x {size}: {float(tf.squeeze(y)):.4f}, where {truth:.4f} is right")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
