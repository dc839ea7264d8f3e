"""Chinese."""

from __future__ import annotations

from tertulia_llm.text.verbalization.lexicon import Lexicon, Numerals, currencies, forms, no_plural, words

LEXICON = Lexicon(
    code="zh",
    numerals=Numerals(),
    plural=no_plural,
    currencies=currencies("""
        ¥,￥,CNY,RMB 元
        $,USD,US$ 美元;美分
        €,EUR 欧元;欧分
        £,GBP 英镑;便士
        JPY 日元
    """),
    units=forms("""
        km 公里
        m 米
        cm 厘米
        mm 毫米
        kg 公斤
        g 克
        mg 毫克
        L,l 升
        ml,mL 毫升
        h 小时
        min 分钟
        s 秒
        Hz 赫兹
        GHz 吉赫
        W 瓦
        kW 千瓦
        kWh 千瓦时
        V 伏
        KB 千字节
        MB 兆字节
        GB 吉字节
        TB 太字节
        km/h 公里每小时
        m/s 米每秒
        m² 平方米
        km² 平方公里
        m³ 立方米
        m/s² 米每二次方秒
        cm² 平方厘米
        cm³ 立方厘米
        °C,℃ 摄氏度
        °F 华氏度
        ° 度
    """),
    signs=words("""
        + 加
        - 减
        × 乘以
        ÷ 除以
        = 等于
        < 小于
        > 大于
        ≤ 小于等于
        ≥ 大于等于
        ≠ 不等于
        ≈ 约等于
        ~ 大约
        ± 正负
        ∞ 无穷
        √ 根号
        ^ 的次方
        ² 平方
        ³ 立方
        → 到
        § 节
        α 阿尔法
        β 贝塔
        γ 伽马
        δ 德尔塔
        θ 西塔
        λ 兰姆达
        μ 缪
        π 派
        σ 西格玛
        ω 欧米伽
    """),
    millions=words("""
        万 万
        亿 亿
    """),
    abbreviations={},
    fractions={
        (1, 2): "二分之一", (1, 3): "三分之一", (2, 3): "三分之二", (1, 4): "四分之一", (3, 4): "四分之三",
        (24, 7): "全天候",
    },
    decimal_mark=".",
    point="点",
    fraction_as_number=False,
    money_join="",
    says_part=True,
    per="每",
    months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    month_abbreviations=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    date="{year}年{month}{day}日",
    day_month="{month}{day}日",
    day_first=True,
    time="{h}点{m}分",
    full_hour="{h}点",
    negative="负",
    to="到",
    over="比",
    out_of="比",
    and_half="{n}又二分之一",
    number="第",
    at="艾特",
    dot="点",
    hyphen="杠",
    underscore="下划线",
    hashtag="话题",
    ampersand="和",
    version="版本",
    percent="百分之{n}",
    number_abbreviations=("No.", "№"),
    monarch="{name}{cardinal}世",
)  # fmt: skip
