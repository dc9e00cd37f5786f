"""Entities through the whole chain, with the project's own lookups, regexes and synonyms; and how they are scored."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from bench.entity_scores import Find, chain, read_rows, resolved_score, scores

from .conftest import ROOT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("耳机没声音", [("product", "耳机")]),  # not one product of the shop
        ("扫地机不走了", [("product", "扫地机器人")]),
        ("Android 15上的小程序", [("platform", "安卓"), ("system_version", "15"), ("platform", "小程序")]),
        ("网页端打不开", [("platform", "PC")]),
        ("用支付宝银行卡付的", []),
        ("抢了个大红包 黑心", []),
        ("天黑了还没送", []),
        ("要银灰的,不要烟粉色", [("colour", "银灰"), ("colour", "烟粉色")]),
        ("换黑的", [("colour", "黑色")]),
        ("发京东吧", [("carrier", "京东")]),
        ("京东自营吗", []),
    ],
)
def test_the_projects_own_words_through_the_whole_chain(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(e["entity"], e["value"]) for e in project_chain()(text)] == expected


@lru_cache(maxsize=1)
def project_chain() -> Find:
    return chain(ROOT)


def test_scores_count_value_and_surface(tmp_path: Path) -> None:
    lines = tmp_path / "lines.tsv"
    marked = '[{"entity": "date", "value": "昨天", "text": "昨天", "resolved": "2026-11-21"}]'
    lines.write_text(f'text\tentities\n昨天"买的\t{marked}\n没有\t[]\n', encoding="utf-8")
    entity = {
        "entity": "date",
        "value": "昨天",
        "start": 0,
        "end": 2,
        "resolved": {"from": "2026-11-21", "to": "2026-11-21"},
    }
    rows = read_rows(lines)
    assert rows[0][0] == '昨天"买的'
    assert scores(rows, lambda text: [entity]) == {"date": (0.5, 1.0, 1)}
    assert scores(rows, lambda text: []) == {"date": (0.0, 0.0, 1)}
    assert resolved_score(rows, lambda text: [entity]) == (1.0, 1)
