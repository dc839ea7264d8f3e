"""Writes out what a voice reads wrong: money, dates, times, units, formulas, Roman numerals, addresses.

`verbalizer.verbalize` is the entry. Each kind of text has a module with its patterns; the words of a language are in
`languages`, as one `Lexicon` each. A whole number alone ("5 cats") stays in digits: every engine reads it well in its
own language, and with the gender and case that the sentence needs.
"""
