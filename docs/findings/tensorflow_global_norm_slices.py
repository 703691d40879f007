"""TensorFlow: the global norm of an embedding's gradient is that of its slices, not of the gradient.

The gradient of a lookup is a list of slices, one for each id, and those of equal ids are summed when it is applied.
tf.linalg.global_norm squares the slices unsummed, so that tf.clip_by_global_norm clips to another norm than it was
asked for, and clips what is short enough. tf.convert_to_tensor before it gives the right norm.

Declared as:
embedding_gradient_clipping: tf.clip_by_global_norm (norm of unsummed slices)
"""

import sys

import numpy as np
import tensorflow as tf

ids = [0, 0, 0, 0, 1]
table = tf.Variable(np.zeros((3, 2)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.embedding_lookup(table, ids))
slices = tape.gradient(loss, table)
gradient = np.zeros(table.shape)
np.add.at(gradient, ids, 1.0)
truth = np.sqrt((gradient**2).sum())

print(f"tensorflow {tf.__version__}, float64; ids {ids}, rows of two numbers")
found = float(tf.linalg.global_norm([slices]))
summed = float(tf.linalg.global_norm([tf.convert_to_tensor(slices)]))
(clipped,), _ = tf.clip_by_global_norm([slices], np.float64(1))
length = np.sqrt((tf.convert_to_tensor(clipped).numpy() ** 2).sum())
print(f"norm of the gradient {truth:.6f}; tf.linalg.global_norm {found:.6f}, after tf.convert_to_tensor {summed:.6f}")
print(f"tf.clip_by_global_norm to a norm of 1 leaves one of {length:.6f}")
sys.exit(0 if abs(found - truth) > 1e-6 else "no longer wrong")
