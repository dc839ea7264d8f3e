"""Stage directions and the text that resembles them, in twelve languages."""

from __future__ import annotations

import pytest

from tertulia_llm.text.sentences import SentenceSplitter, SplitterSettings

KEPT_AS_WRITTEN = """
I love dancing (and singing) very much.
She (slowly) walked home.
I like it (music) a lot.
We got it (with a smile).
I enjoy hobbies (still drawing, singing).
Boil water (stirring often).
The film (laughs and all) was fun.
I used (music) there.
Musik (leise) am Abend.
Das Lachen (das Lächeln auch) tut gut.
Er lacht (und weint) gern.
Die Pause (kurze Pause) war gut.
Trae vino (y risas) a la fiesta.
Ven (si puedes) mañana.
Il (en riant) partit.
Va bene (se vuoi).
Il riso (riso integrale) cuoce.
Serve riso (riso).
O riso (riso) é bom.
Isso (dá certo) é bom.
De pauze (stilte) was fijn.
Cisza (cisza) jest dobra.
Музыка (тихо) играла.
Ses (sessizlik) iyi.
Well. (Taking the bus is cheaper.) Ok.
Well. (Thinking about it, you're right.) Ok.
Well. (Looking forward to it!) Bye.
Well. (Thinking of you.) Bye.
Well. (Smiles cost nothing, you know.) Ok.
Well. (Singing is fun.) Right?
Well. (Barking is normal.) Ok.
Boil water. (Stirring constantly, add rice.)
Bien. (Elle pleure souvent.) Voilà.
Bene. (Lei ride poco.) Poi.
Bom. (Ela chora muito.) Depois.
Bom. (Dá para fazer em casa.) Depois.
Bien. (Si llora, dale leche.) Listo.
Goed. (Hij lacht veel.) Dan.
Gut. (Lacht nicht!) Weiter.
Gut. (Summt die Biene?) Ja.
彼（泣き虫）は来た。
東京（汗をかく夏）です。
漢字（笑うの意味）です。
他（爱笑的人）来了。
微博（微笑图标）很好。
出汗（汗水）很多。
映画（お笑い）が好き。
(She laughs easily, by the way.) Ok.
(They sing every Sunday.) Ok.
(The window faces the garden.) Nice.
(Eyes are important.) Ok.
(Looks like rain.) Ok.
(Walking helps a lot.) Ok.
(Jumping ahead a bit.) Ok.
(It takes two.) Ok.
(sadly) no.
(in silence) we ate.
Mood? (Tired.) Yes.
[terms apply] Ok.
[click here to download files] Ok.
Type /me waves to wave.
Rates -points- here.
(steht auf der Liste) Gut.
(Saluda a tu madre.) Adiós.
(Salue ta mère.) Bon.
(Llora quien puede.) Bien.
(Haalt het beste eruit.) Goed.
(Ri quem pode.) Bom.
（汗をかきます）はい。
（怒らないで）ね。
（思考题）很难。
(울산은 도시다) 안녕.
저는 서울(서울) 사람이다.
[note] This is it.
Fill in: [your name]
Options: [yes/no]
Type: [first name] [last name]
There are rules. [no running] Ok.
The end(s) of it.
It is a/b or and/or now.
The well-known so-called thing.
Well - yes - it is.
«Smiles» is a word.
"""

KEPT_WITHOUT_MARKS = """
My favorite book? *Moby Dick*.
*Absolutely.*
*Of course!* I'd love to.
*You're welcome!*
It means: *I love you*.
Translate: *je t'aime*
Read these: *Dune*, *Emma*
My answer: *no*.
My answer? *Freedom*.
He said no. *No!* Can you believe it?
The winner is... *Anna*!
1. *Dune*
1. *Dune* by Herbert
The cat. *Felis catus*. A species.
*What is he doing?* she wondered.
*Question 1:* What is it?
*P.S.* Call me.
Das heißt: *Danke*.
Mein Lieblingsbuch? *Faust*.
¿Mi libro? *Cien años de soledad*.
Mon livre ? *Le Petit Prince*.
Il mio libro? *La coscienza di Zeno*.
O meu livro? *Os Maias*.
Mijn boek? *De avonden*.
Moja książka? *Lalka*.
Моя книга? *Мастер и Маргарита*.
Kitabım? *Kürk Mantolu Madonna*.
*Terms apply. Hello there.
*Prices may vary. See you there. Bye now.
*danke schön* Gern.
*gracias por todo* Adiós.
*merci beaucoup* Au revoir.
*grazie mille* Ciao.
*muito obrigado* Tchau.
*dank je wel* Dag.
*dziękuję bardzo* Pa.
*спасибо большое* Пока.
*谢谢* 再见。
*ありがとう* さようなら。
*감사합니다* 안녕.
これは*重要*です。
这是*重要*的。
*Elle est belle.* Oui.
He *laughs* at me.
Tom *laughs* and leaves.
My baby *cries* a lot.
The crowd **cheers** loudly.
Everyone _claps_.
The adverb is **softly**.
- **Laughs**: good for you
My favorite film? *Singing in the Rain*.
My favorite film? *Dances with Wolves*.
My favorite song? *I Walk the Line*.
Mood? *tired*. Yes.
*thank you so much* Bye.
*and then we won.* Bye.
*Results may vary.* Bye.
*A journey of a thousand miles begins with a single step.* So it is.
*It takes two.* Bye.
She _smiles_ a lot.
I love *dancing* with you.
I love *singing*.
She spoke _softly_ to me.
**This is important. Really, it is.** Ok then.
_This is important. Really, it is._ Ok then.
"""

DIRECTIONS = """
en _laughs. Then looks away._
en __laughs. Looks away.__
en **laughs. Looks away.**
en ~laughs. Looks away.~
en {laughs. Looks away.}
en （laughs. Looks away.）
ja （笑う。そして手を振る。）
zh （她笑了。然后挥手。）
en _laughs softly and shakes her head slowly, then looks away at the window, smiling_
en ~laughs softly and shakes her head slowly, then looks away at the window, smiling~
en {laughs softly and shakes her head slowly, then looks away at the window, smiling}
en **laughs softly and shakes her head slowly, then looks away at the window, smiling**
en *laughs**cries*
en ＊laughs＊
ja ＊笑＊
ja 〈笑〉
ja ［笑］
ja 〔笑〕
en -laughs-
en :laughs:
en ::laughs::
en /laughs/
en <<laughs>>
en «laughs»
en [laughs x2]
en [pause: 2s]
en [MUSIC PLAYING]
en [wind howling]
en (knock knock)
en (The door opens.)
en (phone rings)
en (after a pause)
en (They both laugh.)
en (drumroll)
en (ahem)
en (wink, wink)
en (excited)
en (strokes beard)
en [sarcastic]
en *The lights go out.*
en *I smile and wave.*
en *quietly slides the paper over*
de *Die Tür geht auf.*
de *Er steht auf und geht.*
fr *Elle lève les yeux.*
it *La porta si apre.*
es *Ella abre los ojos.*
nl (haalt zijn schouders op)
tr (iç çeker)
de (setzt sich)
de (steht auf)
de (umarmt dich)
de (hebt eine Augenbraue)
de (rollt mit den Augen)
de (trinkt einen Schluck Kaffee)
de (legt den Kopf schief)
de (mit ruhiger Stimme)
de (blickt auf)
es (levanta una ceja)
es (se aclara la garganta)
es (te abraza)
es (hace una pausa)
es (pone los ojos en blanco)
es (se sienta)
es (toma un sorbo de café)
es (carcajada)
es (mira a los lados)
fr (rire)
fr (lève un sourcil)
fr (se racle la gorge)
fr (s'éclaircit la gorge)
fr (fait un clin d'œil)
fr (avec un clin d'œil)
fr (te prend dans ses bras)
fr (éclate de rire)
fr (sourire en coin)
fr (s'assoit)
it (fa l'occhiolino)
it (si schiarisce la voce)
it (scoppia a ridere)
it (si siede)
it (ti abbraccia)
it (strizza l'occhio)
pt (abraça você)
pt (limpa a garganta)
pt (dá de ombros)
pt (levanta uma sobrancelha)
pt (gargalhada)
nl (schraapt zijn keel)
nl (denkt na)
nl (trekt een wenkbrauw op)
nl (gaat zitten)
pl (przewraca oczami)
pl (puszcza oko)
pl (odchrząkuje)
pl (unosi brew)
pl (siada)
ru (обнимает тебя)
ru (закатывает глаза)
ru (рассмеялась)
ru (откашливается)
ru (поднимает бровь)
ru (садится)
tr (omuz silker)
tr (sarılır)
tr (kahkaha atar)
tr (boğazını temizler)
tr (kaşını kaldırır)
ja *笑う*
ja （目を輝かせて）
ja （首をかしげる）
zh （挠头）
zh （歪着头）
zh （翻白眼）
zh （拍拍你的肩膀）
zh （思考）
ko (고개를 끄덕이며)
"""


def spoken(text: str, pieces: int) -> str:
    splitter = SentenceSplitter(SplitterSettings() if pieces == 1 else SplitterSettings(first_clause_min_chars=0))
    sentences = [sentence for at in range(0, len(text), pieces) for sentence in splitter.feed(text[at : at + pieces])]
    return " ".join(sentence.spoken for sentence in sentences + splitter.finish()[0])


@pytest.mark.parametrize("text", KEPT_AS_WRITTEN.strip().splitlines())
def test_aside_that_resembles_a_direction_is_spoken(text: str) -> None:
    assert _letters(spoken(text, 1)) == _letters(spoken(text, 7)) == _letters(text)


@pytest.mark.parametrize("text", KEPT_WITHOUT_MARKS.strip().splitlines())
def test_emphasis_that_resembles_a_direction_is_spoken(text: str) -> None:
    assert _letters(spoken(text, 1)) == _letters(spoken(text, 7)) == _letters(text)


@pytest.mark.parametrize("row", DIRECTIONS.strip().splitlines())
def test_direction_alone_is_not_spoken(row: str) -> None:
    _, direction = row.split(" ", 1)
    for pieces in (1, 7, len(row) + 20):
        assert spoken(f"{direction} Hello there.", pieces) == "Hello there."
        assert spoken(f"Well. {direction} Hello there.", pieces) == "Well. Hello there."


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("*laughs*Hello there.", "Hello there."),
        ("Hello there*laughs*", "Hello there"),
        ("Hello *laughs*there.", "Hello there."),
        ("/me laughs\nHello there.", "Hello there."),
        ("Ja *lacht*genau.", "Ja genau."),
        ("（微笑）＊笑＊你好。", "你好。"),
        ("*The door opens. It creaks! Wow.* Hello there.", "Hello there."),
        ("Hello *waves* how are you?", "Hello how are you?"),
        ("OK (wink).", "OK."),
        ("(dramatic pause) here it is.", "here it is."),
        ("I smile. *I take your hand.* Hello.", "I smile. Hello."),
        ("Oh (laughs softly) you are funny.", "Oh you are funny."),
        ("Ja (lacht leise), genau.", "Ja, genau."),
    ],
)
def test_direction_beside_text_is_not_spoken(written: str, expected: str) -> None:
    for pieces in (1, 7, len(written)):
        assert spoken(written, pieces) == expected


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())
