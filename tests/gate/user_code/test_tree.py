"""Names are followed through the code's own modules."""

import pytest
from usages import certain, maybe


@pytest.mark.parametrize(
    ("importing", "exporting"),
    [
        ("from .ops import act\nact(x)", "from torch.nn.functional import gelu as act"),
        ("from . import ops\nops.act(x)", "from torch.nn.functional import gelu as act"),
        ("from .ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from pkg.ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("import pkg.ops\npkg.ops.F.gelu(x)", "import torch.nn.functional as F"),
        ("import pkg.ops as o\no.F.gelu(x)", "import torch.nn.functional as F"),
        ("from ..pkg.ops import F\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from .ops import *\nF.gelu(x)", "import torch.nn.functional as F"),
        ("from .ops import act\nact(x)", "import torch\nact = torch.nn.functional.gelu"),
        ("from . import act\nact(x)", None),
        ("from ops import act\nact(x)", "from torch.nn.functional import gelu as act"),
    ],
)
def test_names_are_followed_through_the_codes_own_modules(code, importing, exporting):
    usage = code({
        "src/pkg/__init__.py": "from torch.nn.functional import gelu as act" if exporting is None else "",
        "src/pkg/ops.py": exporting or "",
        "src/pkg/net.py": importing,
    })  # fmt: skip
    assert list(certain(usage)) == ["torch.nn.functional.gelu"]
    assert "src/pkg/net.py:2" in usage.uses["torch.nn.functional.gelu"].places


def test_star_imports_may_give_a_name(code):
    usage = code({"a.py": "from torch.nn import *\nfrom keras.layers import *\nprint(Linear(1, 2))\n"})
    assert certain(usage) == {}
    assert {"torch.nn.Linear", "keras.layers.Linear"} <= maybe(usage)
    assert not {"torch.nn.print", "keras.layers.print"} & maybe(usage)


def test_modules_that_import_each_other_end(code):
    assert (
        code({"a.py": "from b import *\nfrom b import x\nx(1)\ny(1)", "b.py": "from a import *\nfrom a import x"}).uses
        == {}
    )
