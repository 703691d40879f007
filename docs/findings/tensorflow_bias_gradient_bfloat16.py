"""TensorFlow: the gradient of a bias in bfloat16 stops growing on a CPU; 5000 ones add up to 256.

BiasAddGrad adds the gradients of all rows, or pixels, up in bfloat16. keras.layers.Dense and Conv2D take their biases
this way, also under the policy mixed_bfloat16, where the bias itself is float32. In float16, which has its own kernel,
the sum is right.

Declared as:
bias_of_many_rows: tf.nn.bias_add
bias_of_many_rows: keras.layers.Dense
"""

import sys

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)

ROWS = 5000
truth = np.ones(ROWS).sum()


def gradient(call, bias):
    with tf.GradientTape() as tape:
        tape.watch(bias)
        y = call(bias)
    return float(tape.gradient(y, bias)[0])


print(f"tensorflow {tf.__version__}; the gradient of the sum over {ROWS} rows, {truth:g} is right")
errors = []
with tf.device("cpu"):
    for dtype in (tf.float32, tf.float16, tf.bfloat16):
        found = gradient(lambda b, dtype=dtype: tf.nn.bias_add(tf.zeros([ROWS, 2], dtype), b), tf.zeros([2], dtype))
        errors.append(abs(found / truth - 1))
        print(f"tf.nn.bias_add, {dtype.name}: {found:g}")
    for policy in ("bfloat16", "mixed_bfloat16"):
        for make, shape in ((tf.keras.layers.Dense, [ROWS, 3]), (tf.keras.layers.Conv2D, [2, 50, 50, 3])):
            layer = make(2, dtype=policy) if make is tf.keras.layers.Dense else make(2, 1, dtype=policy)
            layer.build(shape)
            found = gradient(lambda _, layer=layer, shape=shape: layer(tf.zeros(shape)), layer.bias.value)
            errors.append(abs(found / truth - 1))
            print(f"keras.layers.{make.__name__}, {policy}: {found:g}")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
