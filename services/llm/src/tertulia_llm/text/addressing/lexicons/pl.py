"""Polish."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

POLISH: Final = lexicon(
    openers="""
        hej, cześć, witaj, witam, siema, halo, ach, och, oh, ah, eh, hmm, no, no więc, więc, to, teraz, dobra,
        dobrze, ok, okej, tak, nie, jasne, proszę, dziękuję, dzięki, wielkie dzięki, bardzo dziękuję,
        przepraszam, wybacz, dzień dobry, dobry wieczór, dobranoc, do widzenia, pa, na razie, do jutra, słuchaj,
        posłuchaj, patrz, zobacz, czekaj, poczekaj, chwila, chodź, a, i, ale, albo, też, drogi, droga, mój
        drogi, moja droga, mój przyjacielu, kochany, kochana, świetnie, super, brawo, dokładnie, prawda,
        naprawdę, serio, szczerze, powiedz, powiedz mi, opowiedz, dla ciebie, twoja kolej, kontynuuj,
        oczywiście, pewnie, jak się masz, co słychać, co u ciebie, a ty, ty, a co z, co z, najpierw, jeszcze
        raz, pytanie do, gratulacje, wiesz co, miło cię widzieć, kolej na, drogie, według ciebie, twoim zdaniem,
        pana zdaniem, pani zdaniem, według pana, według pani, wszystko w porządku, wszystko dobrze, u ciebie, z
        tobą, u pana, u pani, proszę powiedzieć, niech pan powie, niech pani powie, przepraszam pana,
        przepraszam panią
    """,
    remarks="""
        dobra, dobrze, ok, okej, tak, nie, jasne, dziękuję, dzięki, wielkie dzięki, bardzo dziękuję,
        przepraszam, świetnie, super, brawo, dokładnie, prawda, oczywiście, ach, och, gratulacje
    """,
    conjunctions="i oraz a albo lub",
    first="ja my",
    second="ty ciebie cię ci tobie tobą twój twoja twoje twoją twojego twojej twoim",
    plural="wy was wam wami wasz wasza wasze waszą",
    polite="pan pani pana panu państwo",
    questions="""
        co jak gdzie kto kogo komu kim kiedy dlaczego czemu czy który która które jaki jaka jakie ile skąd dokąd
        po
    """,
    auxiliaries="może mógłby chce ma jest był była będzie powinien powinna",
    verbs="""
        jesteś powiedz opowiedz wyjaśnij pomóż posłuchaj słuchaj popatrz chodź idź daj pokaż zrób zostaw weź
        czekaj poczekaj myśl przeczytaj śpiewaj zaśpiewaj zagraj zostań opisz odpowiedz przetłumacz powtórz
        poszukaj napisz zgadnij przestań cicho bądź wiedz pamiętaj wyobraź wiesz wolałbyś chciałbyś mógłbyś
        mogłabyś chciałabyś zrobiłbyś powiedziałbyś
    """,
    imperatives="""
        włącz wyłącz porównaj poleć otwórz zamknij zacznij skończ kontynuuj wybierz podaj policz oblicz sprawdź
        usiądź wstań zadzwoń rzuć spróbuj streść podsumuj popraw przedstaw doradź zaproponuj nazwij wymień
        narysuj zatańcz uspokój obudź wróć przyjdź kup przynieś odłóż zapomnij zapamiętaj pamiętaj mów graj
        śpiewaj czytaj pisz rób puść ustaw zmień dodaj usuń przeproś podziękuj pogratuluj przywitaj ugotuj zjedz
        wypij śpij biegnij skocz chwyć udowodnij zdefiniuj zacytuj rozwiąż dokończ zapytaj spytaj wyślij zamów
        zrelaksuj potwierdź zgódź odpuść poczytaj przypomnij podpowiedz poradź
    """,
    clitics="mi mnie się nam to go ją nie już że",
    before="""
        w we na z ze do od o u po przy za pod nad przed między bez dla przez jak że czy gdy kiedy bo ponieważ
        mój moja moje mojego jego jej nasz ich znam znasz zna lubię lubisz lubi kocham nienawidzę widzę widzisz
        widział widziałem widziałam widziałeś spotkałem spotkałam pytam pytał zapytaj zapytałem słyszę słyszał
        jest był była jestem są ma miał mówi mówił powiedział powiedziała myśli myślał uważa sądzi chce chciał
        może zrobi robi niech gdzie kto co i oraz ani nie lub biedny biedna mały mała ten ta to tego tę nazywam
        zaproś dokuczać drażnić
    """,
    determiners="mój moja moje twój twoja twoje jego jej nasz ten ta to tego tej tę jakiś jakaś",
    ends="""
        ty ciebie cię tobie mnie mi nas nam go to tym tego tu tutaj tam teraz dziś dzisiaj jutro wczoraj proszę
        też dobrze źle późno wcześnie zawsze nigdy nic coś wszystko więcej mniej dużo mało zmęczony zmęczona
        gotowy gotowa szczęśliwy smutny prawda serio potem rację jesteś słychać głodny dom spać się już znowu
    """,
    intransitive="myślisz sądzisz uważasz mówisz robisz idziesz śpisz wiesz",
    except_before="""
        nie mówię do, nie rozmawiam z, oprócz, poza, prócz, z wyjątkiem, ale nie, nie, bez, tylko nie, zamiast,
        nie ty, wyjąwszy, nie do, nie dla, nie pytam, a nie, wyłączając, ktokolwiek oprócz
    """,
    except_after="nie, wyłączony",
    not_you="""
        nie ty, ty nie, ale nie ty, nie do ciebie, nie ciebie, ciebie nie, nie ciebie pytam, nie mówię do
        ciebie, nie pytam ciebie, nie pytałem ciebie, nie pytałam ciebie, nie chodzi mi o ciebie, nie twoja
        kolej, nie dla ciebie, ty się nie odzywaj, ty bądź cicho, ciebie nie pytam, ciebie nie pytałem
    """,
    everyone="""
        wszyscy, wszystkie, kochani, przyjaciele, ludzie, chłopaki, dziewczyny, panie i panowie, moi drodzy,
        drodzy, każdy, ekipa, drużyna, słuchajcie, dzieci, wszystkich, wszystkim
    """,
    short_everyone="razem",
    you_all="""
        wy wszyscy, was wszystkich, wszyscy wy, każdy z was, każde z was, każda z was, wy troje, wszyscy troje,
        we troje, was wszyscy, wam wszystkim, kto z was, wszystkich was, wszyscy razem
    """,
    you_two="wy dwoje, was dwoje, wy oboje, wy obaj, wy obie, was obu, wy dwaj",
    the_two="oboje, obaj, obydwoje, obie",
    others="""
        inni, pozostali, pozostałych, reszta, wszyscy inni, wszyscy pozostali, pozostała dwójka, resztę, innych
    """,
    one_of_you="którekolwiek z was, ktoś, jedno z was, jeden z was, ktoś z was, ktokolwiek",
    feedback="""
        skąd ojej pomocne zaskakujące szalone straszne okropne wspaniałe kłamstwo smutne kurczę coś niezłe
        nieźle ale wyjaśnisz powtórzysz tłumaczysz wytłumacz znaczyło dlaczego czemu co jak kto gdzie kiedy
        naprawdę serio szczerze poważnie dziękuję dzięki super fajnie świetnie ładnie pięknie doskonale ciekawe
        interesujące zabawne śmieszne dziwne niesamowite niemożliwe bzdura bzdury prawda fałsz dokładnie racja
        rację pewny pewna pewien jasne myśli myślisz masz miałeś miałaś wyjaśnij wyjaśnić tłumacz dalej więcej
        jeszcze raz powtórz powtórzyć przepraszam ach och hmm haha ok okej tak nie może absolutnie oczywiście
        dobrze źle szkoda rozumiem rozumiesz wierzę wątpię wiem wiesz przykład przykładu stało zdarzyło potem
        później wtedy opowiedz opowiadaj znaczy powiedzieć mówisz powiedziałeś powiedziałaś sądzisz uważasz
        żartujesz żart kontynuuj zgoda zgadzam brzmi miło mów brawo logiczne miły miła inaczej przesadzasz
        niewiarygodne następnie właśnie kłamiesz sensie
    """,
    fillers="""
        to ten ta tego tym tę jest był była było być ty ci cię ciebie twój ja mi mnie mój on ona my jeden jedna
        w na z do od o po przy za dla jak ale a i czy że nie bardzo trochę dużo coś wszystko nic tylko też tu
        teraz ma mam masz możesz mógłbyś mogłabyś się no tak aż by rzecz pomysłu pojęcia proszę raz ostatnie
        samo jesteś przez co tobą słucham więc już bliżej niż chcesz
    """,
    second_verb=r"""
        \w{2,}(asz|esz|isz|ysz)
        \w{3,}(łeś|łaś|łbyś|łabyś)
    """,
    plural_verb=r"""
        (myśl|sądz|uważ|wie|rob|mów|chc|moż|ma|jest|wol|zna|lub|powie|opowie|czuj|słucha|pozna|robi)\w{0,4}cie
    """,
    asks_named=r"""
        \b(rozmawiam z|rozmawiałem z|rozmawiałam z|pytam) X\b
        ^(a|i|ale|albo|to|więc|no) (co z |co na to )?X$
        ^(a |i |no )*co (z|na to) X$
        \bco (na to )?(o tym )?(sądzi|myśli|mówi|powie|uważa|by powiedział|poleca|proponuje|powiedziałby) X\b
        \bco X (na to|o tym|by|sądzi|myśli|mówi|powie|uważa)\b
        \bjak (to widzi|uważa) X\b
        \b(niech|pozwól) X (odpowie|mówi|powie|skończy|wyjaśni|odpowiedzieć|zacznie)\b
        \b(opinia|zdanie|opinię) X\b
        \b(kolej na|kolej|pytam|pytałem|pytałam|mówię do|mówiłem do|chodzi o|chodziło mi o|chcę usłyszeć|
            chcę posłuchać) X$
        ^tylko X$
    """,
    asks_all=r"""
        \bE (mają|ma|powinni|mogą) (odpowiedzieć|mówić|powiedzieć)\b
        \bco E (o tym )?(myślą|sądzą|mówią|powiedzą|myśli|na to)\b
        \bco (o tym )?(myślą|sądzą|mówią) E\b
        ^(czy )?E (są|gotowi|tu|się zgadzają)\b
        ^jak się (mają|macie) E\b
        \bchcę żeby E\b|\bniech E\b
        \b(pytam|pytałem|pytałam|mówię do) E$|\bco (o tym )?myślą E$
    """,
    discussion=r"""
        \b(porozmawiajcie|przedyskutujcie|omówcie|pogadajcie|dyskutujcie|podyskutujcie|rozmawiajcie)( (o|to|tym|
            o tym|sobie))*( (między|ze|z|wy|razem|wspólnie|we|X|sami)|$)
        \bniech X i X (o tym |to )*(porozmawiają|przedyskutują|omówią|pogadają)\b
        \bX i X (porozmawiajcie|przedyskutujcie|omówcie|pogadajcie)\b
    """,
)
