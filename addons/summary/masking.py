"""Hides personal data in texts: phones, identity cards, bank cards, addresses, e-mail, known names. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FULL_WIDTH = str.maketrans("０１２３４５６７８９－＠Ｘ\u3000⓪①②③④⑤⑥⑦⑧⑨", "0123456789-@X 0123456789")
_GAP = r"[\s.·_\-]?"
_MOBILE = re.compile(rf"(?<![0-9])(?:(?:\+|00)?86{_GAP})?(1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})(?![0-9])")
# Written in its usual three groups, other signs may part them; everywhere they would tear amounts apart.
_GROUPED_MOBILE = re.compile(r"(?<![0-9])(1[3-9][0-9])[，,、/—–]([0-9]{4})[，,、/—–]([0-9]{4})(?![0-9])")
# Hong Kong, Macau, Taiwan.
_OVERSEAS = re.compile(
    r"(?<![0-9A-Za-z])(\+?85[23][\s\-]|\+85[23])([235689][0-9]{3})[\s\-]?([0-9]{4})(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(09[0-9]{2})[\s\-]?([0-9]{3})[\s\-]?([0-9]{3})(?![0-9A-Za-z])"
)
# Numbers spelt as people say them, 幺三八…; seven in a row is no counting any more.
_SPELT = "〇零洞幺一壹二两贰三叁四肆五伍六陆七柒拐八捌九玖勾"
_AS_DIGITS = str.maketrans(_SPELT, "0001112223344556677788999")
_SPELT_RUN = re.compile(rf"[{_SPELT}](?:[\s,，、.·_\-]?[{_SPELT}]){{6,}}")
# A figure next to it belongs to it only where it is itself written in figures: 12315壹叁捌… begins with 壹.
_MIXED_MOBILE = re.compile(
    rf"(?:(?<![0-9])1|[幺一壹]){_GAP}[3-9三叁四肆五伍六陆七柒拐八捌九玖勾](?:{_GAP}[0-9{_SPELT}]){{8}}"
    rf"{_GAP}(?:[0-9](?![0-9])|[{_SPELT}])"
)
_ALONE, _ENDS = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_ID_CARD = re.compile(rf"{_ALONE}([1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{_MONTH}[0-9]{{5}}[0-9Xx]){_ENDS}")
_OLD_ID_CARD = re.compile(rf"{_ALONE}([1-9][0-9]{{7}}{_MONTH}{_DAY}[0-9]{{3}}){_ENDS}")
_BANK_CARD = re.compile(r"(?<![0-9A-Za-z])([3-9](?:[\s\-]?[0-9]){15,18})(?![0-9A-Za-z])")
_LANDLINE = re.compile(r"(?<![0-9A-Za-z])([（(]?(?:010|02[0-9]|0[3-9][0-9]{2})[）)]?[\s\-]?)([1-9][0-9]{6,7})(?![0-9])")
_EMAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+\-]*\s?(@)\s?([A-Za-z0-9.\-]+\.[A-Za-z]{2,})")
_CARD_OF_15 = re.compile(r"(?<![0-9A-Za-z])3[47][0-9]{2}([\s\-])[0-9]{6}\1[0-9]([0-9]{4})(?![0-9A-Za-z])")
_PAPERS = re.compile(r"((?:护照|通行证|台胞证|回乡证)[^0-9A-Za-z]{0,4})[A-Za-z]{1,2}[0-9]{7,9}(?![0-9A-Za-z])")
_HOUSE = r"[0-9]{1,5}[0-9A-Za-z\-]{0,8}\s*(?:号|弄|栋|幢|座|单元|室|楼|层)[0-9A-Za-z\-号弄栋幢座单元室楼层]*"
_SPELT_HOUSE = (
    r"[一二三四五六七八九十百零〇]{1,6}(?:号|弄|栋|幢|座|单元|室)"
    r"[0-9A-Za-z\-号弄栋幢座单元室楼层一二三四五六七八九十百零〇]*"
)
_PLACE = r"(路(?!由)|街(?![边上头])|大道|巷|弄|胡同|村|镇|小区|花园|公寓|大厦|广场|苑|新城|家园)"
_STREET = re.compile(rf"{_PLACE}[\u4e00-\u9fa5]{{0,10}}?(?:{_HOUSE}|{_SPELT_HOUSE})")
_FLAT = re.compile(r"(小区|花园|公寓|苑|新城|家园)[\u4e00-\u9fa5]{0,6}[0-9]{1,4}-[0-9]{1,4}-[0-9]{1,5}(?![0-9])")
_BUILDING = re.compile(r"[0-9A-Za-z]{1,5}(?:栋|幢|座|单元|号楼)[0-9A-Za-z\-栋幢座单元室楼层号]*")
_COMPOUND_SURNAMES = frozenset(
    {
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "夏侯",
        "司徒",
        "长孙",
        "宇文",
        "端木",
        "百里",
        "南宫",
        "独孤",
    }
)


def mask(text: str, names: Iterable[str] = ()) -> str:
    """The text with personal data masked; order and parcel numbers stay readable."""
    hidden = text.translate(_FULL_WIDTH)
    hidden = _EMAIL.sub(r"\1***\2\3", hidden)
    hidden = _ID_CARD.sub(lambda match: _keep(match[1], 3, 2), hidden)
    hidden = _BANK_CARD.sub(lambda match: "****" + _digits(match[1])[-4:], hidden)
    hidden = _OLD_ID_CARD.sub(lambda match: _keep(match[1], 3, 2), hidden)
    hidden = _MOBILE.sub(lambda match: mask_phone(match[1]), hidden)
    hidden = _CARD_OF_15.sub(r"****\2", hidden)
    hidden = _PAPERS.sub(r"\1***", hidden)
    hidden = _GROUPED_MOBILE.sub(r"\1****\3", hidden)
    hidden = _OVERSEAS.sub(_overseas, hidden)
    hidden = _LANDLINE.sub(lambda match: match[1] + "****" + match[2][-4:], hidden)
    hidden = _MIXED_MOBILE.sub(_spelt, hidden)
    hidden = _SPELT_RUN.sub(_spelt, hidden)
    hidden = _FLAT.sub(r"\1***", hidden)
    hidden = _STREET.sub(r"\1***", hidden)
    hidden = _BUILDING.sub("***", hidden)
    for name in names:
        if len(name) >= 2:
            hidden = hidden.replace(name, mask_name(name))
    return hidden


def mask_phone(phone: str) -> str:
    """138****5678; whatever is too short to be a phone becomes ****."""
    digits = _digits(phone)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"


def mask_name(name: str) -> str:
    """王* for 王小明, 欧阳* for 欧阳修; the name of a visitor without one is empty."""
    stripped = name.strip()
    if not stripped:
        return ""
    return (stripped[:2] if stripped[:2] in _COMPOUND_SURNAMES else stripped[0]) + "*"


def _overseas(found: re.Match[str]) -> str:
    return f"{found[1]}****{found[3]}" if found[1] else f"{found[4]}***{found[6]}"


def _spelt(found: re.Match[str]) -> str:
    digits = _digits(found[0].translate(_AS_DIGITS))
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _keep(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]
