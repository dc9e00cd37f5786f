"""BATON_ACTIONS: inside Rasa without a process or a port of their own, or on an action server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from launcher import plan, secrets
from launcher.processes import Process
from launcher.settings import LauncherError, Settings, read_settings

SECRETS = dict.fromkeys(secrets.NAMES, "any")


def settings_in(folder: Path, environment: dict[str, str]) -> Settings:
    return replace(read_settings(environment), data=folder)


def planned(settings: Settings) -> dict[str, Process]:
    return {process.name: process for process in plan.processes(settings, SECRETS, Path("models/any.tar.gz"))}


@pytest.mark.parametrize("environment", [{}, {"BATON_ACTIONS": "inside"}, {"BATON_ACTIONS": " Inside "}])
def test_inside_needs_neither_process_nor_port(tmp_path: Path, environment: dict[str, str]) -> None:
    settings = settings_in(tmp_path, environment)
    assert list(planned(settings)) == ["shop", "rasa", "desk"]
    assert "BATON_ACTIONS_PORT" not in settings.ports()
    assert plan.shared_environment(settings, SECRETS)["BATON_ACTIONS"] == "inside"


def test_an_action_server_has_a_process_and_a_port(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, {"BATON_ACTIONS": "server", "BATON_ACTIONS_PORT": "5155"})
    processes = planned(settings)
    assert list(processes) == ["shop", "actions", "rasa", "desk"]
    assert processes["actions"].command[-2:] == ("--port", "5155")
    assert settings.ports()["BATON_ACTIONS_PORT"] == ("actions", 5155)
    assert plan.shared_environment(settings, SECRETS)["BATON_ACTIONS"] == "server"
    assert "localhost:5155" in (tmp_path / "rasa" / "endpoints.yml").read_text().replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("place", ["", "outside", "1"])
def test_any_other_place_is_refused_with_one_sentence(place: str) -> None:
    with pytest.raises(LauncherError) as caught:
        read_settings({"BATON_ACTIONS": place})
    assert str(caught.value) == f"BATON_ACTIONS must be inside or server, it is '{place}'."
