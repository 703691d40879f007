"""The action, step by step as a runner would: on a sample repository, with real workers and a server for comments."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from changed import interpreter

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}


class Runner:
    """Runs single steps of the action as a runner does, for a pull request of a repository."""

    def __init__(self, folder, **inputs):
        self.folder = folder
        self.place, self.action, self.repository = (folder / name for name in ("temp", "action", "repository"))
        for made in (self.place / "parity" / "venv" / "bin", self.action / ".github", self.repository):
            made.mkdir(parents=True)
        (self.place / "parity" / "venv" / "bin" / "python").symlink_to(folder / "python")
        (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / "python").chmod(0o755)
        shutil.copytree(ROOT / ".github" / "action", self.action / ".github" / "action")
        (self.action / "cases").mkdir()
        shutil.copy(Path(__file__).with_name("operations.py"), self.action / "cases")
        (self.action / "pytest.ini").write_text("[pytest]\n")
        self.inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs
        self.outputs = {}

    def _value(self, expression):
        known = {
            "runner.temp": str(self.place), "github.action_path": str(self.action),
            "github.workspace": str(self.repository), "github.event.pull_request.number": "7",
            "github.token": "secret", "steps.upload.outputs.artifact-url": "https://example.org/page",
            **{f"inputs.{name}": value for name, value in self.inputs.items()},
            **{f"steps.judge.outputs.{name}": value for name, value in self.outputs.items()},
        }  # fmt: skip
        return known.get(expression.strip(), "")

    def step(self, name, **environment):
        def filled(text):
            return re.sub(r"\$\{\{(.*?)\}\}", lambda found: self._value(found[1]), str(text))

        own = {key: filled(filled(value)) for key, value in STEPS[name].get("env", {}).items()}
        files = {key: str(self.folder / key.lower()) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", filled(STEPS[name]["run"])], cwd=self.repository, text=True,
            capture_output=True, check=False, env={**os.environ, **files, **own, **environment},
        )  # fmt: skip
        if Path(files["GITHUB_OUTPUT"]).exists():
            lines = Path(files["GITHUB_OUTPUT"]).read_text().splitlines()
            self.outputs = dict(line.split("=", 1) for line in lines)
        return done

    @property
    def summary(self):
        return (self.folder / "github_step_summary").read_text()


@pytest.fixture
def runner(tmp_path):
    return lambda **inputs: Runner(tmp_path, **inputs)


def test_a_change_for_the_worse_is_told_and_fails_the_job(runner, tmp_path, pythons):
    old, new = (interpreter(tmp_path / side, pythons["torch"], side) for side in ("old", "new"))
    other = f"--tensorflow-python={pythons['tensorflow']}"
    chosen = f'--current-python={old} --candidate-python={new} {other} -k "breaking or kept"'
    job = runner(select=chosen, **{"used-by": "src"})
    (job.repository / "src").mkdir()
    (job.repository / "src" / "model.py").write_text("import torch\ntorch.tanh(torch.ones(1))\n")
    judged = job.step("Judge")
    assert judged.returncode == 0, judged.stderr
    assert job.outputs["status"] == "1"
    assert "not safe as it is: 2 changes for the worse, in 2 of 26 items" in job.outputs["verdict"]
    assert "broke parity: breaking, `torch.tanh`" in job.summary
    assert re.search(r"used here: .*torch.tanh.* in .*model.py.*2", job.summary)
    assert job.step("Status").returncode == 1


def test_a_change_of_nothing_is_nothing_to_judge(runner):
    job = runner()
    for number, text in enumerate(("requests==2.0\n", "requests==2.1\n")):
        (job.repository / "requirements.txt").write_text(text)
        commands = (["init", "-q"], ["add", "-A"], ["commit", "-qm", str(number)])
        for command in commands:
            named = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *command]
            subprocess.run(named, cwd=job.repository, check=True, capture_output=True)
    judged = job.step("Judge", BASE="HEAD~1", HEAD="HEAD")
    assert judged.returncode == 0, judged.stderr
    assert job.outputs == {"status": "0", "verdict": "nothing to judge"}
    assert job.step("Status").returncode == 0


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (dict(candidate="torch=2"), "torch=2: is no requirement"),
        (dict(current="torch==2.13.0"), "current is given without candidate"),
        (dict(candidate="--index-url=http://example.org torch"), "is no requirement"),
        (dict(diff="no..such"), "no"),
        (dict(), "name what is to be judged"),
    ],
)
def test_what_cannot_be_judged_is_not_green(runner, inputs, said):
    job = runner(**inputs)
    judged = job.step("Judge")
    assert said in judged.stderr
    assert job.outputs.get("status") == "3" or judged.returncode == 1
    if "status" in job.outputs:
        assert job.step("Status").returncode == 3
        assert "no verdict" in job.summary


class Comments:
    """A server with the comments of one pull request, as GitHub's API has them."""

    def __init__(self, refuses=False):
        comments = self.comments = []

        class Handler(BaseHTTPRequestHandler):
            def _answer(self, content, status=200):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def _body(self):
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

            def do_GET(self):
                first = self.path.endswith("page=1")
                listed = [{"id": i, "body": body} for i, body in enumerate(comments)]
                self._answer(listed if first else [])

            def do_POST(self):
                if refuses:
                    self._answer({}, 403)
                    return
                assert self.headers["Authorization"] == "Bearer secret"
                comments.append(self._body())
                self._answer({"html_url": "https://example.org/new"})

            def do_PATCH(self):
                comments[int(self.path.rpartition("/")[2])] = self._body()
                self._answer({"html_url": "https://example.org/again"})

            def log_message(self, *arguments):
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.mark.parametrize("refuses", [False, True])
def test_one_comment_is_kept_up_to_date(runner, refuses):
    job, github = runner(token="secret"), Comments(refuses)
    github.comments.append("Looks good to me")
    reports = job.place / "parity" / "reports"
    reports.mkdir()
    environment = dict(GITHUB_API_URL=github.address, GITHUB_REPOSITORY="a/b")
    (reports / "gate.md").write_text("## Upgrade gate: first")
    done = job.step("Comment", **environment)
    assert done.returncode == 0, done.stderr
    if refuses:
        assert "::warning::no comment was written" in done.stdout
        return
    (reports / "gate.md").write_text("## Upgrade gate: second " + "long " * 20_000)
    assert job.step("Comment", **environment).stdout == "https://example.org/again\n"
    assert len(github.comments) == 2
    assert github.comments[1].startswith("<!-- framework parity gate -->\n## Upgrade gate: second")
    assert len(github.comments[1]) < 65_536
    assert "(https://example.org/page)" in github.comments[1]


def test_only_the_comment_gets_a_token_and_only_from_this_repository():
    holding = [name for name, step in STEPS.items() if "token" in json.dumps(step).lower()]
    assert holding == ["Comment"]
    assert "head.repo.full_name == github.repository" in STEPS["Comment"]["if"]
    runs = [step["run"] for step in STEPS.values() if "run" in step]
    assert not any("${{" in run for run in runs)
