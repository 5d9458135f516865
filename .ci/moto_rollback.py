"""`tollgate rollback` on moto's Lambda: two deployments of a stack's functions, and back to the first.

Usage: moto_rollback.py ENDPOINT STACK TOLLGATE

moto's CloudFormation makes no aliases, so they are made here, as a deployment makes them.
"""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3

REGION = "us-east-1"
ALIAS = "live"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def code(text):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bootstrap", text)
    return archive.getvalue()


def functions(cloudformation, stack):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    all_of_them = [it for page in pages for it in page["StackResourceSummaries"]]
    return [it["PhysicalResourceId"] for it in all_of_them if it["ResourceType"] == "AWS::Lambda::Function"]


def deploy(client, names, text):
    """New code for these functions, and their aliases at the new versions, which are returned."""
    versions = {}
    for name in names:
        client.update_function_code(FunctionName=name, ZipFile=code(f"{text} {name}"))
        version = client.publish_version(FunctionName=name, Description=text)["Version"]
        try:
            client.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
        except client.exceptions.ResourceNotFoundException:
            client.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
        versions[name] = version
    return versions


def live(client, names):
    return {name: client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"] for name in names}


def main(endpoint, stack, tollgate):
    client = boto3.client("lambda", endpoint_url=endpoint, region_name=REGION, **KEYS)
    cloudformation = boto3.client("cloudformation", endpoint_url=endpoint, region_name=REGION, **KEYS)
    names = functions(cloudformation, stack)
    assert len(names) > 10, names

    first = deploy(client, names, "first")
    # Times of versions may have whole seconds only.
    between = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=2)
    while datetime.now(timezone.utc) < between:
        time.sleep(0.1)
    # One function did not change.
    changed = names[1:]
    second = first | deploy(client, changed, "second")
    assert live(client, names) == second != first

    def rollback(*more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {name.upper(): value for name, value in KEYS.items()}
        environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": REGION}
        # The AWS CLI of the same environment as this script.
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        before = between.isoformat().replace("+00:00", "Z")
        command = [tollgate, "rollback", stack, "--before", before, "--json", *more]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout, ran.stderr

    code_, shown, error = rollback("--dry-run")
    assert code_ == 0, error
    planned = {it["function"]: it["to"] for it in json.loads(shown)["functions"]}
    assert planned == {name: int(first[name]) if name in changed else None for name in names}, planned
    assert live(client, names) == second, "a dry run moves nothing"

    code_, shown, error = rollback("--yes")
    assert code_ == 0, error
    assert live(client, names) == first
    code_, _, error = rollback("--yes")
    assert code_ == 4 and "Nothing can be rolled back" in error, (code_, error)
    print(f"ok {stack}: {len(changed)} of {len(names)} functions are back at what was deployed first, and once only")


main(*sys.argv[1:])
