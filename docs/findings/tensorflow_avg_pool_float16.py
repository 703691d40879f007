"""TensorFlow: the average over a large window is wrong in float16 and bfloat16 on a CPU, up to twice the true one.

The numbers of a window are added up, and counted, in that format: both stop growing at 2048 or 256. In float16 the
average over an image of 64 by 64 points, which are 4096, is the sum, or 2048, over 2048. In bfloat16 oneDNN's kernels,
the default on some CPUs with AVX-512, are right. keras.layers.GlobalAveragePooling2D is right always.

Declared as:
average_of_large_window: tf.nn.avg_pool2d
average_of_large_window: keras.layers.AveragePooling2D
"""

import sys

import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)

print(f"tensorflow {tf.__version__}")
errors = []
with tf.device("cpu"):
    for dtype in (tf.float16, tf.bfloat16):
        for size in (32, 48, 64):
            x = tf.constant(random.uniform(0, 1, (1, size, size, 1)), dtype)
            truth = x.numpy().astype(np.float64).mean()
            for name, y in (
                ("tf.nn.avg_pool2d", tf.nn.avg_pool2d(x, size, 1, "VALID")),
                ("keras.layers.AveragePooling2D", tf.keras.layers.AveragePooling2D(size, dtype=dtype.name)(x)),
            ):
                errors.append(abs(float(tf.squeeze(y)) - truth))
                print(f"{name}, {dtype.name}, {size} x {size}: {float(tf.squeeze(y)):.4f}, where {truth:.4f} is right")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
