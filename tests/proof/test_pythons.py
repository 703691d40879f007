"""The option that names interpreters of versions."""

import argparse

import pytest

from proof.pythons import add_option


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    add_option(parser)
    return parser


def test_requirements_are_everything_before_the_last_sign(parser):
    given = parser.parse_args(
        ["--python", "torch==2.6.0=/a/python", "--python", "tensorflow-cpu==2.18.1 keras==3.5.0=/b"]
    )
    assert dict(given.python) == {"torch==2.6.0": "/a/python", "tensorflow-cpu==2.18.1 keras==3.5.0": "/b"}
    assert parser.parse_args([]).python == []


@pytest.mark.parametrize("wrong", ["torch", "=/a/python", "torch==2.6.0="])
def test_what_is_not_a_pair_is_an_error(parser, wrong, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--python", wrong])
    assert "is not REQUIREMENTS=PATH" in capsys.readouterr().err
