"""Japanese."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, no_plural, words

LEXICON = Lexicon(
    code="ja",
    numerals=Numerals(),
    plural=no_plural,
    currencies=currencies("""
        ¥,￥,JPY 円
        $,USD,US$ ドル;セント
        €,EUR ユーロ;セント
        £,GBP ポンド;ペンス
        CNY 元
    """),
    units=forms("""
        km キロメートル
        m メートル
        cm センチメートル
        mm ミリメートル
        kg キログラム
        g グラム
        mg ミリグラム
        L,l リットル
        ml,mL ミリリットル
        h 時間
        min 分
        s 秒
        Hz ヘルツ
        GHz ギガヘルツ
        W ワット
        kW キロワット
        kWh キロワット時
        V ボルト
        KB キロバイト
        MB メガバイト
        GB ギガバイト
        TB テラバイト
        km/h キロメートル毎時
        m/s メートル毎秒
        m² 平方メートル
        km² 平方キロメートル
        m³ 立方メートル
        m/s² メートル毎秒毎秒
        cm² 平方センチメートル
        cm³ 立方センチメートル
        °C,℃ 度
        °F 華氏度
        ° 度
        % パーセント
    """),
    signs=words("""
        + プラス
        - マイナス
        × かける
        ÷ わる
        = イコール
        < 小なり
        > 大なり
        ≤ 以下
        ≥ 以上
        ≠ ノットイコール
        ≈ 約
        ~ 約
        ± プラスマイナス
        ∞ 無限大
        √ ルート
        ^ の累乗
        ² の二乗
        ³ の三乗
        → から
        § 節
        α アルファ
        β ベータ
        γ ガンマ
        δ デルタ
        θ シータ
        λ ラムダ
        μ ミュー
        π パイ
        σ シグマ
        ω オメガ
    """),
    millions=words("""
        万 万
        億 億
    """),
    abbreviations={},
    fractions={(1, 2): "二分の一", (1, 3): "三分の一", (2, 3): "三分の二", (1, 4): "四分の一", (3, 4): "四分の三"},
    decimal_mark=".",
    point="点",
    fraction_as_number=False,
    money_join="",
    says_part=True,
    per="毎",
    months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    month_abbreviations=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    date="{year}年{month}{day}日",
    day_month="{month}{day}日",
    day_first=True,
    time="{h}時{m}分",
    full_hour="{h}時",
    to="から",
    over="対",
    out_of="中",
    and_half="{n}と二分の一",
    number="ナンバー",
    at="アット",
    dot="ドット",
    hyphen="ハイフン",
    underscore="アンダーバー",
    hashtag="ハッシュタグ",
    ampersand="アンド",
    version="バージョン",
    number_abbreviations=("No.", "№"),
    monarch="{name}{cardinal}世",
)  # fmt: skip
