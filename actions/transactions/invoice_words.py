"""Reads what stands on an invoice from a customer's words: a pasted block, or the answer to one question."""

from __future__ import annotations

import re

TAX_LENGTHS = (15, 17, 18, 20)

_WIDE = str.maketrans(
    "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
)
_LABELS = {
    "title": r"(?:公司|单位|企业|账户|帐户|发票)?(?:名称|全称|抬头)|公司名|单位名|户名",
    "tax_number": r"(?:统一)?(?:社会)?信用代码|(?:纳税人)?识别号|税务登记号|税号",
    "bank": r"开户(?:银行|行)(?:名称)?",
    "account": r"(?<![\u4e00-\u9fff])银行[账帐][号户](?!名)|[账帐][号户](?!名)|卡号",
    "address": r"(?:注册|单位|公司|企业)?地址",
    "phone": r"(?:注册|单位|公司|企业|联系)?电话(?:号码)?|座机|手机号?",
}
_LABEL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _LABELS.items()))
_SEPARATORS = " \t\n:：,，、;；/及和与&是为"

_RUN = r"[\u4e00-\u9fffA-Za-z0-9()（）·&]"
_LIMITED = re.compile(_RUN + r"{2,40}?有限(?:责任)?公司(?:[\u4e00-\u9fff]{2,12}分公司)?")
_OTHER_FIRM = re.compile(_RUN + r"{2,40}?(?:公司|集团|事务所|工作室|合作社|商行|经营部)")
# What a customer says before the name: 抬头改成…, 帮我给…
_BEFORE_NAME = re.compile(
    r".*(?:抬头|名称|全称|公司名|单位名|给|开成|写成|改成|换成|改为|换为|应该是|应为|我们?(?:公司|单位)?[是叫]"
    r"|(?:公司|单位)[是叫]|帮我开|麻烦开|要开)(?:应该|要)?(?:是|为|写|叫|填|用)?"
)
# What stands between the word 抬头 and the name itself; 开 only where no name begins with it (开封, 开元).
_BETWEEN = re.compile(
    r"^[\s:：]*(?:应该|要|请|就)?(?:是|为|写成?|叫|填|用|改成|换成|改为|开成|开(?![封平心元化阳州源原滦发创拓泰能]))?[\s:：]*"
)
_NO_FIRM = re.compile(r"能|可以|换|改|我|个人|单位|发票|吗|怎么|要|想")
_NAMED = re.compile(
    r"(?:应该|要|请|就)*(?:是|为|写|叫|填|用|改成|换成|改为|开成|写成|:|：|\s|「|“)+([^\s,，。;；」”!！]{2,50})"
)
_PUT_RIGHT = re.compile(r"(?:应该是|应为|改成|换成|改为)\s*[「“]?([^\s,，。;；」”!！]{2,30})")
_NO_TITLE = re.compile(r"错|不对|有误|什么|怎么|哪|吗|呢|[?？]|票|税号|电话|^(公司|单位|企业)(的|抬头)?$|^别的|^另一")
_COMPLAINT = re.compile(r"[也都]?(?:开|写|填|弄|搞)?(?:错|不对|有误|要改|改一下)")
_DIGITS = re.compile(r"\d(?:[\s-]?\d){5,31}")
_PHONE = re.compile(r"(?<!\d)(?:0\d{2,3}[-\s]?\d{7,8}|1[3-9]\d{9})(?!\d)")
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])\d(?=\d*[A-Za-z][0-9A-Za-z])[0-9A-Za-z]{17}(?![0-9A-Za-z])")
_BANK = re.compile(r"[\u4e00-\u9fff]{2,10}银行[\u4e00-\u9fff]{0,20}")


def read_block(words: str) -> dict[str, str]:
    """Whatever of title, tax_number, bank, account, address, phone the words name; numbers without spaces."""
    words = words.translate(_WIDE)
    values = _labelled(words)
    found = {
        "title": _title(words, values),
        "tax_number": _tax_number(words, values),
        "bank": _bank(words, values),
        "account": _account(values),
        "address": _address(values),
        "phone": _phone(words, values),
    }
    return {name: value for name, value in found.items() if value}


def tax_number_tried(words: str, *, asked: bool) -> str | None:
    """What the customer gave for a tax number, well-formed or not; without its name only when asked for."""
    words = words.translate(_WIDE)
    value = _labelled(words).get("tax_number")
    if value is None and not asked:
        return None
    run = re.search(r"[0-9A-Za-z](?:[\s-]?[0-9A-Za-z]){3,40}", words if value is None else value.split("\n")[0])
    return _joined(run[0]) if run else None


def is_tax_number(value: str) -> bool:
    """Whether the length and the characters are those of a tax number."""
    return bool(re.fullmatch(r"[0-9A-Z]+", value)) and len(value) in TAX_LENGTHS


def digits_in(words: str, shortest: int, longest: int) -> str | None:
    """The first number of that many digits; spaces and hyphens are left out."""
    run = re.search(r"\d(?:[\s-]?\d)*", words.translate(_WIDE))
    digits = re.sub(r"\D", "", run[0]) if run else ""
    return digits if shortest <= len(digits) <= longest else None


def is_firm(title: str) -> bool:
    """Whether a title is that of an organisation, not of a person."""
    return bool(
        re.search(r"公司|集团|事务所|工作室|合作社|商行|经营部|厂|学校|大学|学院|医院|中心|委员会|协会|局$|店$", title)
    )


def _labelled(words: str) -> dict[str, str]:
    """The text after each label up to the next one. 开户行及账号, 地址、电话 share one text, which is divided."""
    places = list(_LABEL.finditer(words))
    values: dict[str, str] = {}
    for number, place in enumerate(places, start=1):
        end = places[number].start() if number < len(places) else len(words)
        name = str(place.lastgroup)
        # 税号错了，税号是…: the complaint is not the value.
        if name not in values or _COMPLAINT.match(values[name]):
            values[name] = words[place.end() : end]
    for text_name, number_name, digits in (("bank", "account", _DIGITS), ("address", "phone", _PHONE)):
        shared = values.get(number_name, "")
        if text_name in values and not values[text_name].strip(_SEPARATORS) and shared:
            place_of_number = digits.search(shared)
            values[text_name] = shared[: place_of_number.start()] if place_of_number else shared
            values[number_name] = place_of_number[0] if place_of_number else ""
    return values


def _title(words: str, values: dict[str, str]) -> str | None:
    first = _LABEL.search(words)
    # Words after other labels (an address) may hold names of firms too.
    for part in (_BETWEEN.sub("", values.get("title", "")), words[: first.start()] if first else words):
        name = _firm(part)
        if name:
            return name
    named = _NAMED.match(values.get("title", "")) or _PUT_RIGHT.search(values.get("title", ""))
    if named is None:
        return None
    title = re.sub(r"的$", "", named[1].strip())
    return None if _NO_TITLE.search(title) else title


def _firm(words: str) -> str | None:
    for pattern in (_LIMITED, _OTHER_FIRM):
        run = pattern.search(words)
        name = _BEFORE_NAME.sub("", run[0], count=1) if run else ""
        if len(name) >= 6 and not (pattern is _OTHER_FIRM and _NO_FIRM.search(name)):
            return name
    return None


def _tax_number(words: str, values: dict[str, str]) -> str | None:
    tried = tax_number_tried(words, asked=False)
    if tried and is_tax_number(tried):
        return tried
    bare = None if "tax_number" in values else _CREDIT_CODE.search(words)
    return bare[0].upper() if bare else None


def _joined(run: str) -> str:
    """The run without spaces, ending where it has the length of a tax number: a phone may follow."""
    joined = ""
    for part in re.split(r"[\s-]+", run.upper()):
        joined += part
        if len(joined) in TAX_LENGTHS and is_tax_number(joined):
            return joined
    return joined


def _bank(words: str, values: dict[str, str]) -> str | None:
    if "bank" in values:
        name = re.split(r"[,，;；。\n]|\d", values["bank"].lstrip(_SEPARATORS))[0].replace(" ", "")
        return name if len(name) >= 4 and re.search(r"行|社|部", name) else None
    bare = _BANK.search(words)
    return bare[0] if bare else None


def _account(values: dict[str, str]) -> str | None:
    run = _DIGITS.search(values.get("account", "")) or _DIGITS.search(values.get("bank", ""))
    return re.sub(r"\D", "", run[0]) if run else None


def _address(values: dict[str, str]) -> str | None:
    line = re.split(r"[;；。\n]", values.get("address", "").lstrip(_SEPARATORS))[0]
    address = _PHONE.sub("", line).strip(_SEPARATORS)
    return address if len(address) >= 6 else None


def _phone(words: str, values: dict[str, str]) -> str | None:
    run = re.search(r"\+?\d(?:[\s-]?\d){6,14}", values.get("phone", "")) or _PHONE.search(words)
    return re.sub(r"\s", "", run[0]) if run else None
