"""A fault in one function of a framework is reported as that: by the function that all that fails has called."""

from parity.plan.work import Item
from parity.report.text import SCREEN, cause_lines
from parity.run import Run
from proof.fault import load_all
from proof.kill import Faulty

FAULTS = {fault.name: fault for fault in load_all()}
CASES = ("linear", "linear_square", "gru_reset_before", "tanh", "avg_pool1d", "layer_norm", "softmax")


def test_every_case_that_calls_the_faulty_function_has_one_root_cause(bench):
    run = Run(Faulty(bench, FAULTS["torch-linear-tf32"]))
    work = []
    for name in CASES:
        path, case = bench.cases[name]
        work += [(Item(str(path), name, each.id, case.dtypes[0], "cpu"), case) for each in case.variants[:1]]
        work += [(Item(str(path), name, each.id, "float32", "cpu"), case) for each in case.variants[:1]]
    try:
        run.start(work)
        red = {row.case for item, case in work for row in run.result(item, case).red}
    finally:
        run.close()
    assert red == {"linear", "linear_square", "gru_reset_before"}
    causes = run.causes()
    first, *others = causes
    assert first.function == "torch.nn.functional.linear"
    assert set(first.cases) == {"linear", "gru_reset_before"}
    assert "2 operations: everything that calls torch.nn.functional.linear in float32; " in first.text
    assert "TF32- or float16-like inputs" in first.text
    assert [cause.function for cause in others] == ["torch.nn.Linear"], "which calls it where nobody sees it"
    assert len(list(cause_lines(causes, 80, ""))) <= SCREEN
