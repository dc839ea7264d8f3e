"""Writes text as words where a voice would read it wrong: money, dates, times, units, formulas, Roman numerals,
addresses.

The function to call is `verbalizer.verbalize`. Each kind of text has a module with its patterns. The words of each
language are one `Lexicon` in `languages`. A whole number alone ("5 cats") stays in digits: every engine reads it well
in its own language, and with the gender and case that the sentence needs.
"""
