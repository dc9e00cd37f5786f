"""Reads a recipient from a customer's words by plain rules: province, city, district, street, name, mobile number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from actions.texts import book

Parts = dict[str, str]

_FULL_WIDTH = str.maketrans("０１２３４５６７８９－（）", "0123456789-()")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?!\d)")
# 把地址从 A 改成 B: what comes after the last of these is meant.
_WISH = re.compile(
    r"(?:改|换|变|更)(?:成|为|到|至|去|一下)|(?:转?寄|送货?|改派)(?:到|去|至|给)"
    r"|地址(?:应该)?(?:是|为|[:：])|(?:补|加)(?:一下|上|充)?[:：]"
)
_LABEL = re.compile(
    r"(?:收件人|收货人|联系人|姓名|名字|手机号码?|手机|联系电话|联系方式|电话|收货地址|地址)\s*(?:是|为|叫|[:：])?\s*"
)
_POLITE = re.compile(r"(?:谢谢|多谢|麻烦了?|可以吗?|行吗|好吗|吗|吧|呢|哈|哦|谢)$")
_CLAUSE = re.compile(r"[，,。！!？?；;、\n]")
_UNIT = r"号楼|号院|弄|栋|幢|座|单元|室|楼|层"
# 28号 alone is a date: a house number counts behind its street.
_PLACE = re.compile(rf"[0-9一二三四五六七八九十]\s*(?:{_UNIT})|[路街道巷村镇乡苑园]\s*[0-9A-Za-z]")
_STREET = re.compile(r"[路街道巷弄村镇乡园苑厦城院校楼]|小区|广场|中心|大学|公司|公寓|花园")
# 扫地机那单门牌写错了 beside a number is talk about an address, not one.
_NO_STREET = re.compile(r"错|应该|[这那]单|订单|不对")
_DISTRICT = re.compile(
    r"(?P<name>(?:(?![路街巷弄号村镇乡小])[\u4e00-\u9fff]){1,7}?(?:新区|园区|区|自治县|县|自治旗|旗)"
    r"|(?:(?![路街巷弄号村镇乡区])[\u4e00-\u9fff]){2,4}?市)"
)
_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_NOT_A_NAME = re.compile(
    r"[省市区县路街巷号楼栋室镇乡村]$|^(?:我|他|她|你|这|那|别|不|谢谢|多谢|麻烦)|(?:先生|女士|小姐|电话|手机|公司|单位)$"
)
_NAMED = re.compile(
    r"(?:收件人|收货人|联系人|收件人?名字|名字|姓名)[^，。,]{0,6}?(?:改成|换成|改为|换|改|是|为|叫|[:：])\s*"
    r"(?:我[^\s，,]{0,5}\s)?(?P<name>[\u4e00-\u9fff·]{2,6})"
)


@dataclass(frozen=True)
class _Region:
    """The beginning of an address; empty strings for what it does not say. `rest` is what follows."""

    province: str
    city: str
    district: str
    rest: str


def mobile_in(words: str) -> str | None:
    """The last mobile number: 13812345678改成13912345678 means the second."""
    found = _MOBILE.findall(words.translate(_FULL_WIDTH))
    return re.sub(r"[ -]", "", found[-1]) if found else None


def masked(phone: str) -> str:
    """138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else phone


def named_in(words: str) -> str | None:
    """The recipient after 收件人改成 and the like; 我妈 or 先生 is no name for a parcel."""
    found = _NAMED.search(words)
    return _as_name(_POLITE.sub("", found["name"])) if found else None


def bare_name_in(words: str) -> str | None:
    """The name when the customer was asked for one: 李强, 改成李强, 叫李强就行."""
    rest = re.sub(r"^.*(?:改成|换成|改为|换|改|是|叫|写)", "", _without_labels(words))
    rest = re.sub(r"(?:收|就行|就可以|就好|吧|谢谢|的)+[。！!~]*$", "", rest).strip(" 。，,！!~")
    if re.fullmatch(r"[A-Za-z][A-Za-z .'-]{1,40}", rest):
        return rest
    return rest if _NAME.fullmatch(rest) and not _NOT_A_NAME.search(rest) else None


def address_in(words: str, *, asked: bool) -> Parts | None:
    """The parts of the address the words name, with name and phone beside it; None when they name no address.

    A known region or a number with 号, 栋, 室 is unmistakable; when asked for, a street or building is enough. A city
    without its street is taken, so that only the street need be asked for.
    """
    phone = mobile_in(words)
    clauses, name = _clauses(words, with_name=phone is not None)
    region, detail = _located(clauses, asked=asked)
    if region is None or _NO_STREET.search(detail):
        return None
    parts = {
        "province": region.province,
        "city": region.city,
        "district": region.district,
        "detail": detail,
        "name": name or named_in(words) or "",
        "phone": phone or "",
    }
    return {key: value for key, value in parts.items() if value}


def corrected(detail: str, words: str) -> str | None:
    """The street with one number put right (不对，是5栋; 门牌错了 是202); None when the words say anything else."""
    said = re.sub(r"^.*(?:是|改成|改为|换成|写成|应该|不对|错了?|[嗯哦])", "", words.translate(_FULL_WIDTH))
    number = re.fullmatch(rf"(\d{{1,5}})({_UNIT}|号)?的?", _tidy(said))
    if number is None:
        return None
    places = list(re.finditer(rf"\d+(?={number[2]})" if number[2] else r"\d+", detail))
    return detail[: places[-1].start()] + number[1] + detail[places[-1].end() :] if places else None


def whole(recipient: Parts) -> str:
    """The address in one line; a municipality is named once."""
    names = [recipient[key] for key in ("province", "city", "district")]
    return "".join(dict.fromkeys(names)) + recipient["detail"]


def _clauses(words: str, *, with_name: bool) -> tuple[list[str], str | None]:
    text = _MOBILE.sub(" ， ", words.translate(_FULL_WIDTH))
    wishes = list(_WISH.finditer(text))
    text = text[wishes[-1].end() :] if wishes else text
    clauses: list[str] = []
    name: str | None = None
    for clause in _CLAUSE.split(text):
        label = re.search(r"(?:收件人|收货人|联系人|姓名|名字)", clause)
        tokens = _without_labels(clause).split()
        kept: list[str] = []
        for token in tokens:
            candidate = _as_name(token.removesuffix("收")) if (with_name or label or clauses or kept) else None
            if candidate and name is None:
                name = candidate
            else:
                kept.append(token)
        rest = " ".join(kept)
        if with_name and name is None:
            rest, name = _split_name(rest)
        if rest:
            clauses.append(rest)
    return clauses, name


def _located(clauses: list[str], *, asked: bool) -> tuple[_Region | None, str]:
    for index, clause in enumerate(clauses):
        region = _region(clause)
        named = bool(region.province or region.city)
        fits = _STREET.search(region.rest) or re.search(r"\d", region.rest)
        if not (named or _PLACE.search(clause) or (asked and fits)):
            continue
        if region.district and not region.city and region.district.endswith("市"):
            return None, ""  # 义乌市 alone does not say which city it belongs to
        more = [other for other in clauses[index + 1 :] if _PLACE.search(other)]
        return region, _tidy("".join([region.rest, *more]))
    return None, ""


def _region(clause: str) -> _Region:
    rest = re.sub(r"^(?:我在|应该是|就是|是|在|到|去|给)", "", clause.strip())
    province, rest = _after(rest, _provinces())
    if not province or province in book("regions")["municipalities"]:
        municipality, rest = (province, rest) if province else _after(rest, _municipalities())
        if municipality:
            rest = rest.removeprefix(municipality).lstrip()
            return _with_district(municipality, municipality, rest)
    city, rest = _after(rest, _cities(province))
    if city and not province:
        province = _province_of(city)
    return _with_district(province, city, rest)


def _with_district(province: str, city: str, rest: str) -> _Region:
    found = _DISTRICT.match(rest)
    district = found["name"] if found else ""
    # 中山市 has no districts; a district must not stay that of another city.
    fallback = city if city and not district else ""
    return _Region(province, city, district or fallback, rest[found.end() :].lstrip() if found else rest)


def _after(words: str, names: dict[str, str]) -> tuple[str, str]:
    """The full name of what the words begin with and the rest, or "" and the words."""
    for said in sorted(names, key=len, reverse=True):
        if words.startswith(said):
            return names[said], words[len(said) :].lstrip()
    return "", words


@cache
def _provinces() -> dict[str, str]:
    names = {full: full for full in book("regions")["provinces"]}
    short = {re.sub(r"省$|(?:壮族|回族|维吾尔)?自治区$|特别行政区$", "", full): full for full in names}
    # 吉林 and 海南 are provinces here: the city of Jilin is said after its province.
    return {**short, **names}


@cache
def _municipalities() -> dict[str, str]:
    return {said: full for full in book("regions")["municipalities"] for said in (full, full.removesuffix("市"))}


@cache
def _cities(province: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, cities in book("regions")["provinces"].items():
        if province in ("", name):
            for city in cities.split():
                full = city if re.search(r"(?:州|盟|地区)$", city) and len(city) > 2 else f"{city}市"
                found |= {city: full, full: full}
    return found


def _province_of(city: str) -> str:
    every = book("regions")["provinces"]
    return next(str(name) for name, cities in every.items() if city.removesuffix("市") in cities.split())


def _without_labels(words: str) -> str:
    return _LABEL.sub(" ", words).strip()


def _tidy(detail: str) -> str:
    previous = ""
    while detail != previous:
        previous, detail = detail, _POLITE.sub("", detail.strip(" 。，,！!~"))
    return detail


def _as_name(token: str) -> str | None:
    surname = token[:1] in str(book("regions")["surnames"])
    is_name = bool(_NAME.fullmatch(token)) and surname and not _NOT_A_NAME.search(token)
    return token if is_name and len(token) <= 4 and not _region(token).city else None


def _split_name(clause: str) -> tuple[str, str | None]:
    """文三路1号张三 beside a phone number: the name follows the house number without a gap."""
    for size in (3, 2):
        place, name = clause[:-size], _as_name(clause[-size:])
        if name and re.search(rf"(?:\d|号|房|{_UNIT})$", place):
            return place, name
    return clause, None
