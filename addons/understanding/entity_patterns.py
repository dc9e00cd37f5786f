"""Regular expressions of the rule entities; all of them expect the plain form of normalise.py."""

from __future__ import annotations

import re

# A whole run of ASCII letters and digits: ids never begin or end inside one.
RUN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]*[0-9][0-9A-Za-z]*(?![0-9A-Za-z])", re.ASCII)
COUNTRY_CODE = re.compile(r"^(?:\+?86)(?=1[3-9]\d{9}$)")
NAMED_WAYBILL = re.compile(
    r"(?:运单|快递|物流|包裹)单?(?:号码?|单号)(?:是|为|:|\s)*([0-9A-Za-z]{10,20})(?![0-9A-Za-z])"
)

PHONE_ENDINGS = (
    re.compile(r"(?<!订单)(?<!单号)(?<!卡)(?:手机)?尾号(?:是|为|:|\s)*(?P<v>\d{4})(?!\d)"),
    re.compile(r"(?:手机|电话|号码)?(?:后|末)(?:四|4)位(?:数字?)?(?:是|为|:|\s)*(?P<v>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<v>\d{4})(?:结尾|收尾)"),
    re.compile(r"^\s*(?:是|就是|我的是|手机)?\s*(?P<v>\d{4})\s*[。.!]?\s*$"),
)
ORDER_ENDING = re.compile(r"(?:订单|单号)(?:的|号)?(?:尾号|后四位|末四位)")

AMOUNT = re.compile(
    r"[¥￥]\s*(?P<a>\d[\d,]*(?:\.\d{1,2})?)(?![\d.])(?P<w1>万)?"
    r"|(?<![\d.A-Za-z])(?P<b>\d[\d,]*(?:\.\d{1,2})?)(?P<w2>万)?(?:元|块钱?|圆|rmb|人民币)(?!素)",
    re.IGNORECASE,
)
SPOKEN_AMOUNT = re.compile(r"(?P<v>[一二两三四五六七八九十百千万零]{1,10})(?:块钱|块(?![儿地肉料布])|元(?!素))")

_MONTH, _DAY = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
_COUNT = r"(?:半|\d{1,3}|[一二两三四五六七八九十]{1,3})"
# 3号 is a day only where something follows that happens on a day (3号楼, 5号线 are not)
_AFTER_DAY = r"(?=之?前|[到收发的下买拍要用走出就才也晚早能可]|$|[,。?!\s]|下午|上午|左右)"
_WEEK = r"(?:周|星期|礼拜)"
DATE = re.compile(
    "|".join(
        (
            rf"(?<!\d)20\d{{2}}[-/.年]\s?{_MONTH}[-/.月]\s?{_DAY}[日号]?(?!\d)",
            rf"(?<!\d){_MONTH}月{_DAY}[日号]?(?!\d)",
            rf"(?<!\d){_MONTH}月(?:份|初|中旬|底)",
            rf"(?:[上下这本]个?月)?(?<!\d)(?:3[01]|[12]\d|[1-9])号{_AFTER_DAY}",
            "大前天|前天|昨天|昨晚|昨日|昨儿|今天|今晚|今早|今日|大后天|后天|明天|明早|明晚|明儿|当天|前几天|前些天|前阵子|刚才|刚刚",
            rf"[上下这本]个?{_WEEK}[一二三四五六日天末]?",
            rf"(?<![一二两三四五六七八九十\d]){_WEEK}[一二三四五六日天末]",
            "[上下这本]个?月[初底末]?|月底|月初|年底|年前|去年|今年|明年",
            rf"{_COUNT}个?多?(?:天|日|{_WEEK}|月|小时|分钟|年)(?:之?前|以前|后|之后|以后)",
            "双十一|双11|双十二|双12|六一八|年货节|五一|十一(?=期间|假期|长假|前|后)",
            "国庆节?|春节|过年|元旦|中秋节?|端午节?|清明节?|圣诞节?|情人节|七夕|三八节|妇女节|母亲节|父亲节|儿童节",
            r"(?<!\d)618(?=活动|大促|买|那天|期间|当天|的时候|时候|之前|前|后|预售|下单)|(?<=过了|等到|年中)618(?!\d)",
        )
    )
)

SIZE = re.compile(
    "|".join(
        (
            r"(?<![0-9A-Za-z])(?P<v>X{1,4}[SL]|[2-6]X[SL]|[SML](?=码|号|的|$|[,。?!\s])|\d{2}(?:\.5)?(?=码)"
            r"|1[4-9]\d/\d{2,3}[A-C]?)[码号]?(?![0-9A-Za-z])",
            "(?P<w>[大小](?:一|1|半|两|2)个?[码号]|均码|加[大肥]码|[大中小]码)",
        )
    ),
    re.IGNORECASE,
)

SYSTEMS = (
    ("iOS", r"i\s?os|苹果系统"),
    ("安卓", r"android|安卓"),
    ("HarmonyOS", r"harmony\s?os|鸿蒙(?:系统)?"),
    ("Windows", r"windows|win(?=\s?\d)"),
    ("macOS", r"mac\s?os"),
    ("MIUI", r"miui"),
    ("ColorOS", r"coloros"),
)
_ANY_SYSTEM = "|".join(f"(?P<s{i}>{form})" for i, (_, form) in enumerate(SYSTEMS))
SYSTEM_VERSION = re.compile(
    rf"(?<![A-Za-z])(?:{_ANY_SYSTEM})(?:系统|版本号?|的|是|:|\s){{0,3}}(?P<v>\d{{1,2}}(?:\.\d{{1,2}}){{0,3}})(?![\d.]*\d)",
    re.IGNORECASE,
)
_VERSION = r"\d{1,2}\.\d{1,2}(?:\.\d{1,4}){0,2}"
APP_VERSION = re.compile(
    "|".join(
        (
            rf"(?:app|客户端|软件|应用|版本号?)的?(?:版本号?)?(?:是|为|:|\s)*v?(?P<a>{_VERSION})(?![\d.]*\d)",
            rf"(?<![A-Za-z0-9.])v(?P<b>{_VERSION})(?![\d.]*\d)",
            r"(?<![\d.A-Za-z])(?P<c>\d{1,2}\.\d{1,2}\.\d{1,4})(?:版本?)?(?![\d.]*\d)",
        )
    ),
    re.IGNORECASE,
)

# The whole message is the answer to 苹果还是安卓; in a sentence 苹果 may be fruit.
PLATFORM_ALONE = re.compile(
    r"^\s*(?:我?(?:用的?)?(?:是|就是)?的?)?(?P<v>苹果的?|华为的?|小米的?|oppo|vivo|荣耀的?|电脑|手机网页)\s*[。.!吧]?\s*$",
    re.IGNORECASE,
)
