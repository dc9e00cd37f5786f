"""Regular expressions of the rule entities; all of them expect the plain form of normalise.py."""

from __future__ import annotations

import re

# A whole run of ASCII letters and digits: ids never begin or end inside one.
RUN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]*[0-9][0-9A-Za-z]*(?![0-9A-Za-z])", re.ASCII)
COUNTRY_CODE = re.compile(r"^(?:00)?86(?=1[3-9]\d{9}$)")
# Groups of digits, written or spoken, that somebody dictates: 二零二六,一零,三一,550,482.
_SPOKEN_DIGIT = "[0-9零〇一二三四五六七八九幺]"
DICTATED = re.compile(
    rf"(?<![0-9A-Za-z零〇一二三四五六七八九幺]){_SPOKEN_DIGIT}{{1,8}}(?:[,、;.\s-]{{1,2}}{_SPOKEN_DIGIT}{{1,8}}){{2,9}}"
    rf"(?![0-9A-Za-z零〇一二三四五六七八九幺])"
)
NAMED_WAYBILL = re.compile(
    r"(?:运单|快递|物流|包裹|寄回|回寄|退货|退回|揽收)的?单?(?:号码?|单号?|编号)(?:是|为|:|\s)*([0-9A-Za-z]{10,20})(?![0-9A-Za-z])"
)

_IS = r"(?:是|为|:|填的|写的|\s)*"
PHONE_ENDINGS = (
    re.compile(rf"(?:手机|电话|号码)?尾[号数](?:号码)?{_IS}(?P<v>\d{{4}})(?!\d)"),
    re.compile(
        rf"(?:手机号?|电话|号码)?的?(?:最?后|末)[面尾]?的?(?:四|4)[位个]?(?:数字?|号码?)?{_IS}(?P<v>\d{{4}})(?!\d)"
    ),
    re.compile(r"(?<!\d)(?P<v>\d{4})(?:结尾|收尾|的?尾号)(?!(?:不是|错))"),
    re.compile(
        r"^\s*(?:[是嗯哦]|就是|应?该?是|我的?是?|手机|电话)?[,:\s]*(?P<v>\d(?: ?\d){3}|[零〇一二三四五六七八九幺]{4})"
        r"\s*(?:的|吧|呀|啊|哦|哈|对吧|谢谢)?\s*[。.!,~]?\s*$"
    ),
)
# Whose ending 尾号 is when it is not a phone's.
OTHER_ENDING = re.compile(
    r"(?:订单|单子|单号|单|身份证|证件|证|银行卡|信用卡|储蓄卡|卡|车牌|发票|账户|会员)(?:号码?|编号)?的?$"
)
# A number after these, or told as the last N digits of something, is no phone, whatever it looks like.
NO_PHONE_BEFORE = re.compile(
    r"(?:订单|单|快递|运单|物流|会员|身份证|证件|银行卡|卡|税|账|车架|设备|产品|序列|发票|批|工)(?:编?号|号码)(?:是|为|:|#|\s)*$"
    r"|(?:imei|sn码?|序列码?|条形?码|识别号|编码|货号)(?:是|为|:|\s)*$"
    r"|(?:前|后|末尾?|最后)[面边]?的?(?:1[0-9]|十[一二三四五六]?)[位个](?:数字?)?(?:是|为|:|\s)*$",
    re.IGNORECASE,
)

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,13})(?:\.\d{1,2})?"
_NOT_IN_NUMBER = "(?<![一二两三四五六七八九十百千万零])"
_HAN_NUMBER = "[一二两三四五六七八九十百千万零]{1,10}"
# 块 and 元 are money unless a thing follows that comes in pieces, or a word that begins with 元.
_YUAN = r"(?:元(?![素旦宵件器])|块钱?(?![儿地肉料布板砖表糖])|圆(?![形珠通])|rmb|人民币|蚊(?![子香帐虫]))"
AMOUNT = re.compile(
    rf"(?:[¥￥]|(?<![A-Za-z])rmb|人民币)\s*(?P<a>{_NUMBER})(?![\d.])(?P<w1>万)?(?:元|块)?"
    rf"|(?<![\d.A-Za-z])(?P<b>{_NUMBER})(?P<w2>万)?[多来]?\s?{_YUAN}(?:(?P<jiao>[1-9])(?![\d.位个件次天块元])毛?)?"
    r"|(?<![\d.A-Za-z])(?P<c>\d{1,3}(?:\.\d{1,2})?)(?P<w3>万)(?=[的多左]|[,。?!\s]|$)",
    re.IGNORECASE,
)
SPOKEN_AMOUNT = re.compile(
    rf"(?<![几数好第]){_NOT_IN_NUMBER}(?P<v>{_HAN_NUMBER})[多来]?(?P<u>块钱?(?![儿地肉料布板砖表糖])|元(?![素旦宵件器])|蚊(?![子香帐虫]))"
    r"(?:(?P<jiao>[一二两三四五六七八九])(?![十百千万个件次天位块元角])毛?)?"
)
JIAO = re.compile(
    r"(?:(?P<d>(?<![\d.])[1-9])|(?P<h>[一二两三四五六七八九]))(?:毛钱|角钱|(?<=\d)毛(?![衣巾笔病孩绒线毯呢刷重]))"
)
# What may follow one to nine 块 of money; before any other word they are pieces (两块侧板).
PIECES_OF = re.compile(r"(?=[\u4e00-\u9fff])(?![的了吧呢啊嘛呀也就都还才没不运邮差能行可左以优券红税现无多给买拿红利])")
# 1.2万 counts many things; only what is not one of these is money.
NOT_MONEY_BEFORE = re.compile(r"(?:销量|月销|评价|好评|粉丝|积分|库存|卖了|已售|浏览|播放)[有达过了]?$")
# Bare numbers are money where somebody pays, returns or bargains, and nothing that is counted follows.
_MONEY_END = r"(?=[,。?!;\s]|$|[就都也还才行吧呢啊不少了的给够以]|左右|可以|差不多)"
BARE_AMOUNT = re.compile(
    r"(?:(?:[赔补退返欠找]|退款|退回|赔偿|补偿|返还|返现|到账|退款到了|实付|付款|支付|扣款|收费)(?:了|我|给我|给|到)?|差价|还差|"
    r"(?:多|少|乱)(?:收|扣|退|付|算)(?:了|我|我了)?|[付花扣]了我?|便宜|优惠|只退|才退)"
    rf"(?:了|我)?\s?(?!12315|12345|100\d\d(?!\d)|95\d{{3}})(?P<v>\d{{2,6}}(?:\.\d{{1,2}})?|[一二两三四五六七八九十百千万零]{{2,10}}){_MONEY_END}"
)
BARGAIN = re.compile(
    r"(?<![\d.A-Za-z一二两三四五六七八九十百千万零第])"
    r"(?P<v>\d{2,6}|[一二两三四五六七八九][百千万][一二三四五六七八九十百千零]{0,6}|[一二三四五六七八九]十[一二三四五六七八九]?)"
    r"(?:卖不卖|卖吗|能卖|包邮(?:行|卖|可|吧|不|吗)|拿走|拿下|成交|带走|出不出|行不行|能不能卖|卖我|卖给我)"
)

_SIZE_WORD = r"(?<=[要换拍买选穿成])[SML]|[SML](?=码|号|的|$|[,。?!]|\s(?![A-Za-z])|换|改)|X{1,4}[SL]|[2-6]X[SL]"
SIZE = re.compile(
    "|".join(
        (
            rf"(?<![0-9A-Za-z'])(?P<v>{_SIZE_WORD}|\d{{2,3}}(?:\.5)?(?=码(?![头农字数率]))|1[4-9]\d/\d{{2,3}}[A-C]?)[码号]?(?![0-9A-Za-z])",
            r"(?<![\d.])(?P<d>[1-3]\d)寸",
            "(?P<h>[三四][一二三四五六七八九])码",
            "(?P<w>[大小](?:一|1|半|两|2)个?[码号]|均码|加[大肥]码|(?<!多)[大中小]码)",
        )
    ),
    re.IGNORECASE,
)

# Name, spelling, platform that it runs on, and whether its version is told without its name: "MIUI 14" is not 安卓 14.
SYSTEMS = (
    ("iOS", r"i\s?pad\s?os|i\s?os|苹果(?=系统)", "iOS", True),
    ("安卓", r"android|安卓", "安卓", True),
    ("鸿蒙", r"harmony\s?os|鸿蒙", "鸿蒙", True),
    ("Windows", r"windows|win(?=\s?\d)", "PC", False),
    ("macOS", r"mac\s?os", "PC", False),
    ("MIUI", r"miui", "安卓", False),
    ("HyperOS", r"hyper\s?os|澎湃(?=\s?(?:os|系统))", "安卓", False),
    ("ColorOS", r"color\s?os", "安卓", False),
    ("OriginOS", r"origin\s?os", "安卓", False),
)
_ANY_SYSTEM = "|".join(f"(?P<s{i}>{form})" for i, (_, form, _, _) in enumerate(SYSTEMS))
SYSTEM_VERSION = re.compile(
    rf"(?<![A-Za-z])(?:{_ANY_SYSTEM})(?:手机|系统|版本号?|的|是|:|\s|升级?到了?){{0,3}}v?"
    r"(?P<v>\d{1,2}(?:\.\d{1,2}){0,3})(?![\d.]*\d)(?!\s?[天块元个次台])",
    re.IGNORECASE,
)
_VERSION = r"\d{1,2}\.\d{1,2}(?:\.\d{1,4}){0,2}"
APP_VERSION = re.compile(
    "|".join(
        (
            rf"(?:app|客户端|软件|应用|版本号?)的?(?:版本号?)?(?:是|为|写的|显示|:|\s)*(?P<a>v?{_VERSION})(?![\d.]*\d)",
            rf"(?<![A-Za-z0-9.])(?P<b>v{_VERSION})(?![\d.]*\d)",
            r"(?<![\d.A-Za-z])(?P<c>\d{1,2}\.\d{1,2}\.\d{1,4})(?:版本?)?(?![\d.]*\d)",
        )
    ),
    re.IGNORECASE,
)

# The whole message is the answer to 苹果还是安卓; in a sentence 苹果 may be fruit.
PLATFORM_ALONE = re.compile(
    r"^\s*(?:我?(?:用的?)?(?:是|就是)?的?)?(?P<v>苹果的?|华为的?|小米的?|红米的?|三星的?|一加|oppo|vivo|荣耀的?|电脑|手机网页)\s*[。.!吧呀啊]?\s*$",
    re.IGNORECASE,
)
