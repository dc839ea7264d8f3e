"""Turkish."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, no_plural, words

LEXICON = Lexicon(
    code="tr",
    numerals=Numerals(cardinal="spellout-cardinal", ordinal="spellout-ordinal"),
    plural=no_plural,
    currencies=currencies("""
        ₺,TL,TRY lira;kuruş
        $,USD,US$ dolar;sent
        €,EUR avro;sent
        £,GBP sterlin;peni
        ¥,JPY yen
        CHF frank
        ₽,RUB ruble
        zł,PLN zloti
        kr,NOK,SEK,DKK kron
    """),
    units=forms("""
        km kilometre
        m metre
        cm santimetre
        mm milimetre
        kg kilo
        g,gr gram
        mg miligram
        t ton
        l,L,lt litre
        ml,mL mililitre
        sa saat
        dk dakika
        sn saniye
        Hz hertz
        kHz kilohertz
        MHz megahertz
        GHz gigahertz
        W vat
        kW kilovat
        kWh kilovat saat
        V volt
        KB,kB kilobayt
        MB megabayt
        GB gigabayt
        TB terabayt
        kcal kilokalori
        ha hektar
        km/h,km/sa kilometre bölü saat
        m/s metre bölü saniye
        m² metrekare
        km² kilometrekare
        m³ metreküp
        m/s² metre bölü saniye kare
        cm² santimetrekare
        cm³ santimetreküp
        °C santigrat derece
        °F fahrenhayt derece
        ° derece
    """),
    signs=words("""
        + artı
        - eksi
        × çarpı
        ÷ bölü
        = eşittir
        < küçüktür
        > büyüktür
        ≤ en çok
        ≥ en az
        ≠ eşit değildir
        ≈ yaklaşık
        ~ yaklaşık
        ± artı eksi
        ∞ sonsuz
        √ karekök
        ^ üzeri
        ² kare
        ³ küp
        → ok
        § paragraf
        % yüzde
        α alfa
        β beta
        γ gama
        δ delta
        Δ delta
        ε epsilon
        θ teta
        λ lambda
        μ mü
        π pi
        ρ ro
        σ sigma
        Σ sigma
        τ tau
        φ fi
        ω omega
        Ω omega
    """),
    millions=words("""
        bin bin
        milyon milyon
        mn milyon
        milyar milyar
        mr milyar
        trilyon trilyon
    """),
    abbreviations={
        "örn.": "örneğin", "Örn.": "örneğin", "vb.": "ve benzeri", "vs.": "vesaire", "bkz.": "bakınız",
        "Bkz.": "bakınız", "Dr.": "doktor", "Prof.": "profesör", "Doç.": "doçent", "Sn.": "sayın", "Av.": "avukat",
        "Hz.": "hazreti", "Cad.": "caddesi", "Sok.": "sokağı", "Mah.": "mahallesi", "yy.": "yüzyıl",
        "M.Ö.": "milattan önce", "M.S.": "milattan sonra", "MÖ": "milattan önce", "C#": "C sharp",
        "C++": "C artı artı",
    },
    fractions={
        (1, 2): "yarım", (1, 3): "üçte bir", (2, 3): "üçte iki", (1, 4): "çeyrek", (3, 4): "dörtte üç",
        (1, 5): "beşte bir", (24, 7): "yirmi dört yedi",
    },
    decimal_mark=",",
    point="virgül",
    fraction_as_number=True,
    money_join=" ",
    says_part=True,
    per="bölü",
    months=(
        "Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım",
        "Aralık",
    ),
    month_abbreviations=("Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"),
    date="{day} {month} {year}",
    day_month="{day} {month}",
    day_first=True,
    time="{h} {m}",
    full_hour="{h} sıfır sıfır",
    to="ila",
    over="bölü",
    out_of="üzerinden",
    and_half="{n} buçuk",
    number="numara",
    at="et",
    dot="nokta",
    hyphen="tire",
    underscore="alt çizgi",
    hashtag="etiket",
    ampersand="ve",
    version="sürüm",
    percent="yüzde {n}",
    number_abbreviations=("No.", "no.", "№"),
    monarch="{ordinal} {name}",
)  # fmt: skip
