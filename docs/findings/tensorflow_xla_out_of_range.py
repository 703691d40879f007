"""TensorFlow: compiled by XLA, lookups and losses check neither ids nor labels.

On a CPU an id that names no row, and a label that is no class, is an error, eagerly and in a graph. Compiled with
jit_compile=True there is no error: a lookup gives the nearest row, the first or the last, and the gradient of that row
leaves it out, so that it is not the gradient of what was computed; a cross entropy is NaN, as on a GPU.

Declared as:
lookup_out_of_range: tf.nn.embedding_lookup
lookup_out_of_range: tf.gather
lookup_out_of_range: keras.layers.Embedding
labels_out_of_range: tf.nn.sparse_softmax_cross_entropy_with_logits
labels_out_of_range: keras.losses.SparseCategoricalCrossentropy
"""

import sys

import numpy as np
import tensorflow as tf

table = tf.constant(np.arange(1.0, 5.0)[:, None])
ids = tf.constant([-1, 1, 4])
logits, labels = tf.zeros([3, 5], tf.float64), tf.constant([-1, 0, 5])


def lookup(table, ids):
    with tf.GradientTape() as tape:
        tape.watch(table)
        rows = tf.gather(1 * table, ids)
    return rows[:, 0], tape.gradient(rows, table)[:, 0]


def loss(logits, labels):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


print(f"tensorflow {tf.__version__}, float64")
with tf.device("/CPU:0"):
    for name, call, given in (("tf.gather", lookup, (table, ids)), ("the cross entropy", loss, (logits, labels))):
        try:
            call(*given)
        except tf.errors.InvalidArgumentError as error:
            print(f"{name}, eager: {error.message.splitlines()[0]}")
    rows, gradient = tf.function(lookup, jit_compile=True)(table, ids)
    losses = tf.function(loss, jit_compile=True)(logits, labels).numpy()
print(f"compiled, ids {ids.numpy()} of the table {table.numpy()[:, 0]}: {rows.numpy()}")
print(f"and the gradient of their sum, which adds up to {len(ids)} if right: {gradient.numpy()}")
print(f"compiled, labels {labels.numpy()} of 5 classes: {losses}")
sys.exit(0 if gradient.numpy().sum() != len(ids) and np.isnan(losses).any() else "no longer wrong")
