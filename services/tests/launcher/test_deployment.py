"""The deployment files: right by their schemas, and about settings, ports, paths and commands that exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import compose_spec
import kubernetes_validate
import pytest
import yaml
from desk.kernel.settings import ROWS
from launcher import plan
from launcher.settings import ROOT, Settings

DEPLOY = ROOT / "deploy"
KUBERNETES = ("1.29.1", "1.37.0")  # the oldest and the newest the manifests are for
BATON_IMAGES = {"baton-services": "services", "baton-brain": "brain", "baton-backup": "backup"}
SECRETS_FOLDER = "/run/secrets"
Json = dict[str, Any]


def compose() -> Json:
    """compose.yml as the compose tool reads it without any variable set."""
    text = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)))


def services() -> Json:
    return dict(compose()["services"])


def manifests() -> list[Json]:
    """Every document that the kustomization lists."""
    folder = DEPLOY / "kubernetes"
    names = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert sorted(names) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    texts = ((folder / name).read_text(encoding="utf-8") for name in names)
    return [document for text in texts for document in yaml.safe_load_all(text)]


def pods() -> dict[str, Json]:
    """{name of the workload: its pod's spec}."""
    found = {}
    for document in manifests():
        spec = document.get("spec", {})
        job = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in job:
            found[document["metadata"]["name"]] = job["template"]["spec"]
    return found


def settings_env() -> dict[str, str]:
    lines = (DEPLOY / "kubernetes" / "settings.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def dockerfile(name: str) -> str:
    return (DEPLOY / f"{name}.Dockerfile").read_text(encoding="utf-8")


# --- the schemas


def test_the_compose_file_is_right_by_the_specification() -> None:
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose())).validate()


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_manifests_are_right_by_the_schemas_of_kubernetes(version: str) -> None:
    for document in manifests():
        kubernetes_validate.validate(document, version, strict=True)


def test_a_mistake_would_be_found() -> None:
    wrong = compose()
    wrong["services"]["desk-1"]["stop_grace_period"] = "soon"
    with pytest.raises(ValueError, match="stop_grace_period"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(wrong))
    deployment = next(document for document in manifests() if document["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerport"] = 8000
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[0], strict=True)


# --- what schemas do not know


def known_settings() -> set[str]:
    """Every BATON_ variable that some process reads."""
    code = [ROOT / "services" / "shop" / "kernel" / "settings.py", *(ROOT / "services" / "launcher").glob("*.py")]
    code += [*(ROOT / "actions").glob("*.py"), *(ROOT / "addons").glob("*.py")]
    read = (re.findall(r'"(BATON_[A-Z_]+)"', path.read_text(encoding="utf-8")) for path in code)
    return {row.name for row in ROWS} | {name for names in read for name in names}


def test_every_setting_named_exists() -> None:
    named = set(settings_env()) | {name for one in services().values() for name in one.get("environment", {})}
    named |= {name for one in services().values() for name in one.get("secrets", []) if name.startswith("BATON_")}
    for name in ("services", "brain"):
        named |= set(re.findall(r"\b(BATON_[A-Z_]+)=", dockerfile(name)))
    for pod in pods().values():
        for volume in pod.get("volumes", []):
            named |= {item["key"] for item in volume.get("secret", {}).get("items", [])}
    ours = {name for name in named if name.startswith("BATON_")}
    assert len(ours) > 12
    assert ours <= known_settings()
    assert named - ours <= {name for name in named if name.startswith("POSTGRES_")}


def test_every_secret_is_made_by_the_script_and_nothing_else_is_mounted(tmp_path: Path) -> None:
    command = ["sh", str(DEPLOY / "new_secrets.sh"), str(tmp_path / "secrets"), "db.example:5433"]
    subprocess.run(command, check=True, capture_output=True)
    made = {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(compose()["secrets"])
    for name, source in compose()["secrets"].items():
        assert source == {"file": f"./secrets/{name}"}
    assert made["BATON_DESK_DATABASE_URL"] == f"postgresql://baton:{made['POSTGRES_PASSWORD']}@db.example:5433/desk"
    assert all(path.stat().st_mode & 0o007 == 0 for path in (tmp_path / "secrets").iterdir())
    subprocess.run(command, check=True, capture_output=True)
    assert {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()} == made
    for one in services().values():
        assert set(one.get("secrets", [])) <= set(made)
    for name, pod in pods().items():
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0].get("volumeMounts", [])}
        for volume in pod.get("volumes", []):
            if "secret" in volume:
                assert mounts[volume["name"]] == f"{SECRETS_FOLDER}/baton", name
                assert volume["secret"]["defaultMode"] == 0o440
                assert {item["key"] for item in volume["secret"]["items"]} <= set(made)


def test_secrets_become_variables_and_open_ones_stop_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    script = (DEPLOY / "with_secrets.sh").read_text(encoding="utf-8").replace(SECRETS_FOLDER, str(folder))
    secret = folder / "BATON_SHOP_TOKEN"
    secret.write_text("a b'c\"$d\n")

    def start() -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", script, "with-secrets", "printenv", "BATON_SHOP_TOKEN"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    secret.chmod(0o644)
    assert (start().returncode, "may be read by everybody" in start().stderr) == (1, True)
    secret.chmod(0o640)
    assert (start().returncode, start().stdout) == (0, "a b'c\"$d\n")
    secret.write_text("")
    assert (start().returncode, "is empty" in start().stderr) == (1, True)


def launched(tmp_path: Path) -> dict[str, plan.Process]:
    """What `make run` starts, with the default ports: the commands and health addresses that are known to work."""
    settings = Settings(ROOT, tmp_path, "0.0.0.0", 8000, 8001, 5005, 5055, None, demo=False)
    secrets = dict.fromkeys(("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET"), "x")
    return {process.name: process for process in plan.processes(settings, secrets, Path("models/baton.tar.gz"))}


def options(command: list[str]) -> list[str]:
    return [word for word in command if word.startswith("-")]


def test_the_images_run_the_commands_that_exist(tmp_path: Path) -> None:
    known = launched(tmp_path)
    rasa = json.loads(re.search(r"^CMD (\[.*?\])", dockerfile("brain").replace("\\\n", ""), re.MULTILINE)[1])  # type: ignore[index]
    assert rasa[:2] == ["rasa", "run"]
    assert options(rasa) == sorted(options(list(known["rasa"].command)), key=options(rasa).index)
    for file in ("endpoints.yml", "credentials.yml"):
        assert rasa[rasa.index(f"--{file[:-4]}") + 1] == file and (ROOT / file).exists()
    trained = re.search(r"rasa train --fixed-model-name (\S+)", dockerfile("brain"))
    assert trained and rasa[rasa.index("--model") + 1] == f"models/{trained[1]}.tar.gz"
    commands = [one["command"] for one in services().values() if "command" in one and one["command"][0] == "python"]
    commands += [
        one["args"] for pod in pods().values() for one in pod["containers"] if one.get("args", [""])[0] == "python"
    ]
    commands += [json.loads(found) for found in re.findall(r"^CMD (\[.*\])$", dockerfile("services"), re.MULTILINE)]
    assert {command[2] for command in commands} == {"desk", "shop", "launcher"}
    for command in commands:
        assert command[1] == "-m"
        assert importlib.util.find_spec(f"{command[2]}.__main__"), command
        if command[2] == "launcher":
            done = subprocess.run(
                [sys.executable, *command[1:4], "--help"],
                cwd=ROOT / "services",
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0 and set(options(command)) - {"-m"} <= set(re.findall(r"--\w+", done.stdout))


def test_every_probe_asks_a_path_and_a_port_that_are_served(tmp_path: Path) -> None:
    served = {process.health_url for process in launched(tmp_path).values()}
    paths = {name: re.sub(r"^http://[^/]+", "", process.health_url) for name, process in launched(tmp_path).items()}
    asked = {one["healthcheck"]["test"][-1] for one in services().values() if one.get("healthcheck", {}).get("test")}
    ours = {url.replace("127.0.0.1", "0.0.0.0") if ":8000" in url else url for url in asked if url.startswith("http")}
    assert ours - served == {"http://127.0.0.1:8080/api/v1/service-hours"}  # through the proxy
    assert {paths["shop"], paths["rasa"], paths["desk"]} == {"/healthz", "/webhooks/desk/health", "/readyz"}
    system = (ROOT / "services" / "desk" / "pages" / "system.py").read_text(encoding="utf-8")
    for name, pod in pods().items():
        for container in pod["containers"]:
            ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            assert ports.get("http", 8000 if name == "desk" else 5005) == {"desk": 8000}.get(name, 5005)
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(kind, {})
                if "httpGet" in probe:
                    assert f'@get("{probe["httpGet"]["path"]}"' in system and probe["httpGet"]["port"] in ports
                elif probe and probe["exec"]["command"][0] == "healthy":
                    assert probe["exec"]["command"][1] in served
    for name in ("desk", "rasa", "valkey"):
        container = pods()[name]["containers"][0]
        assert "livenessProbe" in container and "readinessProbe" in container
    exposed = {name: re.findall(r"^EXPOSE (.*)$", dockerfile(name), re.MULTILINE) for name in ("services", "brain")}
    assert exposed == {"services": ["8000 8001"], "brain": ["5005"]}


def test_addresses_between_services_lead_to_services() -> None:
    names, kubernetes = set(services()), {document["metadata"]["name"] for document in manifests()}
    for one in services().values():
        for value in one.get("environment", {}).values():
            for host in re.findall(r"https?://([\w-]+):\d+|redis://([\w-]+):\d+", str(value)):
                assert "".join(host) in names
    for host in re.findall(r"//([\w-]+(?:\.[\w-]+)?):\d+", " ".join(settings_env().values())):
        assert host.split(".")[-1] in kubernetes
    workers = settings_env()["BATON_RASA_URL"].split(",")
    rasa = next(document for document in manifests() if document["kind"] == "StatefulSet")
    assert workers == [f"http://rasa-{number}.rasa:5005" for number in range(rasa["spec"]["replicas"])]
    proxy = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    addresses = {
        one["networks"]["front"]["ipv4_address"] for name, one in services().items() if name.startswith("desk")
    }
    assert set(re.findall(r"server ([\d.]+):8000", proxy)) == addresses
    trusted = services()["desk-1"]["environment"]["BATON_TRUSTED_PROXIES"]
    assert trusted == services()["proxy"]["networks"]["front"]["ipv4_address"]


def test_nothing_runs_as_root_or_without_limits() -> None:
    for name, one in services().items():
        assert int(one["user"].split(":")[0]) > 0, name
        assert one["cap_drop"] == ["ALL"] and one["read_only"] and "no-new-privileges:true" in one["security_opt"]
        assert one["deploy"]["resources"]["limits"]["memory"], name
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] and pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert not container["securityContext"]["allowPrivilegeEscalation"]
            assert set(container["resources"]) == {"requests", "limits"}
    for name in ("services", "brain"):
        assert re.findall(r"^USER (.*)$", dockerfile(name), re.MULTILINE)[-1] == "10001:10001"


def test_an_end_has_more_time_than_the_desk_takes() -> None:
    source = (ROOT / "services" / "desk" / "__main__.py").read_text(encoding="utf-8")
    told = re.search(r"^_SHUTDOWN_SECONDS = (\d+)$", source, re.MULTILINE)
    assert told
    shutdown_seconds = int(told[1])
    pod = pods()["desk"]
    waits = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= waits + 2 * shutdown_seconds + 10
    assert int(services()["desk-1"]["stop_grace_period"].removesuffix("s")) >= 2 * shutdown_seconds + 10
    budgets = {document["metadata"]["name"] for document in manifests() if document["kind"] == "PodDisruptionBudget"}
    assert {"desk", "rasa"} <= budgets
    desk = next(document for document in manifests() if document["kind"] == "Deployment")
    assert desk["spec"]["replicas"] >= 2 and desk["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_what_the_images_copy_is_there() -> None:
    for name in ("services", "brain"):
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile(name), re.MULTILINE):
            for source in shlex.split(line)[:-1]:
                assert (ROOT / source).exists(), f"{name}.Dockerfile copies {source}"
    images = {one["image"] for one in services().values() if "build" in one}
    images |= {container["image"] for pod in pods().values() for container in pod["containers"]}
    assert set(BATON_IMAGES) <= images
    for image in images & set(BATON_IMAGES):
        files = dockerfile("brain") + dockerfile("services")
        assert re.search(rf"AS {BATON_IMAGES[image]}$", files, re.MULTILINE)
