"""What is declared for some of a framework's CPU kernels holds with each of them that this processor can run."""

import pytest

from parity.judge import RED, judge
from parity.plan.work import expand
from proof.observe import Workers


def told_apart(case, framework, mode):
    """Whether something is declared of a framework in a mode for some kernels only."""
    declared = [(each, each.api, each.modes) for each in case.known]
    declared += [(port.divergence, port.api, ("eager",)) for port in case.divergences]
    return any(
        each.kernels and case.implementation(api).framework == framework and (modes is None or mode in modes)
        for each, api, modes in declared
    )


@pytest.mark.parametrize(
    ("setting", "value", "framework", "mode", "kernels"),
    [
        ("TF_ENABLE_ONEDNN_OPTS", "0", "tensorflow", "eager", "eigen"),
        ("TF_ENABLE_ONEDNN_OPTS", "0", "tensorflow", "graph", "fused"),
        ("TF_ENABLE_ONEDNN_OPTS", "1", "tensorflow", "eager", "onednn"),
        ("TF_ENABLE_ONEDNN_OPTS", "1", "tensorflow", "graph", "onednn"),
        ("ATEN_CPU_CAPABILITY", "default", "torch", "eager", "default"),
    ],
)
def test_declarations_hold_with_each_kernel(pythons, monkeypatch, setting, value, framework, mode, kernels):
    monkeypatch.setenv(setting, value)
    workers = Workers(pythons)
    try:
        assert workers.kernels[framework][mode]["float32"] == kernels
        # oneDNN, which PyTorch takes for GELU, chooses its instructions by itself.
        items = [
            (file.case(item.case), item)
            for file in workers.files
            for item in expand(file, None, ["cpu"], [mode])
            if told_apart(file.case(item.case), framework, mode)
            and not (mode != "eager" and file.case(item.case).eager_only)
            and (framework != "torch" or item.case == "every_erf")
        ]
        rows = [
            row
            for observed in workers.observe(items, [0])
            for row in judge(observed.case, observed.item, observed.observations, workers.context(0))
        ]
    finally:
        workers.stop()
    assert [row for row in rows if row.verdict == "expected" or row.reason.startswith("goes wrong with other kernels")]
    assert [(row.case, row.left, row.verdict, row.reason) for row in rows if row.verdict in RED] == []
