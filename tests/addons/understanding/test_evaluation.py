"""The figures of bench/: every expected value was worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from bench import evaluate_sections, scores
from bench.evaluate_parse import Parse, read_parse
from bench.evaluate_sets import Row, TestSet, own_set, real_set, rows_of
from bench.scores import FALLBACK, OUT_OF_SCOPE, Judged, LabelScore


def judged(*rows: tuple[str, str]) -> list[Judged]:
    return [Judged(tuple(accepted.split("|")), predicted) for accepted, predicted in rows]


def parse(intents: str, ranking: tuple[tuple[str, float], ...] = (), **rest: Any) -> Parse:
    entities, emotion = rest.get("entities", ()), rest.get("emotion", {})
    return Parse(tuple(intents.split("|")), ranking, tuple(entities), emotion, rest.get("wall", 0), rest.get("cpu", 0))


class TestJudged:
    @pytest.mark.parametrize(
        ("accepted", "predicted", "right", "pair"),
        [
            ("a", "a", True, ("a", "a")),
            ("a|b", "b", True, ("b", "b")),
            ("a|b", "c", False, ("a", "c")),
            ("a", FALLBACK, False, ("a", FALLBACK)),
            (OUT_OF_SCOPE, FALLBACK, True, (OUT_OF_SCOPE, OUT_OF_SCOPE)),
            (f"a|{OUT_OF_SCOPE}", FALLBACK, True, (OUT_OF_SCOPE, OUT_OF_SCOPE)),
        ],
    )
    def test_what_counts_as_right(self, accepted: str, predicted: str, right: bool, pair: tuple[str, str]) -> None:
        item = Judged(tuple(accepted.split("|")), predicted)
        assert (item.right, item.pair) == (right, pair)


class TestIntentFigures:
    ITEMS = judged(("a", "a"), ("a", "a"), ("a", "b"), ("a", "a"), ("b", "b"), ("b", "a"))

    def test_accuracy_counts_messages_and_macro_counts_intents(self) -> None:
        assert scores.accuracy(self.ITEMS) == pytest.approx(4 / 6)
        assert scores.macro(self.ITEMS) == pytest.approx((3 / 4 + 1 / 2) / 2)

    def test_macro_f1(self) -> None:
        # a: precision 3/4, recall 3/4; b: precision 1/2, recall 1/2
        assert scores.macro_f1([item.pair for item in self.ITEMS]) == pytest.approx((0.75 + 0.5) / 2)

    def test_a_label_that_is_only_predicted_takes_no_part_in_the_mean(self) -> None:
        # a: two truths, one prediction, one hit = 2/3
        assert scores.f1_by_label([("a", "a"), ("a", FALLBACK)]) == {"a": pytest.approx(2 / 3)}

    def test_by_label(self) -> None:
        assert scores.by_label(self.ITEMS) == {"a": LabelScore(4, 0.75, 0.75, 0.75), "b": LabelScore(2, 0.5, 0.5, 0.5)}

    def test_a_label_never_predicted_has_no_precision(self) -> None:
        assert scores.by_label(judged(("a", "b"), ("b", "b")))["a"] == LabelScore(1, 0.0, 0.0, 0.0)

    def test_confused_gives_the_frequent_first_then_by_name(self) -> None:
        items = judged(("b", "c"), ("a", "c"), ("a", "b"), ("a", "b"), ("a", "a"))
        assert scores.confused(items) == [("a", "b", 2), ("a", "c", 1), ("b", "c", 1)]
        assert scores.confused(items, top=1) == [("a", "b", 2)]

    def test_nothing_is_no_error(self) -> None:
        assert (scores.accuracy([]), scores.macro([]), scores.macro_f1([]), scores.by_label([])) == (0, 0, 0, {})


class TestCalibration:
    def test_bins_and_error(self) -> None:
        bins = scores.calibration([(0.95, True), (0.85, True), (0.81, False), (1.0, True)])
        assert [(b.low, b.high, b.n, b.right) for b in bins] == [(0.8, 0.9, 2, 0.5), (0.9, 1.0, 2, 1.0)]
        assert [b.confidence for b in bins] == pytest.approx([0.83, 0.975])
        # half of the lines 0.33 off, half 0.025
        assert scores.calibration_error(bins) == pytest.approx(0.5 * 0.33 + 0.5 * 0.025)

    def test_nothing_is_no_error(self) -> None:
        assert scores.calibration_error(scores.calibration([])) == 0


class TestOutOfScope:
    def test_score_is_the_best_of_ours_minus_out_of_scope(self) -> None:
        assert scores.scope_score([(FALLBACK, 0.9), ("b", 0.3), ("a", 0.5), (OUT_OF_SCOPE, 0.1)]) == pytest.approx(0.4)
        assert scores.scope_score([(OUT_OF_SCOPE, 0.7), ("a", 0.2)]) == pytest.approx(-0.5)
        assert scores.scope_score([("a", 0.2)]) == pytest.approx(0.2)

    @pytest.mark.parametrize(
        ("inside", "outside", "expected"),
        [
            ([0.8, 0.9], [0.1, 0.2], 1.0),
            ([0.1, 0.2], [0.8, 0.9], 0.0),
            ([0.5], [0.5], 0.5),
            # 0.9 beats both; 0.4 beats 0.2 and draws with 0.4: 3.5 of 4
            ([0.9, 0.4], [0.2, 0.4], 0.875),
            ([], [0.4], 0.5),
        ],
    )
    def test_auroc(self, inside: list[float], outside: list[float], expected: float) -> None:
        assert scores.auroc(inside, outside) == pytest.approx(expected)

    def test_threshold_gives_up_one_of_twenty(self) -> None:
        inside = [i / 100 for i in range(20)]
        threshold = scores.threshold_keeping(inside)
        assert threshold == 0.01
        assert scores.rejected(inside, threshold) == 0.05
        assert scores.rejected([-0.5, 0.0, 0.01, 0.3], threshold) == 0.5

    def test_threshold_of_few_lines_gives_up_none(self) -> None:
        assert scores.threshold_keeping([0.3, 0.1, 0.2]) == 0.1
        assert scores.threshold_keeping([]) == 0


class TestSeveral:
    def test_exact_partial_first(self) -> None:
        found = scores.several(
            [
                (["a", "b"], ["a", "b"]),  # exact
                (["a", "b"], ["b", "a"]),  # same set, wrong order
                (["a", "b"], ["a"]),  # part
                (["a", "b"], ["c"]),  # nothing
                (["a", "b", "c"], ["a", "b", "d", "e"]),  # part
            ]
        )
        assert (found.n, found.exact, found.same_set, found.partial, found.first) == (5, 0.2, 0.4, 0.4, 0.6)
        assert found.recall == pytest.approx((1 + 1 + 1 / 2 + 0 + 2 / 3) / 5)
        assert found.precision == pytest.approx((1 + 1 + 1 + 0 + 2 / 4) / 5)

    def test_nothing_is_no_error(self) -> None:
        assert scores.several([]).n == 0


class TestQuantile:
    def test_interpolates(self) -> None:
        assert scores.quantile([4, 1, 3, 2], 0.5) == 2.5
        assert scores.quantile([1, 2, 3, 4, 5], 0.95) == pytest.approx(4.8)
        assert scores.quantile([7], 0.95) == 7
        assert scores.quantile([], 0.5) == 0


class TestSections:
    def test_scope_leaves_out_lines_that_may_be_either(self) -> None:
        rows = [Row("in", ("a",)), Row("out", (OUT_OF_SCOPE,)), Row("either", ("a", OUT_OF_SCOPE))]
        answers = {
            "in": parse("a", (("a", 0.9), (OUT_OF_SCOPE, 0.05))),
            "out": parse(FALLBACK, ((FALLBACK, 0.2), ("a", 0.3), (OUT_OF_SCOPE, 0.28))),
        }
        data = evaluate_sections.scope(rows, answers.__getitem__).data
        assert (data["inside"], data["outside"], data["auroc"]) == (1, 1, 1.0)
        assert (data["kept_as_configured"], data["rejected_as_configured"]) == (1.0, 1.0)

    def test_calibration_looks_behind_the_fallback(self) -> None:
        answer = parse(FALLBACK, ((FALLBACK, 0.2), ("a", 0.15), ("b", 0.1)))
        bins = evaluate_sections.calibration([Row("x", ("a",))], lambda _: answer).data["bins"]
        assert bins == [{"low": 0.1, "high": 0.2, "n": 1, "confidence": 0.15, "right": 1.0}]

    def test_emotions(self) -> None:
        rows = [
            Row("1", emotion="angry", intensity=3),
            Row("2", emotion="angry", intensity=3),
            Row("3", emotion="neutral", intensity=0),
            Row("4", emotion="pleased", intensity=1),
        ]
        answers = {
            "1": parse("a", emotion={"family": "angry", "intensity": 2}),
            "2": parse("a", emotion={"family": "neutral", "intensity": 0}),
            "3": parse("a", emotion={"family": "neutral", "intensity": 0}),
            "4": parse("a", emotion={"family": "pleased", "intensity": 1}),
        }
        data = evaluate_sections.emotions(rows, answers.__getitem__).data
        assert (data["strong_anger"], data["strong_anger_missed"]) == (2, 1)
        assert (data["intensity_error"], data["intensity_exact"], data["intensity_within_one"]) == (1.0, 0.5, 0.75)
        # angry 2/3, neutral 2/3, pleased 1
        assert data["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)

    def test_several_keeps_controls_apart(self) -> None:
        rows = [Row("two", ("a", "b")), Row("one", ("a",))]
        data = evaluate_sections.several(rows, lambda _: parse("a|b")).data
        assert (data["several wishes"]["exact"], data["controls with one"]["exact"]) == (1.0, 0.0)

    def test_cost(self) -> None:
        data = evaluate_sections.cost([parse("a", wall=10, cpu=6), parse("a", wall=20, cpu=8)], 1.0, (500, 600)).data
        assert (data["wall_p50_ms"], data["cpu_mean_ms"], data["memory_mb"]) == (15, 7, 500)

    def test_no_line_is_wider_than_a_terminal(self) -> None:
        names = [f"query_after_sales_progres{i}" for i in range(6)]  # as long as the longest of ours
        section = evaluate_sections.intents([Judged((name,), other) for name in names for other in names])
        assert max(map(len, section.lines)) <= 120


class TestParse:
    def test_a_pipeline_that_knows_one_intent(self) -> None:
        found = read_parse({"intent": {"name": "a", "confidence": 0.5}, "entities": []}, wall=2.0)
        assert (found.intents, found.intent, found.emotion, found.wall) == (("a",), "a", {}, 2.0)

    def test_ours(self) -> None:
        raw = {"intent": {"name": "a"}, "intents": [{"name": "a"}, {"name": "b"}], "emotion": {"family": "angry"}}
        assert (read_parse(raw).intents, read_parse(raw).emotion["family"]) == (("a", "b"), "angry")


class TestFiles:
    def test_quotes_and_header(self, tmp_path: Path) -> None:
        path = tmp_path / "x.tsv"
        path.write_text('text\tintents\n他说"不行\ta|b\n\n', encoding="utf-8")
        assert rows_of(path) == [['他说"不行', "a|b"]]
        assert rows_of(tmp_path / "none.tsv") == []

    def test_lines_of_training_are_left_out_and_counted(self) -> None:
        lines = TestSet(
            intents=[Row("我要退貨", ("a",)), Row("新的", ("a",))], emotions=[Row("我要退货", emotion="neutral")]
        )
        rest = lines.without({"我要退货"}, set())
        assert ([row.text for row in rest.intents], len(rest.emotions)) == (["新的"], 1)
        assert rest.repeated == {"intents": 1, "emotions": 0}
        assert sorted(rest.texts()) == ["我要退货", "新的"]

    def test_the_own_set_is_complete(self) -> None:
        found = own_set()
        assert all((found.intents, found.several, found.entities, found.emotions))
        assert all(0 <= row.intensity <= 3 and not math.isnan(row.intensity) for row in found.emotions)

    def test_a_folder_of_real_lines(self, tmp_path: Path) -> None:
        (tmp_path / "our_intents.tsv").write_text("text\tintents\nx\ta|b\n", encoding="utf-8")
        assert real_set(tmp_path).intents == [Row("x", ("a", "b"))]

    def test_a_folder_without_lines_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="BATON_EVAL_DIR"):
            real_set(tmp_path)

    def test_an_unknown_emotion_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "emotions.tsv").write_text("text\temotion\tintensity\nx\tfurious\t3\n", encoding="utf-8")
        with pytest.raises(ValueError, match="furious"):
            real_set(tmp_path)
