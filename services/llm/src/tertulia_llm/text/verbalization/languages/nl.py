"""Dutch."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, one_other, words

LEXICON = Lexicon(
    code="nl",
    numerals=Numerals(cardinal="spellout-cardinal", ordinal="spellout-ordinal", year="spellout-numbering-year"),
    plural=one_other,
    currencies=currencies("""
        €,EUR euro|euro;cent|cent
        $,USD,US$ dollar|dollar;cent|cent
        £,GBP pond|pond;penny|pence
        ¥,JPY yen|yen
        CHF frank|frank
        zł,PLN zloty|zloty
        ₽,RUB roebel|roebel
        ₺,TRY lira|lira
        ₹,INR roepie|roepie
        R$,BRL real|real
        kr,NOK,SEK,DKK kroon|kronen
    """),
    units=forms("""
        km kilometer|kilometer
        m meter|meter
        cm centimeter|centimeter
        mm millimeter|millimeter
        kg kilo|kilo
        g gram|gram
        mg milligram|milligram
        t ton|ton
        l,L liter|liter
        ml,mL milliliter|milliliter
        h,u uur|uur
        min minuut|minuten
        s,sec seconde|seconden
        Hz hertz|hertz
        kHz kilohertz|kilohertz
        MHz megahertz|megahertz
        GHz gigahertz|gigahertz
        W watt|watt
        kW kilowatt|kilowatt
        kWh kilowattuur|kilowattuur
        V volt|volt
        kB,KB kilobyte|kilobyte
        MB megabyte|megabyte
        GB gigabyte|gigabyte
        TB terabyte|terabyte
        kcal kilocalorie|kilocalorieën
        dB decibel|decibel
        ha hectare|hectare
        km/h,km/u kilometer per uur|kilometer per uur
        m/s meter per seconde|meter per seconde
        m² vierkante meter|vierkante meter
        km² vierkante kilometer|vierkante kilometer
        m³ kubieke meter|kubieke meter
        m/s² meter per seconde kwadraat|meter per seconde kwadraat
        cm² vierkante centimeter|vierkante centimeter
        cm³ kubieke centimeter|kubieke centimeter
        °C graad Celsius|graden Celsius
        °F graad Fahrenheit|graden Fahrenheit
        ° graad|graden
        % procent|procent
    """),
    signs=words("""
        + plus
        - min
        × keer
        ÷ gedeeld door
        = is
        < is kleiner dan
        > is groter dan
        ≤ is hoogstens
        ≥ is minstens
        ≠ is niet gelijk aan
        ≈ is ongeveer
        ~ ongeveer
        ± plusminus
        ∞ oneindig
        √ wortel
        ^ tot de macht
        ² kwadraat
        ³ tot de derde
        → naar
        § paragraaf
        α alpha
        β beta
        γ gamma
        δ delta
        Δ delta
        ε epsilon
        θ theta
        λ lambda
        μ mu
        π pi
        ρ rho
        σ sigma
        Σ sigma
        τ tau
        φ phi
        ω omega
        Ω omega
    """),
    millions=words("""
        duizend duizend
        miljoen miljoen
        mln miljoen
        mln. miljoen
        miljard miljard
        mld miljard
        mld. miljard
    """),
    abbreviations={
        "bijv.": "bijvoorbeeld", "Bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen",
        "enz.": "enzovoort", "o.a.": "onder andere", "a.u.b.": "alstublieft", "m.a.w.": "met andere woorden",
        "i.p.v.": "in plaats van", "ca.": "circa", "dhr.": "de heer", "Dhr.": "de heer", "mevr.": "mevrouw",
        "Mevr.": "mevrouw", "mw.": "mevrouw", "dr.": "doctor", "Dr.": "doctor", "prof.": "professor",
        "Prof.": "professor", "blz.": "bladzijde", "hfst.": "hoofdstuk", "nl.": "namelijk", "tel.": "telefoon",
        "etc.": "et cetera", "t/m": "tot en met", "C#": "C sharp", "C++": "C plus plus",
    },
    fractions={
        (1, 2): "een half", (1, 3): "een derde", (2, 3): "twee derde", (1, 4): "een kwart", (3, 4): "drie kwart",
        (1, 5): "een vijfde", (50, 50): "fiftyfifty", (24, 7): "vierentwintig zeven",
    },
    decimal_mark=",",
    point="komma",
    fraction_as_number=False,
    money_join=" ",
    says_part=False,
    per="per",
    months=(
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
        "november", "december",
    ),
    month_abbreviations=("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} uur {m}",
    full_hour="{h} uur",
    to="tot",
    over="gedeeld door",
    out_of="van de",
    and_half="{n} en een half",
    number="nummer",
    at="apenstaartje",
    dot="punt",
    hyphen="streepje",
    underscore="laag streepje",
    hashtag="hashtag",
    ampersand="en",
    version="versie",
    number_abbreviations=("nr.", "Nr.", "no.", "№"),
    monarch="{name} de {ordinal}",
    century="eeuw",
    ordinal_suffixes="ste|de|e",
    rulers=frozenset(
        """
        Willem Lodewijk Hendrik Karel Filips Elizabeth Napoleon Johannes Paulus Pius Benedictus Peter
        Alexander Nicolaas Frederik Leopold Albert Boudewijn George Catharina
        """.split()
    ),
)  # fmt: skip
