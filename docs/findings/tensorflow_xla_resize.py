"""TensorFlow: compiled by XLA for a CPU, an image enlarged three or five times has pixels of the wrong neighbour.

Where a new pixel lies exactly on an old one, XLA takes the old pixel beside it instead at some places. Enlarged two or
four times, where no pixel lies on an old one, the images measured are right. keras.ops.image.resize shows the same.
https://github.com/tensorflow/tensorflow/issues/118467

Declared as:
resize_bilinear: tf.image.resize
resize_bilinear: keras.ops.image.resize
"""

import sys

import numpy as np
import tensorflow as tf

row = np.arange(6.0)
x = tf.constant(np.tile(row, (1, 2, 1))[..., None], tf.float32)

print(f"tensorflow {tf.__version__}; a row of 6 pixels, {row}, the eager result is right")
wrong = []
with tf.device("/CPU:0"):
    for factor in (2, 3, 4, 5):
        for name, resize in (
            ("tf.image.resize", tf.image.resize),
            ("keras.ops.image.resize", tf.keras.ops.image.resize),
        ):

            def enlarged(x, resize=resize, factor=factor):
                return resize(x, (2, 6 * factor))[0, 0, :, 0]

            eager, compiled = enlarged(x).numpy(), tf.function(enlarged, jit_compile=True)(x).numpy()
            places = np.flatnonzero(np.abs(eager - compiled) > 0.01)
            print(f"{name}, {factor} times as long, wrong pixels: {places}", end="; ")
            print(f"compiled {compiled[places]}, eager {eager[places]}")
            wrong.append(places.size > 0)
sys.exit(0 if any(wrong) else "no longer wrong")
