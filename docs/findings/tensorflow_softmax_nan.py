"""TensorFlow: softmax of a float32 row with NaN gives zeros for the other elements.

Their exponentials are divided by a sum that is NaN, which makes every element NaN; oneDNN's kernel, the default on x86
CPUs with AVX-512 VNNI or AMX, gives zeros instead. Other formats, and TF_ENABLE_ONEDNN_OPTS=0, give NaN.

Declared as:
special_softmax: tf.nn.softmax (nan in the row)
"""

import os
import sys

import numpy as np

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
import tensorflow as tf

row = np.array([[1.0, 2.0, np.nan]])
truth = np.exp(row) / np.exp(row).sum()

print(f"tensorflow {tf.__version__}")
wrong = []
for dtype in (tf.float64, tf.float32):
    y = tf.nn.softmax(tf.constant(row, dtype)).numpy()
    print(f"tf.nn.softmax of {row[0]}, {dtype.name}: {y[0]}, where {truth[0]} is right")
    wrong.append(not np.array_equal(np.isnan(y), np.isnan(truth)))
sys.exit(0 if any(wrong) else "no longer wrong")
