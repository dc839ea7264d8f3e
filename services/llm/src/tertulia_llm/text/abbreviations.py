"""Word lists of the sentence splitter: abbreviations, and words that begin a sentence.

In doubt, a full stop does *not* end the sentence: a late sentence costs milliseconds, but a break after "Dr." is
audible. The lists have the words that occur in chat; words with inner dots ("z.B.", "p.m.") and single letters ("J.")
are recognized by their shape, in any language.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER_LAST: Final = _words(
    """
    mr mrs ms mx dr drs prof rev fr sr sra srta mme mlle messrs gen col maj capt cpt lt sgt cpl adm gov sen
    pres st ste mt ft vs cf viz e.g i.e eg ie z.b d.h u.a v.a p.ej bzw vgl bspw ggf evtl inkl exkl zzgl
    """
)
"""Never ends a sentence: "Dr. Smith", "e.g. Apple"."""

BEFORE_NUMBER: Final = _words(
    "no nos nr num fig figs vol vols ch chap sec art eq p pp pg para ex tab bd abb kap cap núm n° jan feb mar apr jun "
    "jul aug sep sept oct okt nov dec dez"
)
"""An abbreviation only when a number follows: "no. 5", but "She said no. Then she left."."""

MAYBE_LAST: Final = _words(
    """
    etc al inc ltd co corp llc jr approx appt dept temp tel oz lb lbs yd hrs yrs tue tues thu thur thurs ave blvd rd apt
    bldg assoc univ esq ext usw ca evt geb ud uds aprox av pág págs
    """
)
"""Ends a sentence only if the next word commonly begins one ("etc. Then …")."""

STARTERS: Final = _words(
    """
    i he she it we you they this that these those the there here a an my your his her its our their who what when where
    why how which and but so or then now yes no oh well ok okay please let if as because while after before although in
    on at for with from not never maybe perhaps just still even also do does did is are was were can could would should
    will have has everyone everybody nobody someone one all some many most
    er sie es wir ihr ich der die das ein eine und aber dann ja nein il elle je tu nous vous ils elles le la les un une
    et mais el los las yo ella nosotros ellos pero sí lo gli ma
    """
)
"""Words that commonly begin a sentence: they distinguish "at 5 p.m. She stayed" from "the U.S. Army"."""
