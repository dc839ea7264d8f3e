"""Spanish."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, one_other, words

LEXICON = Lexicon(
    code="es",
    numerals=Numerals(
        cardinal="spellout-numbering", feminine="spellout-cardinal-feminine",
        before_noun="spellout-cardinal-masculine", ordinal="spellout-ordinal-masculine",
    ),
    plural=one_other,
    currencies=currencies("""
        €,EUR euro|euros;céntimo|céntimos
        $,USD,US$ dólar|dólares;centavo|centavos
        £,GBP libra|libras;penique|peniques
        ¥,JPY yen|yenes
        MXN peso|pesos;centavo|centavos
        R$,BRL real|reales
        CHF franco|francos
        zł,PLN esloti|eslotis
        ₽,RUB rublo|rublos
        ₺,TRY lira|liras
        ₹,INR rupia|rupias
        kr,NOK,SEK,DKK corona|coronas
    """, feminine="£ GBP ₺ TRY ₹ INR kr NOK SEK DKK"),
    units=forms("""
        km kilómetro|kilómetros
        m metro|metros
        cm centímetro|centímetros
        mm milímetro|milímetros
        kg kilo|kilos
        g gramo|gramos
        mg miligramo|miligramos
        t tonelada|toneladas
        l,L litro|litros
        ml,mL mililitro|mililitros
        h hora|horas
        min minuto|minutos
        s segundo|segundos
        Hz hercio|hercios
        kHz kilohercio|kilohercios
        MHz megahercio|megahercios
        GHz gigahercio|gigahercios
        W vatio|vatios
        kW kilovatio|kilovatios
        kWh kilovatio hora|kilovatios hora
        V voltio|voltios
        KB,kB kilobyte|kilobytes
        MB megabyte|megabytes
        GB gigabyte|gigabytes
        TB terabyte|terabytes
        kcal kilocaloría|kilocalorías
        dB decibelio|decibelios
        ha hectárea|hectáreas
        km/h kilómetro por hora|kilómetros por hora
        m/s metro por segundo|metros por segundo
        m² metro cuadrado|metros cuadrados
        km² kilómetro cuadrado|kilómetros cuadrados
        m³ metro cúbico|metros cúbicos
        m/s² metro por segundo al cuadrado|metros por segundo al cuadrado
        cm² centímetro cuadrado|centímetros cuadrados
        cm³ centímetro cúbico|centímetros cúbicos
        ¢ centavo|centavos
        °C grado Celsius|grados Celsius
        °F grado Fahrenheit|grados Fahrenheit
        ° grado|grados
        % por ciento|por ciento
    """),
    signs=words("""
        + más
        - menos
        × por
        ÷ entre
        = igual a
        < es menor que
        > es mayor que
        ≤ es como máximo
        ≥ es como mínimo
        ≠ es distinto de
        ≈ es aproximadamente
        ~ unos
        ± más menos
        ∞ infinito
        √ raíz de
        ^ elevado a
        ² al cuadrado
        ³ al cubo
        → a
        § párrafo
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
        mil mil
        millón millón
        millones millones
        M millones
        k mil
    """),
    abbreviations={
        "p. ej.": "por ejemplo", "por ej.": "por ejemplo", "etc.": "etcétera", "Sr.": "señor", "Sra.": "señora",
        "Srta.": "señorita", "Dr.": "doctor", "Dra.": "doctora", "Ud.": "usted", "Uds.": "ustedes",
        "EE. UU.": "Estados Unidos", "pág.": "página", "núm.": "número", "Av.": "avenida", "Avda.": "avenida",
        "Prof.": "profesor", "aprox.": "aproximadamente", "mill.": "millones", "tel.": "teléfono", "Sta.": "santa",
        "D.": "don",
        "a. C.": "antes de Cristo", "d. C.": "después de Cristo", "C#": "C sharp", "C++": "C más más",
    },
    fractions={
        (1, 2): "un medio", (1, 3): "un tercio", (2, 3): "dos tercios", (1, 4): "un cuarto",
        (3, 4): "tres cuartos", (1, 5): "un quinto", (24, 7): "veinticuatro siete",
    },
    decimal_mark=",",
    point="coma",
    fraction_as_number=True,
    money_join=" con ",
    says_part=False,
    per="por",
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
        "noviembre", "diciembre",
    ),
    month_abbreviations=("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
    date="{day} de {month} de {year}",
    day_month="{day} de {month}",
    day_first=True,
    time="{h} y {m}",
    full_hour="{h}",
    to="a",
    over="sobre",
    out_of="de",
    and_half="{n} y medio",
    number="número",
    at="arroba",
    dot="punto",
    hyphen="guion",
    underscore="guion bajo",
    hashtag="hashtag",
    ampersand="y",
    version="versión",
    number_abbreviations=("n.º", "N.º", "nº", "Nº", "núm.", "№"),
    monarch="{name} {ordinal}",
    monarch_ordinals_to=10,
    century="siglo",
    million_link="de ",
    thousands=frozenset({"mil"}),
    first_day="1",
    ordinal_suffixes="\\.?[ºª]|er|r[oa]|d[oa]|t[oa]|v[oa]",
    feminine_units=frozenset({"t", "h", "kcal", "ha"}),
    rulers=frozenset(
        """
        María Juana Cristina Felipe Carlos Juan Alfonso Fernando Isabel Luis Enrique Pedro Pablo Pío Benedicto Napoleón
        Catalina
        Jaime Sancho Guillermo Jorge Francisco León Gregorio
        """.split()
    ),
)  # fmt: skip
