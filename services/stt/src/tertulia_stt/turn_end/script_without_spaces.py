"""Judges Japanese and Chinese texts, by how they end."""

from __future__ import annotations

import re
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.sentence import GOES_ON, MAX_CHARS, Names, mark_of

_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_SENTENCE: Final = re.compile(r"[^。！？!?]+[。！？!?、，,…．.\s]*$")
_MARKS: Final = " \u3000。、，,.．…！？!?「」『』“”\"'"
_SPACES: Final = re.compile(r"[\s\u3000]+")

_JA_CALL: Final = re.compile(r"(?:ねえ|ねぇ|おい|あの|ちょっと)?、?.{1,8}(?:さん|ちゃん|くん|君|様|さま|先生|先輩)$")
_JA_FILLER: Final = re.compile(r"(?:えっ?と[ー]?|え[ー〜]+と?|ええと|あの[ーう〜]*|その[ー〜]+|う[ー〜]+ん?|んー+|ん[ー〜]|まあ|なんか|なんていうか|なんというか|えー)$")
_JA_COMPLETE: Final = frozenset(
    "はい いいえ うん ううん いや そう そうだね そうです そうですね もちろん わかった 分かった わかりました 分かりました 了解 オッケー オーケー "
    "ありがとう ありがとうございます どうも どうもありがとう すみません ごめん ごめんなさい なるほど 本当 ほんと 本当に おやすみ おやすみなさい "
    "さようなら じゃあね またね バイバイ 待って ちょっと待って やめて 止めて ストップ 続けて なんで どうして なぜ 何 なに 誰 いつ どこ それで 大丈夫 "
    "いいよ いいね だめ 全然 多分 たぶん お願い お願いします 助けて もう一度 もう一回 静かに もういい 違う 正解 すごい 面白い どうも "
    "教えて やって 話して 聞いて 歌って 見て 来て".split()
)
_JA_GREETING: Final = frozenset("こんにちは こんばんは おはよう おはようございます やあ もしもし どうも ハロー".split())
_JA_NOT_FINAL: Final = re.compile(r"(?:という|っていう|そういう|こういう|ああいう|どういう|もう|あした|きのう|きょう|わたし|あなた|これ|それ|ように)$")
"""Words that end as sentences do."""
_JA_VERB: Final = re.compile(r"[一-龯々ぁ-ん][うくぐすつぬぶむる]$")
_JA_OPEN: Final = re.compile(
    r"(?:を|に|は|が|と|へ|も|や|の|で|から|まで|より|って|とか|けど|けれど|けれども|ので|のに|たら|れば|ければ|なら|ば|ても|たり|し|ながら|ために|ように|について|という|"
    r"そして|それから|でも|だから|しかし|または|なので|つまり|例えば|たとえば|もし|もしも|この|その|あの|どの|私|僕|俺|すごく|とても|もっと|ちょっと|一番|とき|時|ところ|こと|実は|"
    r"昨日|今日|明日|今|さっき|最近|まず|次に|じゃあ|雨が)$"
)
_JA_FINAL: Final = re.compile(
    r"(?:です|ます|ました|ません|ませんでした|でした|でしょう|ましょう|ですか|ますか|か|かな|かい|よ|ね|よね|ぞ|ぜ|さ|わ|なあ|な|の\?|ない|なかった|たい|ください|下さい|"
    r"だ|だった|った|いた|えた|した|きた|んだ|べた|めた|れた|けた|せた|ねた|みた|見た|来た|じゃん|だろう|だっけ|っけ|"
    r"うる|する|いる|ある|くる|来る|なる|れる|える|べる|める|見る|知る|思う|言う|行く|しい|たの|るの|なの|のか|て\?|欲しい|ほしい|いい|てくれ|しろ|ちょうだい|頂戴|もらえる|くれる)$"
)
_JA_QUESTION: Final = re.compile(r"何|なに|なん|誰|だれ|どこ|いつ|どう|なぜ|いくら|いくつ|どれ|どっち|どちら")
_JA_QUESTION_END: Final = re.compile(r"(?:の|って|は|何|誰|どこ|いつ|どう)$")
_JA_REQUEST: Final = re.compile(r".{2,}(?:して|って|いて|えて|せて|んで|べて|めて|けて|みて|きて)$")
_JA_SUBORDINATE: Final = re.compile(r"^(?:もし|もしも)")

_COMMA: Final = re.compile("[，,、]")
_HONORIFICS: Final = ("さん", "ちゃん", "くん", "君", "様", "先生")

_ZH_TRADITIONAL: Final = str.maketrans(
    "嗎麼們個為後過給對還這從說話沒會時間誰樣幾點應該覺讓問題請謝關於經講聽開歡兩雖並與",
    "吗么们个为后过给对还这从说话没会时间谁样几点应该觉让问题请谢关于经讲听开欢两虽并与",
)
_ZH_CALL: Final = re.compile(r"^(?:嘿|喂|哎|诶|欸|亲爱的)?.{1,6}(?:先生|小姐|老师|女士)$")
_ZH_FILLER: Final = re.compile(r"(?:嗯+|呃+|额+|那个|这个|就是|就是说|怎么说呢|怎么说|然后|那么|我是说)$")
_ZH_COMPLETE: Final = frozenset(
    "是 是的 对 对的 不 不是 不对 没有 好 好的 好吧 行 可以 不行 不可以 当然 当然可以 没问题 谢谢 谢谢你 非常感谢 多谢 不客气 没关系 对不起 不好意思 抱歉 再见 "
    "晚安 拜拜 明天见 停 停下 等一下 等等 继续 什么 为什么 怎么 谁 哪里 什么时候 真的 真的吗 然后呢 你呢 那你呢 我也是 我也不知道 不知道 我不知道 知道了 我知道了 明白 "
    "明白了 我明白了 懂了 没事 算了 别说了 安静 闭嘴 救命 再来一次 再说一遍 还没 都可以 随便 太好了 很好 不错 有意思 有道理 我爱你 我同意 就这样 没什么 怎么样 怎么了 "
    "你好吗 你是谁 几点了 现在几点 多少钱 快点 走吧 加油 也许吧 可能吧 嗯嗯 不用 不用了 够了 说得对 没错 完全正确 一样 两个都要 不一定 看情况".split()
)
_ZH_GREETING: Final = frozenset("你好 您好 大家好 嗨 早上好 早安 下午好 晚上好 早 哈喽 喂".split())
_ZH_OPEN: Final = re.compile(
    r"(?:和|跟|与|或|或者|还是|还有|以及|但|但是|可是|不过|因为|所以|如果|要是|虽然|即使|除非|只要|只有|为了|关于|对于|把|被|让|给|在|从|向|往|比|用|对|很|非常|太|特别|更|最|"
    r"不|没|也|都|就|才|又|再|还|正在|一直|我想|我要|我想要|我想知道|我想说|我想问|我觉得|我认为|我希望|我需要|我喜欢|我在想|想跟你说|你能|你能不能|能不能|可不可以|可以帮我|你可以|你可不可以|能告诉我|"
    r"你能告诉我|告诉我|你知道|你觉得|问题是|事情是|其实|比如|比如说|例如|首先|第一|第二|其次|另外|而且|并且|一个|一些|一种|这个|那个|这些|那些|我的|你的|他的|她的|我们的|我是|这是|那是|就是|是|有|"
    r"昨天|今天我|我昨天|我今天|我明天|有一天|从前|的时候|之前|之后|以后|然后|于是|因此|每个|另一个|哪个|什么样的|去|到|叫|要|想|会|能|应该|必须|可能|我叫|号码是|电话是|只是|的话|怎么|的)$"
)
_ZH_MAY_END: Final = re.compile(r"(?:不会|不想|不要|不能|不行|不是|也是|都是|没有|不对|得对|都会|也会|[^我你他她们]去|[^我你他她们]到|(?:是|会).+的|真的|的事)$")
"""Endings as in `_ZH_OPEN` that often end a sentence."""
_ZH_SUBJECT: Final = re.compile(r"(?:因为|如果|要是|但是|可是|所以|虽然|而且|和|然后|当|觉得|以为|知道)(?:我|你|他|她|它|我们|你们|他们|这|那)$")
_ZH_LONE_SUBJECT: Final = re.compile(r"^(?:我|你|他|她|我们|你们|他们|我和你|那我|我就|我也|我还)$")
_ZH_FINAL: Final = re.compile(r"(?:吗|吧|呢|嘛|啊|呀|啦|哦|哇|喔|对不对|是不是|好不好|行不行|可以吗|了吗|了没有|过没有|说得对|不错|好了)$")
_ZH_QUESTION: Final = re.compile(r"什么|谁|哪|几|多少|怎么|为什么|怎样|多大|多久|多远|有没有|是不是|能不能|可不可以|会不会|要不要|好不好")
_ZH_REQUEST: Final = re.compile(r"^(?:请|帮我|给我|告诉我|跟我|和我|讲|说|唱|念|读|解释|介绍|打开|关|停止|播放)")
_ZH_SUBORDINATE: Final = re.compile(r"^(?:如果|要是|假如|因为|虽然|当|除非|只要)")
_ZH_DIGITS: Final = re.compile(r"(?:电话|号码|手机).{0,5}?([\d零一二三四五六七八九幺〇]{1,6})$")
_JA_DIGITS: Final = re.compile(r"(?:電話|番号).{0,5}?([\dゼロ零一二三四五六七八九〇\-の]{1,7})$")
_SHORTEST_REQUEST: Final = 4

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


def completeness_of_han_or_kana(text: str, *, names: Names, language: str) -> Completeness:
    """Judge a text in Japanese or Chinese. A final mark is not required: recognizers often leave it out."""
    match = _SENTENCE.search(text[-MAX_CHARS:])
    sentence = match[0] if match else text
    mark = mark_of(sentence)
    body = _SPACES.sub("", sentence.strip(_MARKS))
    if not body:
        return UNCLEAR
    japanese = language.startswith("ja") or (not language.startswith("zh") and _KANA.search(text) is not None)
    judge = _japanese if japanese else _chinese
    return judge(body, mark, names)


def _japanese(body: str, mark: str, names: Names) -> Completeness:
    if _greets(body, names, _JA_GREETING):
        return UNCLEAR
    body = body.rpartition("、")[2] or body
    if body in _JA_COMPLETE:
        return OPEN if mark and mark in GOES_ON and mark != "…" else FINISHED
    if mark and mark in GOES_ON:
        return OPEN
    if _JA_CALL.match(body) or _JA_FILLER.search(body) or _is_only_name(body, names):
        return UNCLEAR if mark == "?" else OPEN
    if mark == "?" or (_JA_QUESTION.search(body) and _JA_QUESTION_END.search(body)):
        return FINISHED
    if _JA_DIGITS.search(body):
        return OPEN
    if _JA_REQUEST.match(body):
        return UNCLEAR
    if _JA_NOT_FINAL.search(body):
        return UNCLEAR if mark == "." else OPEN
    if _JA_FINAL.search(body) or _JA_VERB.search(body):
        return FINISHED
    if _JA_OPEN.search(body):
        return OPEN
    if _JA_SUBORDINATE.match(body):
        return OPEN
    return FINISHED if mark else UNCLEAR


def _chinese(body: str, mark: str, names: Names) -> Completeness:
    body = body.translate(_ZH_TRADITIONAL)
    if _greets(body, names, _ZH_GREETING):
        return UNCLEAR
    body = _COMMA.split(body)[-1] or body
    if body in _ZH_COMPLETE:
        return OPEN if mark and mark in GOES_ON and mark != "…" else FINISHED
    if mark and mark in GOES_ON:
        return OPEN
    if _ZH_CALL.match(body) or _is_only_name(body, names):
        return UNCLEAR if mark == "?" else OPEN
    if _ZH_FINAL.search(body):
        return FINISHED
    asks = _ZH_QUESTION.search(body) is not None
    if _ZH_SUBJECT.search(body) or _ZH_LONE_SUBJECT.match(body) or _ZH_DIGITS.search(body):
        return OPEN
    if mark == "?" and asks:
        return FINISHED
    if _ZH_MAY_END.search(body):
        return FINISHED if mark or asks else UNCLEAR
    if _ZH_OPEN.search(body) or _ZH_FILLER.search(body):
        return UNCLEAR if mark == "?" else OPEN
    if _ZH_SUBORDINATE.match(body) and "就" not in body and mark != "?":
        return OPEN
    if mark or asks or (_ZH_REQUEST.match(body) and len(body) >= _SHORTEST_REQUEST):
        return FINISHED
    return UNCLEAR


def _greets(body: str, names: Names, greetings: frozenset[str]) -> bool:
    """True for a greeting, alone or with a name."""
    left = _COMMA.sub("", names.inside(body))
    return left in greetings or any(
        left.removesuffix(greeting).endswith(_HONORIFICS) or left.removeprefix(greeting).endswith(_HONORIFICS)
        for greeting in greetings
        if greeting in left
    )


def _is_only_name(body: str, names: Names) -> bool:
    """True if nothing but calls is left when the names are taken away."""
    left = names.inside(body)
    return left != body.lower() and left.strip("嘿喂哎诶欸ねえぇおい、，さんちゃくん君様和跟と") == ""
