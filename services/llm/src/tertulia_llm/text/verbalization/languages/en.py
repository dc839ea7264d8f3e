"""English."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, one_other, words

LEXICON = Lexicon(
    code="en",
    numerals=Numerals(
        cardinal="spellout-cardinal",
        ordinal="spellout-ordinal",
        day="spellout-ordinal",
        year="spellout-numbering-year",
    ),
    decimal_mark=".",
    point="point",
    fraction_as_number=False,
    plural=one_other,
    currencies=currencies("""
        $,USD,US$ dollar|dollars;cent|cents
        €,EUR euro|euros;cent|cents
        £,GBP pound|pounds;penny|pence
        ¥,JPY yen|yen
        CN¥,CNY yuan|yuan
        ₹,INR,Rs,Rs. rupee|rupees;paisa|paise
        ₽,RUB ruble|rubles;kopeck|kopecks
        ₺,TRY lira|lira;kuruş|kuruş
        zł,PLN złoty|złoty;grosz|groszy
        CHF franc|francs;centime|centimes
        R$,BRL real|reais;centavo|centavos
        C$,CAD dollar|dollars;cent|cents
        A$,AUD dollar|dollars;cent|cents
        ₩,KRW won|won
        HK$,HKD Hong Kong dollar|Hong Kong dollars;cent|cents
        NZ$,NZD dollar|dollars;cent|cents
        MX$,MXN peso|pesos;centavo|centavos
        kr,NOK,DKK krone|kroner
        SEK krona|kronor
        ₿,BTC bitcoin|bitcoins
    """),
    money_join=" and ",
    says_part=True,
    units=forms("""
        km kilometer|kilometers
        m meter|meters
        cm centimeter|centimeters
        mm millimeter|millimeters
        mi mile|miles
        ft foot|feet
        yd yard|yards
        kg kilogram|kilograms
        g gram|grams
        mg milligram|milligrams
        lb,lbs pound|pounds
        oz ounce|ounces
        l,L liter|liters
        ml,mL milliliter|milliliters
        gal gallon|gallons
        h,hr,hrs hour|hours
        min,mins minute|minutes
        s,sec,secs second|seconds
        ms millisecond|milliseconds
        Hz hertz|hertz
        kHz kilohertz|kilohertz
        MHz megahertz|megahertz
        GHz gigahertz|gigahertz
        W watt|watts
        kW kilowatt|kilowatts
        kWh kilowatt hour|kilowatt hours
        V volt|volts
        kB,KB kilobyte|kilobytes
        MB megabyte|megabytes
        GB gigabyte|gigabytes
        TB terabyte|terabytes
        Mbps,Mbit/s megabit per second|megabits per second
        kcal kilocalorie|kilocalories
        dB decibel|decibels
        ha hectare|hectares
        km/h,kph,kmh kilometer per hour|kilometers per hour
        mph mile per hour|miles per hour
        m/s meter per second|meters per second
        m² square meter|square meters
        km² square kilometer|square kilometers
        m/s² meter per second squared|meters per second squared
        cm³ cubic centimeter|cubic centimeters
        cm² square centimeter|square centimeters
        m³ cubic meter|cubic meters
        ft² square foot|square feet
        mi² square mile|square miles
        °C degree Celsius|degrees Celsius
        °F degree Fahrenheit|degrees Fahrenheit
        ° degree|degrees
        % percent|percent
        ‰ per mille|per mille
        ¢ cent|cents
        px pixel|pixels
        fps frame per second|frames per second
        rpm revolution per minute|revolutions per minute
    """),
    per="per",
    months=tuple(
        "January February March April May June July August September October November December".split()
    ),
    month_abbreviations=tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()),
    date="{month} {day}, {year}",
    day_month="{month} {day}",
    day_first=False,
    time="{h} {m}",
    full_hour="{h} o'clock",
    signs=words("""
        + plus
        - minus
        × times
        ÷ divided by
        = equals
        < is less than
        > is greater than
        ≤ is at most
        ≥ is at least
        ≠ is not equal to
        ≈ is about
        ~ about
        ± plus or minus
        ∞ infinity
        √ the square root of
        ^ to the power of
        ² squared
        ³ cubed
        → to
        ∑ the sum of
        ∫ the integral of
        ∂ d
        ∈ in
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
        § section
        † dagger
    """),
    to="to",
    fractions={
        (1, 2): "one half", (1, 3): "one third", (2, 3): "two thirds", (1, 4): "one quarter", (3, 4): "three quarters",
        (1, 5): "one fifth", (2, 5): "two fifths", (3, 5): "three fifths", (4, 5): "four fifths", (1, 6): "one sixth",
        (5, 6): "five sixths", (1, 8): "one eighth", (3, 8): "three eighths", (5, 8): "five eighths",
        (7, 8): "seven eighths", (1, 10): "one tenth", (50, 50): "fifty-fifty", (24, 7): "twenty-four seven",
        (9, 11): "nine eleven",
    },
    over="over",
    out_of="out of",
    and_half="{n} and a half",
    number="number",
    at="at",
    dot="dot",
    hyphen="dash",
    underscore="underscore",
    hashtag="hashtag",
    ampersand="and",
    version="version",
    number_abbreviations=("No.", "no.", "Nos.", "№", "Nr."),
    millions=words("""
        k thousand
        K thousand
        thousand thousand
        m million
        M million
        mn million
        million million
        b billion
        bn billion
        B billion
        billion billion
        T trillion
        tn trillion
        trillion trillion
    """),
    abbreviations={
        "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "vs": "versus",
        "approx.": "approximately", "w/o": "without", "w/": "with", "b/c": "because",
        "Fig.": "figure", "fig.": "figure",
        "pp.": "pages", "p.": "page", "Ch.": "chapter", "Vol.": "volume", "Mt.": "Mount",
        "Dr.": "Doctor",
        "Prof.": "Professor", "Mr.": "Mister", "Mrs.": "Missus", "Lt.": "Lieutenant", "Capt.": "Captain",
        "Gen.": "General", "Jr.": "Junior", "Sr.": "Senior", "Inc.": "Incorporated", "Ltd.": "Limited",
        "dept.": "department",
        "min.": "minimum", "max.": "maximum",
        "C#": "C sharp", "F#": "F sharp", "C++": "C plus plus",
    },
    monarch="{name} the {ordinal}",
    rulers=frozenset(
        """
        Louis Henry Elizabeth Charles George Edward James William Richard Philip Pius Paul Benedict Napoleon Catherine
        Peter Alexander Nicholas Frederick Wilhelm Friedrich Ludwig Francis Leo Gregory Innocent Mary Victoria Ramses
        Ramesses Thutmose Otto Ferdinand Juan Felipe Alfonso Umberto Vittorio Clement Urban Sixtus Julius Boniface
        Stephen John Robert David Ivan Leopold Rudolf Maximilian Christian Gustav Harald Haakon Olaf Baldwin Selim
        Suleiman Murad Mehmed Cleopatra Ptolemy Darius Xerxes Constantine Justinian Theodosius
        """.split()
    ),
    century="century|centuries|Dynasty|dynasty",
    ordinal_suffixes="st|nd|rd|th",
)  # fmt: skip
