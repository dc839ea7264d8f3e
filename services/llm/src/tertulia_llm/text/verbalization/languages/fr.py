"""French."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, below_two, currencies, forms, words

LEXICON = Lexicon(
    code="fr",
    numerals=Numerals(
        cardinal="spellout-cardinal-masculine", feminine="spellout-cardinal-feminine",
        ordinal="spellout-ordinal-masculine",
    ),
    plural=below_two,
    currencies=currencies("""
        €,EUR euro|euros;centime|centimes
        $,USD,US$ dollar|dollars;cent|cents
        £,GBP livre|livres;penny|pence
        ¥,JPY yen|yens
        CHF franc|francs;centime|centimes
        R$,BRL réal|réaux
        zł,PLN zloty|zlotys
        ₽,RUB rouble|roubles
        ₺,TRY livre|livres
        ₹,INR roupie|roupies
        kr,NOK,SEK,DKK couronne|couronnes
    """, feminine="£ GBP ₺ TRY ₹ INR kr NOK SEK DKK"),
    units=forms("""
        km kilomètre|kilomètres
        m mètre|mètres
        cm centimètre|centimètres
        mm millimètre|millimètres
        kg kilo|kilos
        g gramme|grammes
        mg milligramme|milligrammes
        t tonne|tonnes
        l,L litre|litres
        ml,mL millilitre|millilitres
        h heure|heures
        min minute|minutes
        s seconde|secondes
        Hz hertz|hertz
        kHz kilohertz|kilohertz
        MHz mégahertz|mégahertz
        GHz gigahertz|gigahertz
        W watt|watts
        kW kilowatt|kilowatts
        kWh kilowattheure|kilowattheures
        V volt|volts
        Ko kilooctet|kilooctets
        Mo mégaoctet|mégaoctets
        Go gigaoctet|gigaoctets
        To téraoctet|téraoctets
        kcal kilocalorie|kilocalories
        dB décibel|décibels
        ha hectare|hectares
        km/h kilomètre heure|kilomètres heure
        m/s mètre par seconde|mètres par seconde
        m² mètre carré|mètres carrés
        km² kilomètre carré|kilomètres carrés
        m³ mètre cube|mètres cubes
        m/s² mètre par seconde au carré|mètres par seconde au carré
        cm² centimètre carré|centimètres carrés
        cm³ centimètre cube|centimètres cubes
        ¢ cent|cents
        °C degré Celsius|degrés Celsius
        °F degré Fahrenheit|degrés Fahrenheit
        ° degré|degrés
        % pour cent|pour cent
    """),
    signs=words("""
        + plus
        - moins
        × fois
        ÷ divisé par
        = égale
        < est inférieur à
        > est supérieur à
        ≤ est au plus
        ≥ est au moins
        ≠ est différent de
        ≈ est environ
        ~ environ
        ± plus ou moins
        ∞ l'infini
        √ racine de
        ^ puissance
        ² au carré
        ³ au cube
        → vers
        § paragraphe
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
        mille mille
        million million
        millions millions
        milliard milliard
        milliards milliards
        Md milliards
        M millions
        k mille
    """),
    abbreviations={
        "p. ex.": "par exemple", "par ex.": "par exemple", "etc.": "et cetera", "c.-à-d.": "c'est-à-dire",
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur",
        "env.": "environ", "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "Cf.": "confer",
        "cf.": "confer", "av.": "avenue", "bd.": "boulevard", "chap.": "chapitre", "C#": "C sharp",
        "C++": "C plus plus",
    },
    fractions={
        (1, 2): "un demi", (1, 3): "un tiers", (2, 3): "deux tiers", (1, 4): "un quart", (3, 4): "trois quarts",
        (1, 5): "un cinquième", (24, 7): "vingt-quatre sept",
    },
    decimal_mark=",",
    point="virgule",
    fraction_as_number=True,
    money_join=" ",
    says_part=False,
    per="par",
    months=(
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
        "novembre", "décembre",
    ),
    month_abbreviations=("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} heures {m}",
    full_hour="{h} heures",
    to="à",
    over="sur",
    out_of="sur",
    and_half="{n} et demi",
    number="numéro",
    at="arobase",
    dot="point",
    hyphen="tiret",
    underscore="tiret bas",
    hashtag="hashtag",
    ampersand="et",
    version="version",
    number_abbreviations=("n°", "N°", "nº", "Nº", "no.", "№"),
    monarch="{name} {ordinal}",
    monarch_ordinals_to=1,
    century="siècle",
    million_link="de ",
    thousands=frozenset({"mille"}),
    first_day="premier",
    ordinal_suffixes="er|ère|re|ème|e|nd|nde",
    space_groups=True,
    feminine_units=frozenset({"t", "h", "min", "s", "kcal"}),
    rulers=frozenset(
        """
        Louis Henri Charles François Napoléon Philippe Jean Paul Pie Benoît Élisabeth Catherine Pierre
        Alexandre Nicolas Frédéric Guillaume George Édouard Jacques Léon Grégoire Ramsès
        """.split()
    ),
)  # fmt: skip
