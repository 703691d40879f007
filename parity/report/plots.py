"""Plots as SVG that a page carries: drawn by matplotlib, in the page's own colours, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from ..catalog.frameworks import FRAMEWORKS
from ..timing.plan import SMALL

COLOURS = dict(zip(FRAMEWORKS, ("#d55e00", "#0072b2"), strict=True))
"""Vermillion and blue, which everyone can tell apart (Okabe and Ito); markers differ, too."""

MARKERS = dict(zip(FRAMEWORKS, ("o", "s"), strict=True))
INK = "#010203"
"""Stands for the page's text colour while a plot is drawn."""

_STYLE = re.compile(r'style="([^"]*)"')
_ID = re.compile(r'\bid="|href="#|url\(#')
_HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)


def ratios(rows: pd.DataFrame) -> Markup:
    """TensorFlow's time divided by PyTorch's for each operation and size, with intervals."""
    chosen = rows[rows["ratio"].notna() & (rows["framework"] == "tensorflow")]
    chosen = chosen.drop_duplicates(["case", "size", "dtype", "device", "mode", "measure"])
    chosen = chosen.assign(label=_labels(chosen))
    names = list(chosen["label"].unique())
    if not names:
        return Markup("")

    def draw(figure: Any, axes: Any) -> None:
        figure.set_size_inches(8, 1.2 + 0.2 * len(names))
        for measure, colour, marker, shift in (
            ("forward", "#009e73", "D", -0.15),
            ("forward+backward", "#cc79a7", "^", 0.15),
        ):
            part = chosen[chosen["measure"] == measure]
            places = [names.index(label) + shift for label in part["label"]]
            errors = [part["ratio"] - part["ratio_low"], part["ratio_high"] - part["ratio"]]
            axes.errorbar(
                part["ratio"], places, xerr=errors, fmt=marker, color=colour, markersize=4, elinewidth=1, label=measure
            )
        axes.axvline(1, color=INK, linewidth=1)
        axes.set(
            xscale="log", xlabel="time in TensorFlow / time in PyTorch (log scale; left of 1: TensorFlow is faster)"
        )
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(axis="x", which="both", alpha=0.25)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)

    return _svg("ratios", draw, "TensorFlow's time divided by PyTorch's, by operation and size")


def _labels(rows: pd.DataFrame) -> list[str]:
    """What a line is called: its operation and size, and where it ran if there is more than one place."""
    places = [name for name in ("dtype", "device", "mode") if rows[name].nunique() > 1]
    return [", ".join(entry) for entry in rows[["case", "size", *places]].itertuples(index=False)]


def sizes(rows: pd.DataFrame) -> Markup:
    """Forward time against the data that a call moves, small and realistic sizes joined."""
    forward = rows[(rows["measure"] == "forward") & rows["gbytes"].notna()]
    if forward.empty:
        return Markup("")

    def draw(figure: Any, axes: Any) -> None:
        figure.set_size_inches(8, 4.5)
        for framework, of_framework in forward.groupby("framework", sort=False):
            colour, marker = COLOURS[str(framework)], MARKERS[str(framework)]
            for number, (_, series) in enumerate(
                of_framework.groupby(["case", "implementation", "dtype", "device", "mode"])
            ):
                moved = series["gbytes"] * 1e9 * series["seconds"]
                order = moved.argsort()
                label = FRAMEWORKS[str(framework)].title if number == 0 else None
                axes.plot(
                    moved.iloc[order], series["seconds"].iloc[order], marker=marker, color=colour, markersize=4,
                    linewidth=0.7, alpha=0.75, label=label,
                )  # fmt: skip
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="inputs, weights and results of a call (bytes)",
            ylabel="seconds per call",
        )
        axes.grid(which="major", alpha=0.25)
        axes.legend(frameon=False)

    return _svg(
        "sizes",
        draw,
        f"Forward time against size: each line is an implementation, from its {SMALL} size to its realistic ones",
    )


def _svg(name: str, draw: Callable[[Any, Any], None], title: str) -> Markup:
    """Draw, and make the SVG fit a page that has other plots, and whose policy admits no style of its own."""
    import matplotlib

    matplotlib.use("svg")
    colours = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "legend.labelcolor")
    settings: Any = {**dict.fromkeys(colours, INK), "svg.fonttype": "none", "svg.hashsalt": "parity", "font.size": 9}
    with matplotlib.rc_context(settings):
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(layout="constrained")
        draw(figure, axes)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    text = _HEAD.sub("", stream.getvalue())
    text = _ID.sub(rf"\g<0>{name}-", text)
    text = _STYLE.sub(lambda found: _attributes(found[1].split(";")), text).replace(INK, "currentColor")
    named = Markup('<svg role="img" aria-label="{}" class="plot"').format(title)
    return Markup(text.replace("<svg", named, 1))


def _attributes(declarations: Sequence[str]) -> str:
    """CSS declarations as SVG's own attributes; ``font:`` is what several of them are together."""
    found = []
    for declaration in declarations:
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            found.append(f'font-size="{value.partition(" ")[0]}" font-family="sans-serif"')
        elif name:
            found.append(f'{name}="{value}"')
    return " ".join(found)
