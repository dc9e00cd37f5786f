"""Small real models for the understanding tests: trained in a second, stored as Rasa stores them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.understanding import embedding

ROOT = Path(__file__).resolve().parents[3]

SMALL_INTENTS: dict[str, list[str]] = {
    "request_return": ["我要退货", "申请退货退款", "这个不想要了给我退", "帮我办理退货", "退货怎么申请"],
    "query_logistics": ["我的快递到哪了", "查一下物流", "包裹什么时候到", "快递怎么还没到", "物流到哪里了"],
    "request_invoice": ["开发票", "帮我开一张发票", "发票抬头开错了", "重新开发票", "我要电子发票"],
    "query_points_balance": ["我有多少积分", "查积分", "积分还剩多少", "看一下我的积分", "积分余额"],
    "request_human": ["转人工", "我要人工客服", "找真人", "人工", "接人工服务"],
    "greet": ["你好", "在吗", "您好", "有人吗", "哈喽"],
    "out_of_scope": ["今天天气怎么样", "讲个笑话", "帮我写作文", "股票会涨吗", "明天会下雨吗"],
}


@pytest.fixture()
def storage(tmp_path: Path) -> LocalModelStorage:
    folder = tmp_path / "model"
    folder.mkdir()
    return LocalModelStorage(folder)


@pytest.fixture()
def context() -> ExecutionContext:
    return ExecutionContext(GraphSchema({}), "test")


@pytest.fixture()
def small_training_data() -> TrainingData:
    return TrainingData(
        [Message.build(text=text, intent=intent) for intent, texts in SMALL_INTENTS.items() for text in texts]
    )


@pytest.fixture()
def project_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working folder of its own, so that the embedding cache of the project is left alone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture()
def no_embedding(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine for which ONNX Runtime has no wheel."""

    def missing() -> None:
        raise ImportError("No module named 'onnxruntime'")

    monkeypatch.setattr(embedding, "Encoder", missing)
    embedding.shared_embedder.cache_clear()
    yield
    embedding.shared_embedder.cache_clear()


@pytest.fixture()
def train_and_load(
    storage: LocalModelStorage,
    context: ExecutionContext,
    project_folder: Path,
) -> Callable[[Any, dict[str, Any], TrainingData], Any]:
    """Train a component, then load it from storage as a fresh process would."""

    def run(component: Any, config: dict[str, Any], data: TrainingData) -> Any:
        settings = {**component.get_default_config(), **config}
        resource = Resource("component")
        component.create(settings, storage, resource, context).train(data)
        return component.load(settings, storage, resource, context)

    return run
