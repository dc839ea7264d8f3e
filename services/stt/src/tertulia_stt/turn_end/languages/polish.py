"""Polish."""

from __future__ import annotations

from tertulia_stt.turn_end.grammar import Grammar, phrases, words

GRAMMAR = Grammar(
    code="pl",
    never_last=words(
        "i a oraz albo lub ale lecz że żeby aby ponieważ bo gdyż jeśli jeżeli gdyby kiedy gdy chociaż choć zanim dopóki w we "
        "z ze na do od ode po pod nad przed przy przez dla bez o u za między wśród obok podczas według mimo oprócz zamiast "
        "dzięki który która które którzy którego której którym nie się bardzo zbyt bym by czy ani jako niż pan pani dr każdy "
        "każda każde co-najmniej oto więc"
    )
    - words("się pan pani bardzo więc nie kiedy który która które każdy czy by"),
    rarely_last=words(
        "mój moja moje moją mojego mojej moim mojego twój twoja twoje swój swoja swoje swoją nasz nasza nasze wasz ten ta to te tego tej tym tę "
        "tą ci bardzo nie już też tylko jeszcze także prawie jakiś jakaś jakieś inny inna inne kilka więcej mniej dużo mało "
        "który która które każdy czy by może chyba właśnie naprawdę nawet zawsze bardziej najbardziej mi ja"
    )
    - words("to nie już też tylko jeszcze więcej mniej dużo mało tego tej zawsze naprawdę może mi ja moje twoje inne"),
    copulas=words("jest są był była było byli jestem jesteśmy będę będzie będziesz będą byłem byłam mam ma mamy"),
    modals=words(
        "mogę możesz może możemy mogą mógłbym mógłbyś mogłabyś muszę musisz musi musimy powinienem powinnam powinien "
        "chcę chcesz chce chcemy chciałbym chciałabym chciałem chciałam umiem umiesz można trzeba warto wolę"
    )
    - words("może można mam masz"),
    subordinators=words("jeśli jeżeli gdyby kiedy gdy chociaż choć ponieważ bo zanim skoro"),
    questions=words("co kto gdzie kiedy dlaczego czemu jak ile który która które którą jaki jaka jakie czyj skąd dokąd kogo czego"),
    second_person_ending="sz",
    yes_no_starts=phrases("czy"),
    fillers=words("yyy eee yhm hmm hm ee yy eh ekhm znaczy"),
    openers=phrases(
        "chcę / chciałbym / chciałabym / chciałem / chciałam / ja chcę / chciałbym wiedzieć / chciałam zapytać / chciałem "
        "zapytać / chciałem powiedzieć / muszę / potrzebuję / możesz / możesz mi / czy możesz / czy możesz mi / czy możesz mi "
        "powiedzieć / możesz mi powiedzieć / mógłbyś / mogłabyś / czy mógłbyś / czy mogłabyś / wiesz / czy wiesz / chodzi o to "
        "/ problem w tym / problem jest taki / sprawa jest taka / prawda jest taka / myślę / sądzę / uważam / wydaje mi się / "
        "przypuszczam / mam nadzieję / zastanawiam się / pamiętam / na przykład / poza tym / a propos / moim zdaniem / powiedz "
        "mi / opowiedz mi o / daj mi / pokaż mi / dawno dawno temu / nazywam się / mam na imię / mój numer to / mój numer "
        "telefonu to / jestem / mam / jest / to jest / to był / wczoraj / niedawno / nie wiem czy / nie wiem co / chcesz / "
        "czy chcesz / czy myślisz / to znaczy / to co chcę powiedzieć to / właściwie / po pierwsze / z jednej strony / z drugiej "
        "strony / zależy od / może / mój przyjaciel / moja przyjaciółka / w zeszłym tygodniu / powiedział / powiedziała / byłem "
        "/ byłam / szukam / zamierzam / co powiesz na / czy / kiedy ja / jeśli ja / proszę / lubię / bo ja / ja"
    )
    - phrases("ja / proszę"),
    tails=phrases(
        "po to / dlatego że / tak że / mimo że / zamiast tego / więcej niż / mniej niż / co najmniej / wpół do / kwadrans po / za "
        "kwadrans / za pięć / na przykład / to znaczy / i ja / ale ja / bo ja / że ja / żebym / że ty / bo ty / jeśli ty / że on / "
        "bo on / że ona / bo ona / i on / i moja / i mój / z moim / z moją / do mojego / do mojej / w moim / w mojej / dwie rzeczy "
        "/ trzy rzeczy / jest bardzo / był bardzo / była bardzo / to bardzo / to jest / a potem / i potem / ale też / i też / ale "
        "nie / jeden z / jedna z / w tym / na tym / z tym / w tej / na tej / do tego / do tej / że to / bo to / ale to / i to / jak "
        "to / czy to / jeśli to / kiedy to / ja nie / ja bardzo / jestem bardzo / myślę że / o której / pod numerem / co do / "
        "możesz mi / chciałbym ci / powiedzieć ci / opowiedzieć ci / czy ty / to ja / jeśli się / że się / bo się / żeby się / "
        "dać mi / powiedz czy / żeby nie / bo nie / jeśli nie / i nie / że nie / że mój / że moja / czy mógłbyś / czy mogłabyś"
    )
    - phrases("co do / o której / to ja"),
    complete=phrases(
        "tak / nie / no tak / pewnie / jasne / oczywiście / dobra / dobrze / okej / ok / zgoda / w porządku / super / świetnie / "
        "dokładnie / właśnie / racja / to prawda / dziękuję / dzięki / dziękuję bardzo / wielkie dzięki / proszę bardzo / nie ma "
        "za co / nie ma sprawy / nie wiem / nie mam pojęcia / ja też / ja też nie / dobranoc / do widzenia / pa / na razie / do "
        "jutra / do zobaczenia / stop / przestań / czekaj / poczekaj / kontynuuj / dalej / mów dalej / co / dlaczego / czemu / jak "
        "/ kto / gdzie / kiedy / naprawdę / serio / dlaczego nie / czemu nie / a ty / a co z tobą / i co / i co dalej / co jeszcze "
        "/ co się stało / co słychać / co tam / jak się masz / jak leci / jak masz na imię / kim jesteś / to wszystko / to tyle / "
        "kocham cię / mam się dobrze / wszystko dobrze / jestem zmęczony / jestem głodny / rozumiem / nie rozumiem / nieważne / "
        "nic nie szkodzi / zapomnij / dobry pomysł / dobre pytanie / przepraszam / przykro mi / cicho / cisza / zamknij się / "
        "pomocy / jeszcze raz / znowu / nic / wszystko / oba / jeszcze nie / nie całkiem / tak proszę / nie dziękuję / chętnie / "
        "może później / to zależy / chodźmy / co myślisz / co o tym sądzisz / świetny pomysł"
    ),
    greetings=phrases("cześć / hej / dzień dobry / dobry wieczór / witaj / witam / siema / dobra / okej"),
    calls=words("ej hej słuchaj posłuchaj droga drogi i albo"),
    tags=phrases("proszę / prawda / nie / tak / co nie / nie sądzisz / dziękuję / dobrze / nieprawdaż / co / też"),
    imperatives=words(
        "opowiedz zaśpiewaj zagraj przeczytaj wyjaśnij wytłumacz opisz pokaż daj przestań zacznij włącz wyłącz otwórz zamknij "
        "powtórz powiedz mów rób zrób znajdź przetłumacz poleć pomóż zapytaj odpowiedz przypomnij zadzwoń przynieś weź chodź "
        "zostaw napisz wyobraź zgadnij poczekaj posłuchaj popatrz policz"
    ),
    transitives=words("chcę potrzebuję kupiłem kupiłam zrobiłem zrobiłam wolę nienawidzę szukam znalazłem lubię chcesz"),
    negations=words("nie też zawsze ja ty nigdy"),
    tens=words("dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt"),
    points=words("przecinek"),
    digits=words("zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć"),
    phone_words=phrases("telefon / telefonu / mój numer / komórki"),
    firsts=words("najpierw"),
    nexts=words("potem następnie później"),
    lead=words("i ale no więc a ach och tak nie dobra okej ok hej słuchaj przepraszam albo bo teraz to"),
    common=words("w na nie to jest się że z do jak ale co tak ja ty mnie mi są był za od mam wczoraj byliśmy dziś"),
)
