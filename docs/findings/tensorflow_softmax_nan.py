"""TensorFlow: softmax of a float32 or bfloat16 row with NaN or plus infinity gives zeros for the other elements.

Their exponentials are divided by a sum that is NaN, which makes every element NaN; oneDNN's kernel, the default on x86
CPUs with AVX-512 VNNI or AMX, gives zeros instead. float64 and float16, and TF_ENABLE_ONEDNN_OPTS=0, give NaN.

Declared as:
special_softmax: tf.nn.softmax (nan in the row)
rows_of_softmax: tf.nn.softmax
"""

import os
import sys

import numpy as np

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
import tensorflow as tf

rows = np.array([[1.0, 2.0, np.nan], [1.0, 2.0, np.inf]])
truth = np.full(3, np.nan)

print(f"tensorflow {tf.__version__}")
wrong = []
for dtype in (tf.float64, tf.float32, tf.float16, tf.bfloat16):
    found = tf.nn.softmax(tf.constant(rows, dtype)).numpy().astype(float)
    for row, y in zip(rows, found, strict=True):
        print(f"tf.nn.softmax of {row}, {dtype.name}: {y}, where {truth} is right")
        wrong.append(not np.isnan(y).all())
sys.exit(0 if any(wrong) else "no longer wrong")
