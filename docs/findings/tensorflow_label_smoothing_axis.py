"""TensorFlow: CategoricalCrossentropy smooths labels by the length of the last axis, whichever axis the classes are on.

Keras's loss takes the axis of the classes, but divides the smoothed share by the length of the last axis. With the
classes on axis 1 and two steps behind it, the shares of five classes add up to 2.5 times what they should.

Declared as:
label_smoothing_of_sequences: keras.losses.CategoricalCrossentropy(axis=1)
"""

import sys

import numpy as np
import tensorflow as tf

logits = np.random.default_rng(0).normal(size=(1, 5, 2))
labels = np.eye(5)[[[0, 3]]].transpose(0, 2, 1)
log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))


def loss(smoothing, axis, labels, logits):
    function = tf.keras.losses.CategoricalCrossentropy(True, smoothing, axis, reduction=None, dtype="float64")
    return function(labels, logits).numpy()[0]


print(f"tensorflow {tf.__version__}; two steps with five classes")
errors = []
for smoothing in (0.0, 0.5):
    truth = -((labels * (1 - smoothing) + smoothing / 5) * log_p).sum(1)[0]
    found = loss(smoothing, 1, labels, logits)
    last = loss(smoothing, -1, labels.transpose(0, 2, 1), logits.transpose(0, 2, 1))
    print(f"smoothing {smoothing}: classes on axis 1 {found}, on the last axis {last}, where {truth} is right")
    errors.append(np.abs(found - truth).max())
sys.exit(0 if max(errors) > 1e-6 else "no longer wrong")
