"""How an implementation is executed: call by call, as a captured graph, or compiled."""

from __future__ import annotations

EAGER = "eager"
GRAPH = "graph"
COMPILED = "compiled"

MODES = {
    EAGER: "each call at once",
    GRAPH: "captured whole, run by the framework's own kernels: tf.function; torch.compile(backend='aot_eager')",
    COMPILED: "compiled: tf.function(jit_compile=True), that is XLA; torch.compile, that is Inductor",
}
"""The modes and what each means in TensorFlow and in PyTorch."""
