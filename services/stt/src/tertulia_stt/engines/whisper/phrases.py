"""Texts that Whisper invents where nothing is said.

It was trained on subtitles, so noise becomes what subtitles contain where nobody speaks. All texts are in lower case,
without punctuation.
"""

from __future__ import annotations

from typing import Final

CREDITS: Final = (
    "amara org", "zdf 2020", "zdf für funk", "thanks for watching", "thank you for watching",
    "thank you so much for watching",
    "please subscribe", "like and subscribe", "subscribe to my channel", "see you in the next video",
    "i'll see you in the next video", "subtitles by", "subtitled by", "captions by", "transcribed by",
    "transcription by",
    "untertitelung des", "untertitel von", "untertitel im auftrag", "vielen dank fürs zuschauen",
    "danke fürs zuschauen",
    "sous titres réalisés", "sous titrage", "sous titres par", "merci d'avoir regardé", "abonnez vous",
    "subtítulos realizados", "subtítulos por", "gracias por ver", "suscríbete al canal",
    "sottotitoli creati", "sottotitoli e revisione", "sottotitoli a cura", "grazie per aver guardato",
    "legendas pela", "legenda por", "obrigado por assistir", "inscreva se no canal",
    "ondertiteld door", "ondertiteling", "bedankt voor het kijken", "napisy stworzone", "napisy wykonane",
    "dziękuję za oglądanie", "altyazı m k", "izlediğiniz için teşekkür", "abone ol",
    "субтитры", "редактор субтитров", "спасибо за просмотр", "продолжение следует",
    "ご視聴ありがとうございました", "チャンネル登録", "字幕",
    "请订阅", "謝謝觀看", "谢谢观看", "구독과 좋아요", "시청해주셔서 감사합니다",
    "प्लीज सब्सक्राइब", "चैनल को सब्सक्राइब",
)  # fmt: skip
"""Beginnings of texts that no user says to a character: a text that begins with one of them is not speech."""

FILLERS: Final = frozenset(
    (
        "you", "thank you", "thanks", "thank you very much", "thank you so much", "bye", "bye bye", "okay", "ok",
        "so",
        "oh", "ah", "uh", "um", "hmm", "mm", "mhm", "huh", "the", "and", "i", "a", "it", "yeah", "yes", "no",
        "hey", "hi",
        "the end", "i'm sorry", "sorry", "i don't know", "all right", "alright", "let's go", "come on", "what",
        "wow",
        "silence", "music", "applause", "laughter", "danke", "vielen dank", "tschüss", "ja", "merci", "au revoir",
        "gracias", "adiós", "sí", "grazie", "ciao", "obrigado", "tchau", "bedankt", "dziękuję", "teşekkürler",
        "спасибо",
        "ありがとうございました", "谢谢", "謝謝", "감사합니다", "धन्यवाद",
    )
)  # fmt: skip
"""Whole texts that users say, but that Whisper also writes for noise: they count only if Whisper is sure of them."""
