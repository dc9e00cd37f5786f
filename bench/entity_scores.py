"""Precision and recall of each entity on marked lines, through the whole chain from normaliser to original text."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Entity = Mapping[str, Any]
Find = Callable[[str], Iterable[Entity]]
Row = tuple[str, list[dict[str, str]]]
Score = tuple[float, float, int]

# The moment that the relative dates of tests/data/entities.tsv assume: Sunday noon, Beijing.
MOMENT = "2026-11-22T04:00:00Z"


def read_rows(path: Path) -> list[Row]:
    """Lines of a file with columns text and entities (JSON list of entity, value, text, dates also resolved)."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(line["text"], json.loads(line["entities"])) for line in lines]


def scores(rows: Iterable[Row], find: Find) -> dict[str, Score]:
    """(precision, recall, marked) of every marked entity; right means the same value and the same surface."""
    marked: Counter[str] = Counter()
    proposed: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for text, entities in rows:
        theirs = Counter((e["entity"], e["value"], e["text"]) for e in entities)
        ours = Counter((e["entity"], str(e["value"]), text[e["start"] : e["end"]]) for e in find(text))
        for counter, items in ((marked, theirs), (proposed, ours), (right, theirs & ours)):
            counter.update(name for name, _, _ in items.elements())
    return {name: _score(right[name], proposed[name], count) for name, count in sorted(marked.items())}


def resolved_score(rows: Iterable[Row], find: Find) -> tuple[float, int]:
    """Share of the marked dates whose surface was found and resolved to the marked day or span, and their number."""
    right = total = 0
    for text, entities in rows:
        wanted = [(e["text"], _span(e["resolved"])) for e in entities if e.get("resolved")]
        total += len(wanted)
        if wanted:
            ours = list(_resolved(text, find))
            right += sum(item in ours for item in wanted)
    return (right / total if total else 0.0), total


def _score(right: int, proposed: int, marked: int) -> Score:
    return (right / proposed if proposed else 0.0), right / marked, marked


def _span(marked: str) -> tuple[str, str]:
    first, _, last = marked.partition("/")
    return first, last or first


def _resolved(text: str, find: Find) -> Iterator[tuple[str, tuple[str, str]]]:
    for entity in find(text):
        if entity.get("resolved"):
            yield text[entity["start"] : entity["end"]], (entity["resolved"]["from"], entity["resolved"]["to"])


def chain(root: Path, moment: str = MOMENT) -> Find:
    """The entity components of config.yml, made from the project's lookups, regexes and synonyms."""
    # Rasa and spaCy take seconds to import, which a caller with an own `find` need not wait for.
    from rasa.nlu.extractors.entity_synonyms import EntitySynonymMapper
    from rasa.nlu.extractors.regex_entity_extractor import RegexEntityExtractor
    from rasa.nlu.extractors.spacy_entity_extractor import SpacyEntityExtractor
    from rasa.nlu.utils.spacy_utils import SpacyModel
    from rasa.shared.nlu.constants import ENTITIES, TEXT
    from rasa.shared.nlu.training_data.message import Message

    from addons.spacy_pipeline import LABELS, make_pipeline, nlu_files, read_terms
    from addons.understanding.entity_rules import EntityRules
    from addons.understanding.normaliser import Normaliser, OriginalText

    nlp = SpacyModel(make_pipeline(read_terms(nlu_files(root))), "zh")
    ruler = SpacyEntityExtractor({"dimensions": list(LABELS)})
    normaliser, rules, original = Normaliser(), EntityRules(), OriginalText()
    data = _training_data(root)
    regexes, synonyms = _trained(root, RegexEntityExtractor, data), _trained(root, EntitySynonymMapper, data)

    def find(text: str) -> list[Entity]:
        message = Message(data={TEXT: text, "metadata": {"at": moment}})
        messages = [message]
        normaliser.process(messages)
        ruler.process(messages, nlp)
        for component in (regexes, rules, synonyms, original):
            component.process(messages)
        return list(message.get(ENTITIES, []))

    return find


def _trained(root: Path, component: Any, data: Any) -> Any:
    """A Rasa component trained on the project's lines; its model goes to a folder that is removed at once."""
    from tempfile import TemporaryDirectory

    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource

    settings = _settings(root, component.__name__)
    with TemporaryDirectory() as folder:
        storage, resource = LocalModelStorage(Path(folder)), Resource(component.__name__)
        context = ExecutionContext(GraphSchema({}), "bench")
        made = component.create({**component.get_default_config(), **settings}, storage, resource, context)
        made.train(data)
    return made


def _settings(root: Path, name: str) -> dict[str, Any]:
    import yaml

    config = yaml.safe_load((root / "config.yml").read_text(encoding="utf-8"))
    return dict(next(item for item in config["pipeline"] if item["name"] == name))


def _training_data(root: Path) -> Any:
    """The file with the regexes and synonyms; the lines of the other files would only take time."""
    from rasa.shared.nlu.training_data.loading import load_data

    from addons.understanding.normaliser import Normaliser

    return Normaliser().process_training_data(load_data(str(root / "data" / "nlu.yml")))
