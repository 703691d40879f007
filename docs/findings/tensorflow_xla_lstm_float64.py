"""TensorFlow: compiled by XLA, an unrolled LSTM cell in float64 is wrong at some sizes.

On a CPU with AVX-512, four sequences, six features and five units: from the second step on some elements of the outputs
and states are off by a tenth and more. With three or five sequences, in float32, eagerly and on a CPU without AVX-512
they are right. A cell of tf_keras, which tf.compat.v1.nn.rnn_cell was, comes to the same operations.

Declared as:
tf1_basic_lstm_cell: tf.split
tf1_basic_lstm_cell: tf.compat.v1.nn.rnn_cell.BasicLSTMCell
tf1_basic_lstm_cell: tf.compat.v1.nn.rnn_cell.LSTMCell
tf1_lstm_concatenated_state: tf.compat.v1.nn.rnn_cell.BasicLSTMCell
tf1_lstm_cell: tf.compat.v1.nn.rnn_cell.LSTMCell
tf1_lstm_cell_clipped: tf.compat.v1.nn.rnn_cell.LSTMCell
tf1_activation: tf.compat.v1.nn.rnn_cell.LSTMCell
tf1_activation: tf.compat.v1.nn.rnn_cell.BasicLSTMCell
tf1_dropout_steps: tf.compat.v1.nn.rnn_cell.DropoutWrapper
tf1_dropout_wrapper: tf.compat.v1.nn.rnn_cell.DropoutWrapper(in a loop)
"""

import sys

import numpy as np
import tensorflow as tf


def lstm(x, kernel, bias):
    c = h = tf.zeros((x.shape[0], bias.shape[0] // 4), x.dtype)
    outputs = []
    for part in tf.unstack(x, axis=1):
        i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(tf.concat([part, h], 1), kernel), bias), 4, axis=1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        outputs.append(h)
    return tf.stack(outputs, axis=1), h, c


print(f"tensorflow {tf.__version__}; the largest difference between compiled and eager outputs")
errors = {}
for dtype in (tf.float64, tf.float32):
    for sequences in (3, 4, 5):
        rng = np.random.default_rng(0)
        shapes = ((sequences, 4, 6), (11, 20), (20,))
        arguments = [tf.constant(rng.normal(size=shape) * 0.3, dtype) for shape in shapes]
        found = tf.function(lstm, jit_compile=True, autograph=False)(*arguments)[0]
        error = float(tf.reduce_max(abs(found - lstm(*arguments)[0])))
        errors[dtype.name, sequences] = error
        print(f"{dtype.name}, {sequences} sequences: {error:.1e}")
sys.exit(0 if errors["float64", 4] > 1e-6 else "no longer wrong")
