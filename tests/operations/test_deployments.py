"""What is shipped for work pools and containers, as far as it can be read: parameters, entry points, paths."""

import re
import tomllib

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig
from prefect.flows import load_flow_from_entrypoint

from pipelines import config
from pipelines.run.artifacts import ROOT

SHIPPED = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {one["name"]: one for one in SHIPPED["deployments"]}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_there_is_a_deployment_for_each_kind_of_work_pool():
    pools = {one["work_pool"]["name"] for one in DEPLOYMENTS.values()}
    assert pools == {"laundry-process", "laundry-docker", "laundry-kubernetes"}
    constraints = (ROOT / "constraints.txt").read_text()
    assert f"prefect=={SHIPPED['prefect-version']}\n" in constraints


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_runs_the_flow_on_a_whole_configuration(name):
    one = DEPLOYMENTS[name]
    DeploymentConfig.model_validate(one)
    assert "concurrency_limit" not in one  # a server that restarts meanwhile never gives its slot back
    ((step, given),) = ((step, given) for steps in one["pull"] for step, given in steps.items())
    assert step.endswith(".set_working_directory") and given == {"directory": "."}  # else /opt/prefect in an image
    flow = load_flow_from_entrypoint(one["entrypoint"])
    flow.validate_parameters(one["parameters"])
    loaded = config.validate(one["parameters"]["config"] | {"schedule": one["schedules"][0]})
    assert loaded.due.cron == one["schedules"][0]["cron"] and loaded.source.password.startswith("prefect-secret:")


def test_the_dockerfile_copies_and_installs_what_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for source in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists()
    (extras,) = re.findall(r"\.whl\)\[([\w,]+)\]", DOCKERFILE)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    command = re.search(r"^CMD \[\"(\w+)\"", DOCKERFILE, re.MULTILINE)[1]
    assert command in project["scripts"] and "ENTRYPOINT [" not in DOCKERFILE
    image = DEPLOYMENTS["people-docker"]["work_pool"]["job_variables"]["image"]
    assert f"docker build -t {image} " in DOCKERFILE and image.endswith(f":{project['version']}")
    ignored = (ROOT / ".dockerignore").read_text().split()
    wheel = [
        *tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
            "force-include"
        ],
        "README.md",
        "LICENSE",
    ]
    assert not set(wheel) & set(ignored) and all((ROOT / path).exists() for path in wheel)
