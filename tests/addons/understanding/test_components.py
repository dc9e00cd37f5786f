"""The components as Rasa uses them: trained, stored, loaded, with and without the embedding."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.extractors.entity_synonyms import EntitySynonymMapper
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.understanding import linear
from addons.understanding.embedding import Embedder, shared_embedder
from addons.understanding.emotion import FAMILIES, read_lines
from addons.understanding.emotion_classifier import EmotionModel
from addons.understanding.entity_rules import EntityRules
from addons.understanding.intent_classifier import IntentModel, IntentReader, Thresholds
from addons.understanding.normaliser import Normaliser, OriginalText

from .conftest import ROOT, SMALL_INTENTS

TrainAndLoad = Callable[[Any, dict[str, Any], TrainingData], Any]
needs_embedding = pytest.mark.skipif(shared_embedder() is None, reason="no ONNX Runtime for this platform")


def ask(component: Any, text: str) -> dict[str, Any]:
    message = Message(data={TEXT: text}, output_properties={TEXT})
    component.process([message])
    return dict(message.as_dict(only_output_properties=True))


def test_intents_after_a_round_trip_through_storage(
    train_and_load: TrainAndLoad, small_training_data: TrainingData
) -> None:
    component = train_and_load(IntentModel, {"clause_min_confidence": 0.3}, small_training_data)
    for intent, texts in SMALL_INTENTS.items():
        assert ask(component, texts[0])["intent"]["name"] == intent
    answer = ask(component, "帮我办理退货,另外查积分,还有转人工")
    names = [item["name"] for item in answer["intents"]]
    assert names == ["request_human", "request_return", "query_points_balance"]
    assert answer["intent"] == answer["intents"][0] == answer["intent_ranking"][0]
    assert json.loads(json.dumps(answer)) == answer


def test_runs_without_the_embedding(
    no_embedding: None,
    train_and_load: TrainAndLoad,
    caplog: pytest.LogCaptureFixture,
    small_training_data: TrainingData,
) -> None:
    with caplog.at_level(logging.WARNING):
        component = train_and_load(IntentModel, {}, small_training_data)
    assert [r.message for r in caplog.records if "encoder" in r.message] == [
        "No sentence encoder here (No module named 'onnxruntime'): "
        "understanding runs on characters alone and is less exact."
    ]
    assert ask(component, "我要退货")["intent"]["name"] == "request_return"


@needs_embedding
def test_a_model_trained_with_the_embedding_still_runs_without(
    storage: LocalModelStorage,
    context: ExecutionContext,
    project_folder: Path,
    small_training_data: TrainingData,
    request: pytest.FixtureRequest,
) -> None:
    config = IntentModel.get_default_config()
    IntentModel.create(config, storage, Resource("intents"), context).train(small_training_data)
    request.getfixturevalue("no_embedding")
    component = IntentModel.load(config, storage, Resource("intents"), context)
    assert ask(component, "我要退货")["intent"]["name"] == "request_return"


def test_one_intent_is_not_enough(train_and_load: TrainAndLoad) -> None:
    with pytest.raises(ValueError, match="at least two"):
        train_and_load(IntentModel, {}, TrainingData([Message.build(text="在吗", intent="greet")]))


@pytest.mark.parametrize(
    ("ranking", "unsure"),
    [
        ([("a", 0.9), ("out_of_scope", 0.05)], False),
        ([("a", 0.1), ("b", 0.09)], True),
        ([("a", 0.3), ("out_of_scope", 0.28)], True),
        ([("out_of_scope", 0.1), ("a", 0.09)], False),
    ],
)
def test_when_to_ask_again(ranking: list[tuple[str, float]], unsure: bool) -> None:
    assert Thresholds(min_confidence=0.15, min_margin=0.05).too_unsure(ranking) is unsure


def test_an_accusation_needs_more_certainty() -> None:
    rule = Thresholds(careful={"abuse": 0.5})
    assert rule.weighed([("abuse", 0.3), ("greet", 0.2), ("deny", 0.1)])[0] == ("greet", 0.2)
    assert rule.weighed([("abuse", 0.6), ("greet", 0.2)])[0] == ("abuse", 0.6)
    assert rule.weighed([("greet", 0.3), ("abuse", 0.2)])[0] == ("greet", 0.3)


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("那个啥 就内个 你懂的", True),
        ("哎呀就是上回那个嘛,内个内个", True),
        ("怎么说呢就那个", True),
        ("那个呢", False),  # goes on about what was just said
        ("上次那个快递", False),
        ("啊啊啊啊吧", False),
        ("懂的" * 5_000 + "x", False),  # and in no time
    ],
)
def test_only_filler_words_say_nothing(text: str, empty: bool) -> None:
    pipeline = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    pattern = next(part["says_nothing"] for part in pipeline if "says_nothing" in part)
    assert Thresholds(says_nothing=pattern).is_empty(text) is empty
    assert not Thresholds().is_empty(text)


class StandIn:
    """Says fixed probabilities for each text, as a trained model would."""

    labels = ("report_points_issue", "report_coupon_issue", "request_invoice")

    def __init__(self, **said: tuple[float, float, float]) -> None:
        self.said = said

    def probabilities(self, text: str, embedding: object = None) -> Any:
        return np.array(self.said[text], dtype=np.float32)


def test_a_wish_that_the_whole_message_is_unsure_of_is_not_lost() -> None:
    model: Any = StandIn(
        **{
            "积分没退,券过期了,发票开错了": (0.45, 0.3, 0.25),
            "积分没退": (0.72, 0.2, 0.08),
            "券过期了": (0.0, 0.95, 0.05),
            "发票开错了": (0.0, 0.1, 0.9),
        }
    )
    reading = IntentReader(None, model, None, Thresholds()).read("积分没退,券过期了,发票开错了")
    assert [name for name, _ in reading.intents] == list(StandIn.labels)


def test_emotion_after_a_round_trip_through_storage(train_and_load: TrainAndLoad, project_folder: Path) -> None:
    lines = read_lines(ROOT / "data" / "emotion")
    few = [line for family in FAMILIES for line in [x for x in lines if x.family == family][:40]]
    rows = "".join(f"{line.text}\t{line.family}\t{line.intensity}\n" for line in few)
    (project_folder / "lines.tsv").write_text("text\temotion\tintensity\n" + rows, encoding="utf-8")
    config = {"data": str(project_folder), "words": str(ROOT / "playbook" / "emotion_words.yml")}
    component = train_and_load(EmotionModel, config, TrainingData())
    angry = ask(component, "你们这群骗子 我要去12315投诉")["emotion"]
    assert (angry["family"], angry["intensity"]) == ("angry", 3)
    assert "骗子" in angry["words"]
    assert ask(component, "帮我查一下订单")["emotion"]["family"] == "neutral"
    assert ask(component, "太好了 谢谢你们")["emotion"]["family"] == "pleased"
    assert json.loads(json.dumps(angry)) == angry


def test_the_customers_words_come_back_and_entities_point_into_them() -> None:
    typed = "我嘅單 2026-1118-000123 喺邊度"
    message = Message(data={TEXT: typed}, output_properties={TEXT})
    Normaliser().process([message])
    assert message.get(TEXT) == "我的单 20261118000123 在哪里"
    message.set("text_tokens", [Token("20261118000123", 4)])
    EntityRules().process([message])
    OriginalText().process([message])
    (entity,) = message.get("entities")
    assert message.get(TEXT) == typed
    assert (entity["value"], typed[entity["start"] : entity["end"]]) == ("20261118000123", "2026-1118-000123")
    assert [(t.start, t.end) for t in message.get("text_tokens")] == [(4, 20)]


def test_training_lines_keep_their_entities_in_the_plain_form(
    storage: LocalModelStorage, context: ExecutionContext
) -> None:
    line = Message.build(
        text="我買嘅藍色咗 耳機",
        intent="greet",
        entities=[
            {"entity": "colour", "value": "藍色", "start": 3, "end": 5},
            {"entity": "product", "value": "云听降噪耳机", "start": 7, "end": 9},
        ],
    )
    data = Normaliser().process_training_data(TrainingData([line]))
    assert data.training_examples[0].get("entities") == [
        {"entity": "colour", "value": "蓝色", "start": 3, "end": 5},
        {"entity": "product", "value": "云听降噪耳机", "start": 7, "end": 9},
    ]
    mapper = EntitySynonymMapper.create(EntitySynonymMapper.get_default_config(), storage, Resource("s"), context)
    mapper.train(data)
    assert mapper.synonyms == {"耳机": "云听降噪耳机", "云听降噪耳机": "云听降噪耳机", "蓝色": "蓝色"}


class CountingEngine:
    """An embedding engine that counts; vectors are made of the text's length."""

    dim = 3
    fingerprint = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(self, text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.asked.append(text)
        return np.array([len(text), 1, 0], dtype=np.float32)


def test_each_text_is_embedded_once() -> None:
    engine = CountingEngine()
    embedder = Embedder(engine, remembered=2)
    for text in ("a", "a", "b", "a", "c", "b"):
        embedder.one(text)
    assert engine.asked == ["a", "b", "c", "b"]


def test_training_lines_are_embedded_once_for_ever(tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache.npz"
    first, second = CountingEngine(), CountingEngine()
    Embedder(first).many(["一", "二二"], cache)
    vectors = Embedder(second).many(["二二", "三三三", "二二"], cache)
    assert (sorted(first.asked), second.asked) == (["一", "二二"], ["三三三"])
    assert vectors[:, 0].tolist() == [2, 3, 2]


def test_a_broken_cache_is_computed_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache.npz"
    cache.with_name("cache.counting.npz").write_bytes(b"not a zip")
    assert Embedder(CountingEngine()).many(["一"], cache).shape == (1, 3)


def test_the_model_agrees_with_scikit_learn() -> None:
    """Same objective as LogisticRegression(C, balanced): the shortcut must not be a different model."""
    from sklearn.linear_model import LogisticRegression

    texts = [text for group in SMALL_INTENTS.values() for text in group]
    labels = [intent for intent, group in SMALL_INTENTS.items() for _ in group][: len(texts)]
    model = linear.fit(texts, labels, c=1.0)
    theirs = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000, multi_class="multinomial")
    theirs.fit(model.chars.matrix(texts), labels)
    ours = np.stack([model.probabilities(text) for text in texts])
    assert np.abs(ours - theirs.predict_proba(model.chars.matrix(texts))).max() < 0.01
