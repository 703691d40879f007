"""Text from outside moves, colours and hides nothing."""

import pytest

from parity.catalog.visible import visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 3.5 µs at 100 % 漢字 é 🙂", "plain text, 3.5 µs at 100 % 漢字 é 🙂"),
        ("\x1b[31mred\x1b[0m and \x1b[1;4mbold\x1b[m", "red and bold"),
        ("\x1b[2J\x1b[H\x1b[?25lgone", "gone"),
        ("\x1b]0;a title\x07shown", "shown"),
        ("\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\", "a link"),
        ("\x1bPdata\x1b\\shown\x1b(B\x1bM", "shown"),
        ("\x1b]0;never closed", "0;never closed"),
        ("\x1b", r"\x1b"),
        ("\x1b[31", "31"),
        ("\x9b31mred", r"\x9b31mred"),
        ("over\x08\x08\rwritten\x00", r"over\x08\x08\rwritten\x00"),
        ("\u202eabc\u202c \u2066x\u2069", r"\u202eabc\u202c \u2066x\u2069"),
        ("zero\u200bwidth\ufeff\u200d", r"zero\u200bwidth\ufeff\u200d"),
        ("no\u3164shape", r"no\u3164shape"),
        ("one\xa0space", "one space"),
        ("line\u2028break", r"line\u2028break"),
        ("two\n\tlines", "two\n\tlines"),
        ("lone \ud800", r"lone \ud800"),
        ("\U000e0041 tag", r"\U000e0041 tag"),
    ],
)
def test_what_is_shown(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


def test_one_line_holds_no_other():
    assert visible_line("a\n::error::b\tc\x1b[31m\rd") == r"a\n::error::b\tc\rd"
