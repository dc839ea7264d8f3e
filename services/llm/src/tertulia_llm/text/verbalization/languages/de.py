"""German."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, one_other, words

LEXICON = Lexicon(
    code="de",
    numerals=Numerals(
        cardinal="spellout-numbering", feminine="spellout-cardinal-feminine",
        before_noun="spellout-cardinal-masculine", ordinal="spellout-ordinal",
        ordinal_inflected="spellout-ordinal-n", day="spellout-ordinal-n", year="spellout-numbering-year",
    ),
    plural=one_other,
    currencies=currencies("""
        €,EUR Euro|Euro;Cent|Cent
        $,USD,US$ Dollar|Dollar;Cent|Cent
        £,GBP Pfund|Pfund;Penny|Pence
        ¥,JPY Yen|Yen
        CHF,Fr. Franken|Franken;Rappen|Rappen
        zł,PLN Złoty|Złoty;Groszy|Groszy
        ₽,RUB Rubel|Rubel;Kopeke|Kopeken
        ₺,TRY Lira|Lira;Kuruş|Kuruş
        ₹,INR Rupie|Rupien
        R$,BRL Real|Real
        ₿,BTC Bitcoin|Bitcoin
        kr,NOK,SEK,DKK Krone|Kronen
    """, feminine="kr NOK SEK DKK"),
    units=forms("""
        km Kilometer|Kilometer
        m Meter|Meter
        cm Zentimeter|Zentimeter
        mm Millimeter|Millimeter
        kg Kilogramm|Kilogramm
        g Gramm|Gramm
        mg Milligramm|Milligramm
        t Tonne|Tonnen
        l,L Liter|Liter
        ml,mL Milliliter|Milliliter
        h,Std. Stunde|Stunden
        min,Min. Minute|Minuten
        s,Sek. Sekunde|Sekunden
        ms Millisekunde|Millisekunden
        Hz Hertz|Hertz
        kHz Kilohertz|Kilohertz
        MHz Megahertz|Megahertz
        GHz Gigahertz|Gigahertz
        W Watt|Watt
        kW Kilowatt|Kilowatt
        kWh Kilowattstunde|Kilowattstunden
        PS PS|PS
        V Volt|Volt
        kB,KB Kilobyte|Kilobyte
        MB Megabyte|Megabyte
        GB Gigabyte|Gigabyte
        TB Terabyte|Terabyte
        kcal Kilokalorie|Kilokalorien
        dB Dezibel|Dezibel
        ha Hektar|Hektar
        km/h Kilometer pro Stunde|Kilometer pro Stunde
        m/s Meter pro Sekunde|Meter pro Sekunde
        m²,qm Quadratmeter|Quadratmeter
        km² Quadratkilometer|Quadratkilometer
        m³ Kubikmeter|Kubikmeter
        m/s² Meter pro Quadratsekunde|Meter pro Quadratsekunde
        cm² Quadratzentimeter|Quadratzentimeter
        cm³ Kubikzentimeter|Kubikzentimeter
        °C Grad Celsius|Grad Celsius
        °F Grad Fahrenheit|Grad Fahrenheit
        ° Grad|Grad
        % Prozent|Prozent
        ‰ Promille|Promille
    """),
    signs=words("""
        + plus
        - minus
        × mal
        ÷ geteilt durch
        = gleich
        < ist kleiner als
        > ist größer als
        ≤ ist höchstens
        ≥ ist mindestens
        ≠ ist ungleich
        ≈ ist ungefähr
        ~ ungefähr
        ± plus minus
        ∞ unendlich
        √ Wurzel aus
        ^ hoch
        ² zum Quadrat
        ³ hoch drei
        → nach
        ∑ Summe
        ∫ Integral
        § Paragraf
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
    feminine_units=frozenset({"h", "Std.", "min", "Min.", "s", "Sek.", "ms", "t", "kWh", "kcal"}),
    millions=words("""
        Tsd. Tausend
        Mio. Millionen
        Mrd. Milliarden
        Bio. Billionen
        Tausend Tausend
        Million Million
        Millionen Millionen
        Milliarde Milliarde
        Milliarden Milliarden
    """),
    abbreviations={
        "z. B.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem", "v. a.": "vor allem",
        "z. T.": "zum Teil", "bzw.": "beziehungsweise", "usw.": "und so weiter", "ca.": "circa",
        "evtl.": "eventuell", "ggf.": "gegebenenfalls", "inkl.": "inklusive", "exkl.": "exklusive",
        "bspw.": "beispielsweise", "vgl.": "vergleiche", "Vgl.": "vergleiche", "Dr.": "Doktor",
        "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "St.": "Sankt", "Str.": "Straße", "Mio.": "Millionen",
        "Mrd.": "Milliarden", "Tsd.": "Tausend", "Nr.": "Nummer", "S.": "Seite", "Kap.": "Kapitel",
        "Abs.": "Absatz", "etc.": "et cetera", "Std.": "Stunden", "MwSt.": "Mehrwertsteuer",
        "u. Ä.": "und Ähnliches", "C#": "C sharp", "C++": "C plus plus",
    },
    multiplier_forms={
        "Millionen": ("Million", "Millionen"), "Milliarden": ("Milliarde", "Milliarden"),
        "Billionen": ("Billion", "Billionen"),
    },
    fractions={
        (1, 2): "ein halb", (1, 3): "ein Drittel", (2, 3): "zwei Drittel", (1, 4): "ein Viertel",
        (3, 4): "drei Viertel", (1, 5): "ein Fünftel", (1, 8): "ein Achtel", (1, 10): "ein Zehntel",
        (50, 50): "fünfzig-fünfzig", (24, 7): "vierundzwanzig sieben",
    },
    decimal_mark=",",
    point="Komma",
    fraction_as_number=False,
    money_join=" ",
    says_part=False,
    per="pro",
    months=(
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
        "Dezember",
    ),
    month_abbreviations=("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} Uhr {m}",
    full_hour="{h} Uhr",
    to="bis",
    over="durch",
    out_of="von",
    and_half="{n}einhalb",
    number="Nummer",
    at="at",
    dot="Punkt",
    hyphen="Minus",
    underscore="Unterstrich",
    hashtag="Hashtag",
    ampersand="und",
    version="Version",
    number_abbreviations=("Nr.", "№"),
    monarch="{name} der {ordinal}",
    century="Jahrhundert|Jh",
    rulers=frozenset(
        """
        Ludwig Friedrich Wilhelm Heinrich Karl Otto Franz Leopold Rudolf Maximilian Joseph Elisabeth Katharina
        Peter Alexander Nikolaus Napoleon Philipp Georg Jakob Eduard Paul Pius Benedikt Johannes Leo Innozenz
        Gregor Ramses Konrad Albert
        """.split()
    ),
)  # fmt: skip
