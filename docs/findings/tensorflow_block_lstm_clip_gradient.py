"""TensorFlow: the gradient of BlockLSTM passes through the clipping of the cell state as if there were none.

With cell_clip the operation clips the cell state to [-cell_clip, cell_clip]. Where it does, the result does not
depend on what was clipped, so that the gradient is zero there. The operation's gradient passes straight through, which
numerical differences contradict.

Declared as:
tf1_block_lstm: tf.raw_ops.BlockLSTM
"""

import sys

import numpy as np
import tensorflow as tf

CLIP = 0.5
random = np.random.default_rng(0)
inputs, H, N = 3, 2, 4
x0 = random.normal(size=(1, N, inputs)).astype(np.float32)
kernel = random.normal(size=(inputs + H, 4 * H)).astype(np.float32)
c0 = random.normal(size=(N, H)).astype(np.float32) * 2


def block_lstm(x):
    nothing = tf.zeros([H], x.dtype)
    run = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.constant(1, tf.int64),
        x=x,
        cs_prev=tf.constant(c0),
        h_prev=tf.zeros([N, H]),
        w=tf.constant(kernel),
        wci=nothing,
        wcf=nothing,
        wco=nothing,
        b=tf.zeros([4 * H]),
        forget_bias=1.0,
        cell_clip=CLIP,
        use_peephole=False,
    )
    return run.h[0]


def formula(x):
    """The sum of the outputs in float64; the operation's gates lie in the order i, g, f, o."""
    i, g, f, o = np.split(np.concatenate([x[0], np.zeros((N, H))], 1) @ kernel.astype(np.float64), 4, axis=1)

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    c = np.clip(sigmoid(f + 1) * c0 + sigmoid(i) * np.tanh(g), -CLIP, CLIP)
    return sigmoid(o) * np.tanh(c)


x = tf.constant(x0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = block_lstm(x)
gradient = tape.gradient(y, x).numpy()

truth = np.zeros(x0.shape)
step = 1e-6
for place in np.ndindex(x0.shape):
    shift = np.zeros(x0.shape)
    shift[place] = step
    truth[place] = (formula(x0 + shift).sum() - formula(x0 - shift).sum()) / (2 * step)

error, forward = np.abs(gradient - truth).max(), np.abs(y.numpy() - formula(x0.astype(np.float64))).max()
print(f"tensorflow {tf.__version__}, float32, cell_clip={CLIP}; rounding alone explains about 1e-6")
print(f"tf.raw_ops.BlockLSTM: largest error of the result {forward:.1e}, of the gradient {error:.1e}")
print(f"largest true gradient {np.abs(truth).max():.2g}")
sys.exit(0 if error > 1e-3 else "no longer wrong")
