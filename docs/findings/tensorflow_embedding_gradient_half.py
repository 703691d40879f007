"""TensorFlow: the gradient of a table row that is looked up often stops growing in half precision on a CPU.

The gradients of equal ids are added up in the format of the table: 5000 ones make 256 in bfloat16 and 2048 in float16.
Every row of a frequent word is trained with too small a gradient. tf.one_hot and a product give the right one.

Declared as:
embedding_of_many: tf.nn.embedding_lookup
embedding_of_many: keras.layers.Embedding
"""

import sys

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)

IDS = np.zeros(5000, np.int64)
truth = float(len(IDS))


def keras_lookup(table):
    layer = tf.keras.layers.Embedding(2, 3, dtype=table.dtype.name)
    layer.build()
    return layer, layer.embeddings.value


print(f"tensorflow {tf.__version__}; one id {len(IDS)} times, the gradient of the sum is {truth:g} for its row")
errors = []
with tf.device("cpu"):
    for dtype in (tf.float32, tf.float16, tf.bfloat16):
        zeros = tf.Variable(tf.zeros([2, 3], dtype))
        layer, weights = keras_lookup(zeros)
        found = {
            "tf.nn.embedding_lookup": (lambda zeros=zeros: tf.nn.embedding_lookup(zeros, IDS), zeros),
            "keras.layers.Embedding": (lambda layer=layer: layer(IDS), weights),
            "tf.one_hot": (lambda zeros=zeros, dtype=dtype: tf.one_hot(IDS, 2, dtype=dtype) @ zeros, zeros),
        }
        for name, (call, table) in found.items():
            with tf.GradientTape() as tape:
                y = call()
            gradient = float(tf.convert_to_tensor(tape.gradient(y, table))[0, 0])
            errors.append(abs(gradient / truth - 1))
            print(f"{name}, {dtype.name}: {gradient:g}")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
