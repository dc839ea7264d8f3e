"""Polish."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, polish_plural, words

LEXICON = Lexicon(
    code="pl",
    numerals=Numerals(cardinal="spellout-cardinal-masculine", feminine="spellout-cardinal-feminine"),
    plural=polish_plural,
    currencies=currencies("""
        zł,PLN złoty|złote|złotych;grosz|grosze|groszy
        €,EUR euro|euro|euro;cent|centy|centów
        $,USD,US$ dolar|dolary|dolarów;cent|centy|centów
        £,GBP funt|funty|funtów;pens|pensy|pensów
        ¥,JPY jen|jeny|jenów
        CHF frank|franki|franków
        ₽,RUB rubel|ruble|rubli
        ₺,TRY lira|liry|lir
        kr,NOK,SEK,DKK korona|korony|koron
    """, feminine="₺ TRY kr NOK SEK DKK"),
    units=forms("""
        km kilometr|kilometry|kilometrów
        m metr|metry|metrów
        cm centymetr|centymetry|centymetrów
        mm milimetr|milimetry|milimetrów
        kg kilogram|kilogramy|kilogramów
        g gram|gramy|gramów
        mg miligram|miligramy|miligramów
        t tona|tony|ton
        l,L litr|litry|litrów
        ml,mL mililitr|mililitry|mililitrów
        h,godz. godzina|godziny|godzin
        min minuta|minuty|minut
        s sekunda|sekundy|sekund
        Hz herc|herce|herców
        kHz kiloherc|kiloherce|kiloherców
        MHz megaherc|megaherce|megaherców
        GHz gigaherc|gigaherce|gigaherców
        W wat|waty|watów
        kW kilowat|kilowaty|kilowatów
        kWh kilowatogodzina|kilowatogodziny|kilowatogodzin
        V wolt|wolty|woltów
        KB,kB kilobajt|kilobajty|kilobajtów
        MB megabajt|megabajty|megabajtów
        GB gigabajt|gigabajty|gigabajtów
        TB terabajt|terabajty|terabajtów
        kcal kilokaloria|kilokalorie|kilokalorii
        ha hektar|hektary|hektarów
        km/h kilometr na godzinę|kilometry na godzinę|kilometrów na godzinę
        m/s metr na sekundę|metry na sekundę|metrów na sekundę
        m² metr kwadratowy|metry kwadratowe|metrów kwadratowych
        km² kilometr kwadratowy|kilometry kwadratowe|kilometrów kwadratowych
        m³ metr sześcienny|metry sześcienne|metrów sześciennych
        m/s² metr na sekundę do kwadratu|metry na sekundę do kwadratu|metrów na sekundę do kwadratu
        cm² centymetr kwadratowy|centymetry kwadratowe|centymetrów kwadratowych
        cm³ centymetr sześcienny|centymetry sześcienne|centymetrów sześciennych
        °C stopień Celsjusza|stopnie Celsjusza|stopni Celsjusza
        °F stopień Fahrenheita|stopnie Fahrenheita|stopni Fahrenheita
        ° stopień|stopnie|stopni
        % procent|procent|procent
    """),
    signs=words("""
        + plus
        - minus
        × razy
        ÷ podzielić przez
        = równa się
        < jest mniejsze niż
        > jest większe niż
        ≤ to najwyżej
        ≥ to co najmniej
        ≠ nie równa się
        ≈ to około
        ~ około
        ± plus minus
        ∞ nieskończoność
        √ pierwiastek z
        ^ do potęgi
        ² do kwadratu
        ³ do sześcianu
        → do
        § paragraf
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
        tys. tysięcy
        mln milionów
        mld miliardów
        tysięcy tysięcy
        tysiące tysiące
        tysiąc tysiąc
        tysiąca tysiąca
        miliona miliona
        miliarda miliarda
        miliardy miliardy
        milion milion
        miliony miliony
        milionów milionów
        miliard miliard
        miliardów miliardów
    """),
    abbreviations={
        "np.": "na przykład", "m.in.": "między innymi", "tzn.": "to znaczy", "tj.": "to jest",
        "itd.": "i tak dalej", "itp.": "i tym podobne", "ok.": "około", "ul.": "ulica", "św.": "święty",
        "Św.": "święty", "prof.": "profesor", "Prof.": "profesor", "dr": "doktor", "Dr": "doktor",
        "tys.": "tysięcy", "mln": "milionów", "mld": "miliardów", "godz.": "godzina", "tzw.": "tak zwany",
        "str.": "strona", "al.": "aleja", "pl.": "plac", "nr": "numer", "tel.": "telefon", "C#": "C sharp",
        "C++": "C plus plus",
    },
    multiplier_forms={
        "tysięcy": ("tysiąc", "tysiące", "tysięcy"), "milionów": ("milion", "miliony", "milionów"),
        "miliardów": ("miliard", "miliardy", "miliardów"),
    },
    after_decimals=words("""
        kilometr kilometra
        metr metra
        centymetr centymetra
        milimetr milimetra
        kilogram kilograma
        gram grama
        miligram miligrama
        tona tony
        litr litra
        mililitr mililitra
        godzina godziny
        minuta minuty
        sekunda sekundy
        herc herca
        kiloherc kiloherca
        megaherc megaherca
        gigaherc gigaherca
        wat wata
        kilowat kilowata
        kilowatogodzina kilowatogodziny
        wolt wolta
        kilobajt kilobajta
        megabajt megabajta
        gigabajt gigabajta
        terabajt terabajta
        kilokaloria kilokalorii
        hektar hektara
        stopień stopnia
        procent procent
        złoty złotego
        dolar dolara
        funt funta
        frank franka
        rubel rubla
        jen jena
        lira liry
        korona korony
        milion miliona
        miliard miliarda
        tysiąc tysiąca
    """),
    fractions={
        (1, 2): "jedna druga", (1, 3): "jedna trzecia", (2, 3): "dwie trzecie", (1, 4): "jedna czwarta",
        (3, 4): "trzy czwarte", (1, 5): "jedna piąta", (24, 7): "dwadzieścia cztery na siedem",
    },
    decimal_mark=",",
    point="przecinek",
    fraction_as_number=True,
    money_join=" ",
    says_part=True,
    per="na",
    months=(
        "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września",
        "października", "listopada", "grudnia",
    ),
    month_abbreviations=("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} {m}",
    full_hour="{h}",
    to="do",
    over="przez",
    out_of="na",
    and_half="{n} i pół",
    number="numer",
    at="małpa",
    dot="kropka",
    hyphen="myślnik",
    underscore="podkreślnik",
    hashtag="hasztag",
    ampersand="i",
    version="wersja",
    number_abbreviations=("nr", "Nr", "№"),
    day_numbers=(
        "pierwszego", "drugiego", "trzeciego", "czwartego", "piątego", "szóstego", "siódmego", "ósmego",
        "dziewiątego", "dziesiątego", "jedenastego", "dwunastego", "trzynastego", "czternastego", "piętnastego",
        "szesnastego", "siedemnastego", "osiemnastego", "dziewiętnastego", "dwudziestego",
        "dwudziestego pierwszego", "dwudziestego drugiego", "dwudziestego trzeciego", "dwudziestego czwartego",
        "dwudziestego piątego", "dwudziestego szóstego", "dwudziestego siódmego", "dwudziestego ósmego",
        "dwudziestego dziewiątego", "trzydziestego", "trzydziestego pierwszego",
    ),
    hours=(
        "zero", "pierwsza", "druga", "trzecia", "czwarta", "piąta", "szósta", "siódma", "ósma", "dziewiąta",
        "dziesiąta", "jedenasta", "dwunasta", "trzynasta", "czternasta", "piętnasta", "szesnasta", "siedemnasta",
        "osiemnasta", "dziewiętnasta", "dwudziesta", "dwudziesta pierwsza", "dwudziesta druga",
        "dwudziesta trzecia",
    ),
    space_groups=True,
    feminine_units=frozenset({"t", "h", "godz.", "min", "s", "kWh", "kcal"}),
)  # fmt: skip
