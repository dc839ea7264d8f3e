"""Rewrites simple LaTeX as plain text with mathematical signs: `\\frac{1}{2}` is "1/2", `\\alpha` is "α".

Only known commands are rewritten, so that a path such as `C:\\temp` stays. `verbalization` then reads the signs.
"""

from __future__ import annotations

import re
from typing import Final

_GREEK: Final = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega varepsilon varphi".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩεφ",
        strict=True,
    )
)
_SIGNS: Final = _GREEK | {
    "times": "×", "cdot": "×", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "approx": "≈", "infty": "∞", "to": "→", "rightarrow": "→", "in": "∈", "sum": "∑", "int": "∫",
    "partial": "∂", "degree": "°", "circ": "°", "ldots": "…", "dots": "…", "cdots": "…", "quad": " ", "qquad": " ",
    "left": "", "right": "", "sin": "sin", "cos": "cos", "tan": "tan", "log": "log", "ln": "ln", "lim": "lim",
    "equiv": "=", "sim": "≈", "percent": "%", "forall": "∀", "exists": "∃", "cup": "∪", "cap": "∩", "subset": "⊂",
}  # fmt: skip
_SUPERSCRIPTS: Final = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_COMMAND: Final = re.compile(r"\\(" + "|".join(sorted(_SIGNS, key=len, reverse=True)) + r")(?![A-Za-z])[ ]?")
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT: Final = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_TEXT: Final = re.compile(
    r"\\(?:vec|hat|bar|overline|mathbb|mathcal|boxed|text|mathrm|mathbf|operatorname|textbf|textit)\s*\{([^{}]*)\}"
)
_BOUNDS: Final = re.compile(r"\\(int|sum)_(?:\{([^{}]{1,12})\}|(\w))\^(?:\{([^{}]{1,12})\}|(\\infty|\w))[ ]?")
_DERIVATIVE: Final = re.compile(r"d[a-z]?")
_DELIMITERS: Final = re.compile(r"\\[()\[\]]|\$\$")
_SPACING: Final = re.compile(r"\\[,;:!](?=[\s\w\\])")
_DOLLARS: Final = re.compile(r"(?<![\w$\\])\$(?=\S)([^$\n]*[\\^_={}][^$\n]*|[A-Za-z](?:\([A-Za-z]\))?)(?<=\S)\$(?!\d)")
_EXPONENT: Final = re.compile(r"(?<=[\w)\]}])\^(?:\{([-+\dn]{1,4})\}|(-?\d{1,3}|n)(?!\w))")
_BRACED_EXPONENT: Final = re.compile(r"\^\{([^{}]*)\}")
_DEGREES: Final = re.compile(r"\^\{?°\}?")
_INDEX: Final = re.compile(r"(?<=[A-Za-zα-ωΑ-Ω])_(?:\{(\w{1,6})\}|(\d{1,2}|[a-z])(?!\w))")
_SIMPLE: Final = re.compile(r"[\w.,α-ωΑ-Ω√²³]+")
_LATEX: Final = re.compile(r"\\(?:[A-Za-z]{2,}|[()\[\]])|\$|\^")


def without_latex(text: str) -> str:
    """Return `text` with its LaTeX replaced by plain mathematical signs."""
    if not _LATEX.search(text):
        return text
    text = _DOLLARS.sub(lambda found: _inside(found.group(1)), text)
    if "\\" in text:
        text = _inside_commands(text)
    return _exponents(text)


def _inside(formula: str) -> str:
    """Return a marked formula with its LaTeX rewritten. Its `_` for an index must not be taken for emphasis."""
    formula = _exponents(_inside_commands(formula))
    return _INDEX.sub(lambda found: f" {found.group(1) or found.group(2)}", formula).replace("{", "").replace("}", "")


def _inside_commands(text: str) -> str:
    text = _BOUNDS.sub(_bounded, _TEXT.sub(r"\1", text))
    while (simpler := _FRACTION.sub(_fraction, _ROOT.sub(_root, text))) != text:  # the innermost fraction or root first
        text = simpler
    text = _COMMAND.sub(_sign, text)
    return _DEGREES.sub("°", _DELIMITERS.sub("", _SPACING.sub(" ", text)))


def _sign(found: re.Match[str]) -> str:
    sign = _SIGNS[found.group(1)]
    space = found.group()[len(found.group(1)) + 1 :]
    return sign + space if not sign or sign == "°" or sign.isalpha() else f"{sign} "


def _bounded(found: re.Match[str]) -> str:
    """An integral or a sum with its bounds: from one to the other."""
    return f"\\{found[1]} {found[2] or found[3]} → {found[4] or found[5]}, "


def _fraction(found: re.Match[str]) -> str:
    if _DERIVATIVE.fullmatch(found[1]) and _DERIVATIVE.fullmatch(found[2]):
        return f"{' '.join(found[1])} ÷ {' '.join(found[2])}"
    return f"{_grouped(found.group(1))}/{_grouped(found.group(2))}"


def _root(found: re.Match[str]) -> str:
    return f"√{_grouped(found.group(1))}"


def _grouped(part: str) -> str:
    part = part.strip()
    return part if _SIMPLE.fullmatch(part) else f"({part})"


def _exponents(text: str) -> str:
    text = _EXPONENT.sub(lambda found: (found.group(1) or found.group(2)).translate(_SUPERSCRIPTS), text)
    return _BRACED_EXPONENT.sub(lambda found: f"^{_grouped(found.group(1))}", text)
