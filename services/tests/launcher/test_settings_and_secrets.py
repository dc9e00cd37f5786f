"""Settings, secrets, ports and the model's name: what a start decides before anything runs."""

from __future__ import annotations

import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from launcher import health, model, secrets
from launcher.settings import LauncherError, Settings, read_settings


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Settings of a small project folder with the files that go into training."""
    for name in ("config.yml", "domain.yml", "uv.lock"):
        (tmp_path / name).write_text(name)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nlu.yml").write_text("nlu: []")
    return replace(read_settings({}), root=tmp_path, data=tmp_path / "var")


def test_a_port_that_is_none_is_named() -> None:
    with pytest.raises(LauncherError, match="BATON_DESK_PORT .* 'eighty'"):
        read_settings({"BATON_DESK_PORT": "eighty"})


def test_a_relative_data_folder_is_inside_the_project() -> None:
    settings = read_settings({"BATON_DATA_DIR": "elsewhere"})
    assert settings.data == settings.root / "elsewhere"


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    first = secrets.load_or_create(file, {})
    again = secrets.load_or_create(file, {})
    assert first == again
    assert set(first) == set(secrets.NAMES)
    assert all(len(value) >= 32 for value in first.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_of_the_environment_wins_and_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    given = secrets.load_or_create(file, {"BATON_BOT_TOKEN": "from outside"})
    assert given["BATON_BOT_TOKEN"] == "from outside"
    assert "from outside" not in file.read_text()


def test_a_busy_port_is_told_with_the_setting_that_changes_it(project: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LauncherError, match=f"Port {port} for rasa .* BATON_RASA_PORT"):
            health.check_ports(replace(project, desk_port=free_port(), shop_port=free_port(), rasa_port=port))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_model_is_current_until_its_data_changes(project: Settings) -> None:
    assert model.chosen_model(project) is None
    current = model.current_model(project.root)
    current.parent.mkdir()
    current.write_bytes(b"")
    assert model.chosen_model(project) == current
    (project.root / "data" / "nlu.yml").write_text("nlu: [more]")
    assert model.chosen_model(project) is None


def test_a_model_that_does_not_fit_the_data_is_refused(project: Settings) -> None:
    stranger = project.root / "old.tar.gz"
    stranger.write_bytes(b"")
    with pytest.raises(LauncherError, match=r"old\.tar\.gz does not fit the data"):
        model.chosen_model(replace(project, model=str(stranger)))
    with pytest.raises(LauncherError, match="does not exist"):
        model.chosen_model(replace(project, model="nowhere.tar.gz"))
