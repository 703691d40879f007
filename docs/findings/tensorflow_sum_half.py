"""TensorFlow: sums of float16 numbers over the first axis, and running sums in half precision, stop growing on a CPU.

They are added up in that format: a sum of ones in float16 stays at 2048, where the next number is less than half of the
distance to the neighbour, and in bfloat16 at 256. Sums over the last axis, and most others, are added up in float32.

Declared as:
sum_of_many_rows: tf.reduce_sum
running_sum_of_many: tf.cumsum
"""

import sys

import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)

ROWS = 5000

print(f"tensorflow {tf.__version__}; {ROWS} ones, of which {np.ones(ROWS).sum():g} is the sum")
errors = []
with tf.device("cpu"):
    for dtype in (tf.float16, tf.bfloat16):
        x = tf.ones([ROWS, 2], dtype)
        first, last = tf.reduce_sum(x, axis=0)[0], tf.reduce_sum(tf.transpose(x), axis=1)[0]
        running = tf.cumsum(x[:, 0])[-1]
        for name, y in (("over the first axis", first), ("over the last axis", last), ("running", running)):
            errors.append(abs(float(y) / ROWS - 1))
            print(f"{dtype.name}, {name}: {float(y):g}")
sys.exit(0 if max(errors) > 0.05 else "no longer wrong")
