"""Portuguese."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, below_two, currencies, forms, words

LEXICON = Lexicon(
    code="pt",
    numerals=Numerals(
        cardinal="spellout-cardinal-masculine", feminine="spellout-cardinal-feminine",
        ordinal="spellout-ordinal-masculine",
    ),
    plural=below_two,
    currencies=currencies("""
        €,EUR euro|euros;cêntimo|cêntimos
        R$,BRL real|reais;centavo|centavos
        $,USD,US$ dólar|dólares;centavo|centavos
        £,GBP libra|libras;pence|pence
        ¥,JPY iene|ienes
        CHF franco|francos
        zł,PLN zloty|zlotys
        ₽,RUB rublo|rublos
        ₺,TRY lira|liras
        ₹,INR rupia|rupias
        kr,NOK,SEK,DKK coroa|coroas
    """, feminine="£ GBP ₺ TRY ₹ INR kr NOK SEK DKK"),
    units=forms("""
        km quilómetro|quilómetros
        m metro|metros
        cm centímetro|centímetros
        mm milímetro|milímetros
        kg quilo|quilos
        g grama|gramas
        mg miligrama|miligramas
        t tonelada|toneladas
        l,L litro|litros
        ml,mL mililitro|mililitros
        h hora|horas
        min minuto|minutos
        s segundo|segundos
        Hz hertz|hertz
        kHz quilohertz|quilohertz
        MHz megahertz|megahertz
        GHz gigahertz|gigahertz
        W watt|watts
        kW quilowatt|quilowatts
        kWh quilowatt-hora|quilowatts-hora
        V volt|volts
        KB,kB quilobyte|quilobytes
        MB megabyte|megabytes
        GB gigabyte|gigabytes
        TB terabyte|terabytes
        kcal quilocaloria|quilocalorias
        dB decibel|decibéis
        ha hectare|hectares
        km/h quilómetro por hora|quilómetros por hora
        m/s metro por segundo|metros por segundo
        m² metro quadrado|metros quadrados
        km² quilómetro quadrado|quilómetros quadrados
        m³ metro cúbico|metros cúbicos
        m/s² metro por segundo ao quadrado|metros por segundo ao quadrado
        cm² centímetro quadrado|centímetros quadrados
        cm³ centímetro cúbico|centímetros cúbicos
        °C grau Celsius|graus Celsius
        °F grau Fahrenheit|graus Fahrenheit
        ° grau|graus
        % por cento|por cento
    """),
    signs=words("""
        + mais
        - menos
        × vezes
        ÷ dividido por
        = é igual a
        < é menor que
        > é maior que
        ≤ é no máximo
        ≥ é no mínimo
        ≠ é diferente de
        ≈ é cerca de
        ~ cerca de
        ± mais ou menos
        ∞ infinito
        √ raiz de
        ^ elevado a
        ² ao quadrado
        ³ ao cubo
        → para
        § parágrafo
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
        milhão milhão
        milhões milhões
        mi milhões
        bilhão bilhão
        bilhões bilhões
        bi bilhões
    """),
    abbreviations={
        "p. ex.": "por exemplo", "por ex.": "por exemplo", "etc.": "et cetera", "Sr.": "senhor", "Sra.": "senhora",
        "Dr.": "doutor", "Dra.": "doutora", "Prof.": "professor", "Profa.": "professora", "Av.": "avenida",
        "pág.": "página", "tel.": "telefone", "séc.": "século", "S.": "são", "D.": "dom",
        "a.C.": "antes de Cristo", "d.C.": "depois de Cristo", "C#": "C sharp", "C++": "C mais mais",
    },
    fractions={
        (1, 2): "um meio", (1, 3): "um terço", (2, 3): "dois terços", (1, 4): "um quarto", (3, 4): "três quartos",
        (1, 5): "um quinto", (24, 7): "vinte e quatro por sete",
    },
    decimal_mark=",",
    point="vírgula",
    fraction_as_number=True,
    money_join=" e ",
    says_part=True,
    per="por",
    months=(
        "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
        "novembro", "dezembro",
    ),
    month_abbreviations=("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
    date="{day} de {month} de {year}",
    day_month="{day} de {month}",
    day_first=True,
    time="{h} e {m}",
    full_hour="{h} horas",
    to="a",
    over="sobre",
    out_of="de",
    and_half="{n} e meio",
    number="número",
    at="arroba",
    dot="ponto",
    hyphen="hífen",
    underscore="sublinhado",
    hashtag="hashtag",
    ampersand="e",
    version="versão",
    number_abbreviations=("n.º", "N.º", "nº", "Nº", "n.", "№"),
    monarch="{name} {ordinal}",
    monarch_ordinals_to=10,
    century="século",
    million_link="de ",
    thousands=frozenset({"mil"}),
    first_day="primeiro",
    ordinal_suffixes="\\.?[ºª]",
    feminine_units=frozenset({"t", "h", "kcal"}),
    rulers=frozenset(
        """
        Pedro João Luís Henrique Carlos Filipe Afonso Sancho Dinis Manuel Maria Isabel Paulo Pio Bento
        Napoleão Catarina Alexandre Nicolau Francisco Gregório Leão Jorge Guilherme
        """.split()
    ),
)  # fmt: skip
