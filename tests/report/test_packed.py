"""Tables as a page carries them come back as they were."""

import base64
import gzip
import json

import pandas as pd

from parity.report.packed import columns, packed


def unpacked(text):
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_each_text_is_kept_once():
    (column,) = columns(pd.DataFrame({"case": ["b", "a", "b", ""]})).values()
    assert column == {"texts": ["b", "a", ""], "codes": [0, 1, 0, 2]}


def test_whole_numbers_are_texts_and_others_numbers():
    found = columns(pd.DataFrame({"seed": [3, 3], "rho": [0.25, 1e-300]}))
    assert found["seed"] == {"texts": ["3"], "codes": [0, 0]}
    assert found["rho"] == {"numbers": [0.25, 1e-300]}


def test_infinity_and_missing_numbers_survive_json():
    (column,) = columns(pd.DataFrame({"ratio": [float("inf"), float("nan"), -1.0]})).values()
    assert unpacked(packed(column)) == {"numbers": ["inf", None, -1.0]}


def test_no_text_can_end_the_element_it_stands_in():
    hostile = "</script><!--\u2028\ud800"
    text = packed({"hostile": hostile})
    assert text.isascii()
    assert not set(text) & set("<>&'\"")
    assert unpacked(text) == {"hostile": hostile}


def test_the_same_content_gives_the_same_text():
    assert packed({"a": 1}) == packed({"a": 1})
