"""TensorFlow: Keras's BatchNormalization with a mask adds 1e-7 to the number of steps.

The sums over the steps that count are divided by their number plus 1e-7, against a division by zero. In float64 the
results are wrong from the eighth digit on. Without a mask, the same steps are wrong by rounding only.

Declared as:
masked_batch_norm: keras.layers.BatchNormalization(mask)
"""

import sys

import numpy as np
import tensorflow as tf

x = np.array([[[1.0], [2.0], [9.0]]])
counted = x[:, :2]
truth = ((counted - counted.mean()) / np.sqrt(counted.var() + 1e-3)).ravel()


def normalize(x, **options):
    layer = tf.keras.layers.BatchNormalization(epsilon=1e-3, dtype="float64")
    return layer(tf.constant(x), training=True, **options).numpy().ravel()[:2]


print(f"tensorflow {tf.__version__}, float64; {truth} is right")
masked = normalize(x, mask=tf.constant([[True, True, False]]))
alone = normalize(counted)
error = np.abs(masked - truth).max()
print(f"two steps of three, with a mask: {masked}, largest error {error:.1e}")
print(f"the two steps alone: {alone}, largest error {np.abs(alone - truth).max():.1e}")
sys.exit(0 if error > 1e-12 else "no longer wrong")
