"""Turkish. The finite verb stands at the end of a sentence, so the ending of the last word tells most."""

from __future__ import annotations

import re
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, phrases, words
from tertulia_stt.turn_end.sentence import Sentence

_FINITE: Final = re.compile(
    r".{2,}(?:[ıiuü]yor(?:um|sun|uz|sunuz|lar|du\w*)?|[dt][ıiuü](?:m|n|k|n[ıiuü]z|lar|ler)?|m[ıiuü]ş(?:[ıiuü]m|s[ıiuü]n|t[ıiuü]\w*)?"
    r"|[ea]ca(?:k|ğım|ksın|ğız|klar)|[ea]ce(?:k|ğim|ksin|ğiz|kler)|[aeıiuü]r(?:[ıiuü]m|s[ıiuü]n|[ıiuü]z|s[ıiuü]n[ıiuü]z|lar|ler)"
    r"|m[ae]zs?[ıiuü]?n?|m[ae]m|m[ae]l[ıi](?:y[ıi]m|s[ıi]n|y[ıi]z)?|[ae]l[ıi]m|s[ıiuü]n(?:lar|ler)?|[ae]y[ıi]m|[ıiuü]y[ıiuü]m|yd[ıiuü]\w*|d[ıiuü]r)$"
)
_QUESTION_PARTICLE: Final = re.compile(r"m[ıiuü](?:y[ıiuü]m|s[ıiuü]n|y[ıiuü]z|s[ıiuü]n[ıiuü]z|yd[ıiuü]\w*)?$")
_CASE: Final = re.compile(r".{2,}(?:'?(?:d[ae]|t[ae]|d[ae]n|t[ae]n|n[ıiuü]n|yl[ae]|[ıiuü]ml[ae]|l[ae]r[ıi]|l[ae]r[ae]|[iı]m[iı]|y[ae]|n[ae]|n[ıi]|[ae]rek|[ıiuü]nc[ae]|[ıiuü]p|ken|m[ae]k|d[ıiuü]ğ[ıiuü]\w*))$")
_NOT_VERBS: Final = words(
    "kedi şimdi kendi yedi efendi hadi şehir nehir yer asker haber bahar pazar kenar diğer değer eser şeker bilgisayar kar nar "
    "doktor motor tekrar karar zarar duvar pınar anahtar defter sinir ömür özür kömür memur yağmur çamur hamur"
)
"""Words that end as finite verbs do."""
_REQUESTS: Final = words(
    "anlat söyle çal oku göster ver aç kapat bak git gel yap bul çevir et öner dinle tekrarla düşün hatırlat ara getir al yaz "
    "başla bitir konuş sor cevapla açıkla anlatsana söylesene kal bırak say"
)
_COMPLETE_ENDINGS: Final = words("var yok değil lazım gerek tamam mı mi mu mü evet hayır güzel iyi kaç nerede kim ne nasıl neden niye")


def _ends_in_verb(sentence: tuple[str, ...]) -> bool:
    last = sentence[-1]
    if last in _COMPLETE_ENDINGS or _QUESTION_PARTICLE.match(last):
        return True
    if last in _REQUESTS:
        return len(sentence) > 1
    return last not in _NOT_VERBS and _FINITE.match(last) is not None


def _last_word(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    last = sentence.words[-1]
    if _ends_in_verb(sentence.words):
        begins = sentence.clause()[0]
        if begins in grammar.subordinators and not last.endswith(("rım", "rim", "rız", "riz", "yorum", "cağım", "ceğim")):
            return Completeness.UNCLEAR
        return Completeness.FINISHED if sentence.mark != "" or len(sentence.words) > 1 else None
    if _CASE.match(last) and last not in grammar.questions:
        asks = not grammar.questions.isdisjoint(sentence.words)
        if sentence.mark == "?" or (asks and sentence.ended):
            return Completeness.FINISHED
        return Completeness.UNCLEAR if sentence.ended else Completeness.OPEN
    if sentence.clause()[0] in grammar.subordinators:
        return Completeness.OPEN
    return None


GRAMMAR = Grammar(
    code="tr",
    never_last=words(
        "ve veya ya ile ama fakat ancak çünkü eğer ki bir bu şu için gibi kadar en çok daha her hiç bazı hangi kendi göre "
        "rağmen sonra önce ise şayet hem yahut lakin madem sanki bütün tüm benim senin onun bizim sizin onların üzere dair bey "
        "de da ben biz"
    )
    - words("sonra önce daha çok hangi bu şu kadar için gibi bey benim senin onun bizim sizin de da ben biz"),
    rarely_last=words(
        "bu şu için gibi benim senin onun bizim sizin daha çok kadar sonra önce hangi ben biz o bana sana ona bize onu beni seni bunu şunu "
        "belki galiba sadece bile artık hâlâ hala yine biraz birkaç bugün dün yarın mesela de da şey"
    )
    - words("biraz bugün yarın artık yine sonra"),
    subordinators=words("eğer şayet çünkü madem"),
    questions=words("ne kim nerede nereye nereden nasıl neden niçin niye kaç hangi hangisi neyi kimi nerde"),
    fillers=words("ee eee şey ıı ııı hmm yani hani ıhm e"),
    openers=phrases(
        "ben / istiyorum ki / bence / sanırım / galiba / mesela / örneğin / ayrıca / bu arada / aslında / dün / geçen gün / "
        "geçen hafta / bana / sana / bir zamanlar / bir varmış bir yokmuş / benim adım / adım / numaram / telefon numaram / "
        "acaba / mesele şu / sorun şu / gerçek şu / umarım / düşünüyorum da / demek istediğim / söylemek istediğim / birincisi "
        "/ öncelikle / bir yandan / öte yandan / belki / arkadaşım / dedi ki / ben de / sen / lütfen bana / şunu sormak / "
        "sana sormak / merak ettiğim / bana söyler / benim bir / lütfen / ilk olarak / bildiğin gibi / biliyor musun ki"
    )
    - phrases("ben de / lütfen"),
    tails=phrases(
        "bir şey / için de / ve ben / ama ben / çünkü ben / eğer sen / çünkü o / ve sonra / ama sonra / yüzden / bu yüzden / onun "
        "için / buçukta / çeyrek / en az / en çok / iki şey / üç şey / şu anda ben / daha çok / en güzel / çok güzel bir / bir de / "
        "demek ki / dedi ki / o kadar / ne kadar da / bir tane / benim için / bana bir / sana bir / diye bir / yerine / bir gün"
    )
    - phrases("buçukta / daha çok / bir tane / şu anda ben / o kadar / yüzden"),
    complete=phrases(
        "evet / hayır / yok / tamam / olur / olmaz / tabii / tabii ki / elbette / kesinlikle / aynen / doğru / haklısın / peki / "
        "teşekkürler / teşekkür ederim / çok teşekkürler / sağ ol / sağol / rica ederim / bir şey değil / harika / güzel / çok "
        "güzel / süper / mükemmel / iyi / çok iyi / bilmiyorum / bilmem / hiçbir fikrim yok / ben de / bana da / iyi geceler / "
        "hoşça kal / görüşürüz / güle güle / yarın görüşürüz / dur / yeter / bekle / devam / devam et / ne / neden / niye / nasıl "
        "/ kim / nerede / ne zaman / gerçekten mi / gerçekten / öyle mi / neden olmasın / ya sen / sen / peki ya sen / sonra / "
        "başka / ne oldu / ne haber / naber / nasılsın / nasıl gidiyor / adın ne / sen kimsin / bu ne / bu kadar / hepsi bu / seni "
        "seviyorum / iyiyim / yorgunum / açım / anlıyorum / anladım / anlamadım / önemli değil / boş ver / unut / iyi fikir / güzel "
        "soru / özür dilerim / pardon / üzgünüm / sus / sessiz ol / imdat / tekrar / bir daha / hiçbir şey / her şey / ikisi de / "
        "henüz değil / pek değil / evet lütfen / hayır teşekkürler / belki sonra / hadi / hadi gidelim / saat kaç / ne düşünüyorsun"
    )
    - phrases("sen / sonra"),
    greetings=phrases("merhaba / selam / günaydın / iyi günler / iyi akşamlar / tamam / peki"),
    calls=words("hey baksana bak dinle sevgili ve ya"),
    tags=phrases("lütfen / değil mi / öyle değil mi / tamam mı / teşekkürler / ha / olur mu"),
    imperatives=words("anlat söyle"),
    tens=words("yirmi otuz kırk elli altmış yetmiş seksen doksan on yüz"),
    points=words("virgül nokta"),
    digits=words("sıfır bir iki üç dört beş altı yedi sekiz dokuz"),
    phone_words=phrases("telefon / numaram / telefonum / cep"),
    firsts=words("birincisi önce"),
    nexts=words("ikincisi sonra"),
    lead=words("ve ama peki tamam ya evet hayır ah aa hadi şimdi işte hani o pardon"),
    common=words("bir ve bu ne için çok ben sen de da var mı ama gibi daha değil mi şey yok evet hayır dün bana sana akşam misin mısın musun müsün miyim mıyım bugün evde"),
    clause_rule=_last_word,
)
