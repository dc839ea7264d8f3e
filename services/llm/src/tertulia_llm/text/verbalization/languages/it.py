"""Italian."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, one_other, words

LEXICON = Lexicon(
    code="it",
    numerals=Numerals(
        cardinal="spellout-numbering", feminine="spellout-cardinal-feminine",
        before_noun="spellout-cardinal-masculine", ordinal="spellout-ordinal-masculine",
    ),
    plural=one_other,
    currencies=currencies("""
        €,EUR euro|euro;centesimo|centesimi
        $,USD,US$ dollaro|dollari;centesimo|centesimi
        £,GBP sterlina|sterline;penny|pence
        ¥,JPY yen|yen
        CHF franco|franchi
        R$,BRL real|real
        zł,PLN zloty|zloty
        ₽,RUB rublo|rubli
        ₺,TRY lira|lire
        ₹,INR rupia|rupie
        kr,NOK,SEK,DKK corona|corone
    """, feminine="£ GBP ₺ TRY ₹ INR kr NOK SEK DKK"),
    units=forms("""
        km chilometro|chilometri
        m metro|metri
        cm centimetro|centimetri
        mm millimetro|millimetri
        kg chilo|chili
        g grammo|grammi
        mg milligrammo|milligrammi
        t tonnellata|tonnellate
        l,L litro|litri
        ml,mL millilitro|millilitri
        h ora|ore
        min minuto|minuti
        s secondo|secondi
        Hz hertz|hertz
        kHz chilohertz|chilohertz
        MHz megahertz|megahertz
        GHz gigahertz|gigahertz
        W watt|watt
        kW chilowatt|chilowatt
        kWh chilowattora|chilowattora
        V volt|volt
        KB,kB kilobyte|kilobyte
        MB megabyte|megabyte
        GB gigabyte|gigabyte
        TB terabyte|terabyte
        kcal chilocaloria|chilocalorie
        dB decibel|decibel
        ha ettaro|ettari
        km/h chilometro all'ora|chilometri all'ora
        m/s metro al secondo|metri al secondo
        m²,mq metro quadrato|metri quadrati
        km² chilometro quadrato|chilometri quadrati
        m³ metro cubo|metri cubi
        m/s² metro al secondo quadrato|metri al secondo quadrato
        cm² centimetro quadrato|centimetri quadrati
        cm³ centimetro cubo|centimetri cubi
        °C grado Celsius|gradi Celsius
        °F grado Fahrenheit|gradi Fahrenheit
        ° grado|gradi
        % per cento|per cento
    """),
    signs=words("""
        + più
        - meno
        × per
        ÷ diviso
        = uguale
        < è minore di
        > è maggiore di
        ≤ è al massimo
        ≥ è almeno
        ≠ è diverso da
        ≈ è circa
        ~ circa
        ± più o meno
        ∞ infinito
        √ radice di
        ^ alla
        ² al quadrato
        ³ al cubo
        → a
        § paragrafo
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
        mila mila
        milione milione
        milioni milioni
        mln milioni
        miliardo miliardo
        miliardi miliardi
        mld miliardi
    """),
    abbreviations={
        "ad es.": "ad esempio", "per es.": "per esempio", "ecc.": "eccetera", "Sig.": "signor",
        "Sig.ra": "signora", "Sig.na": "signorina", "Dott.": "dottor", "dott.": "dottor", "dott.ssa": "dottoressa",
        "Dott.ssa": "dottoressa", "Prof.": "professor", "prof.": "professor", "Prof.ssa": "professoressa",
        "prof.ssa": "professoressa", "Ing.": "ingegner", "ing.": "ingegner", "Avv.": "avvocato",
        "avv.": "avvocato", "pag.": "pagina", "ca.": "circa", "tel.": "telefono", "a.C.": "avanti Cristo",
        "d.C.": "dopo Cristo", "S.": "san", "C#": "C sharp", "C++": "C più più",
    },
    fractions={
        (1, 2): "un mezzo", (1, 3): "un terzo", (2, 3): "due terzi", (1, 4): "un quarto", (3, 4): "tre quarti",
        (1, 5): "un quinto", (24, 7): "ventiquattro sette",
    },
    decimal_mark=",",
    point="virgola",
    fraction_as_number=True,
    money_join=" e ",
    says_part=False,
    per="al",
    months=(
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
        "novembre", "dicembre",
    ),
    month_abbreviations=("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} e {m}",
    full_hour="{h}",
    to="a",
    over="su",
    out_of="su",
    and_half="{n} e mezzo",
    number="numero",
    at="chiocciola",
    dot="punto",
    hyphen="trattino",
    underscore="trattino basso",
    hashtag="hashtag",
    ampersand="e",
    version="versione",
    number_abbreviations=("n.", "N.", "n°", "N°", "№"),
    monarch="{name} {ordinal}",
    century="secolo",
    million_link="di ",
    thousands=frozenset({"mila"}),
    first_day="primo",
    ordinal_suffixes="[ºª°]",
    feminine_units=frozenset({"t", "h", "kcal"}),
    rulers=frozenset(
        """
        Luigi Enrico Carlo Giovanni Paolo Pio Leone Benedetto Napoleone Umberto Emanuele Elisabetta Caterina
        Pietro Alessandro Nicola Federico Guglielmo Giorgio Edoardo Filippo Gregorio Francesco Ferdinando
        """.split()
    ),
)  # fmt: skip
