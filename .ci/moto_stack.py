"""The template as stacks in moto's CloudFormation: one for each stage, created and then updated with other parameters.

Usage: moto_stack.py ENDPOINT TEMPLATE [RELEASED_TEMPLATE...]

Checks that everything is created that moto knows, that the tables are as the template says, and that no update, of a
parameter or from a release's template, replaces what holds data. A made-up successor of the template keeps these checks
honest: an update to one that only adds must pass, and back again, and one that loses or replaces data must not. Prints
what moto does not know.
"""

import json
import sys
from copy import deepcopy
from pathlib import Path

import boto3
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

REGION = "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"
VAULT = f"arn:aws:backup:{REGION}:210987654321:backup-vault:tollgate"
STAGES = {
    "dev": {},
    # With the console, which the other stacks do not have.
    "staging": {
        "Webhooks": "true",
        "Issuer": "https://id.example",
        "SignInRevision": "1",
        "ConsoleEnabled": "true",
        "ConsoleUrl": "https://console.shop.example",
        "ConsoleApiUrl": "https://pay.shop.example",
    },
    "prod": {"PageTopicArn": TOPIC, "TicketTopicArn": TOPIC, "WithoutFront": "true", "Events": "true", "BackupVaultArn": VAULT, "CorsOrigins": "https://shop.example.com"},
}
# The parameters that an operator may change later.
CHANGES = {"Journal": "false", "Webhooks": "true", "Size": "large", "Revision": "second"}
# moto 5 has no CloudFormation support for these: these resources are made on AWS only.
UNKNOWN = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::InsightRule",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::Scheduler::Schedule",
    "AWS::SecretsManager::Secret",
}
# moto cannot fill in an alarm's ARN, and the dashboard names all of them.
LEFT_OUT = {"AWS::CloudWatch::Dashboard"}
DATA = {"AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::Backup::BackupVault"}
# Resources that hold data, and the properties whose change replaces them.
REPLACED_BY = {
    "AWS::Backup::BackupVault": ["BackupVaultName", "EncryptionKey"],
    "AWS::DynamoDB::Table": ["TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"],
    "AWS::Logs::LogGroup": ["LogGroupName"],
    "AWS::SQS::Queue": ["QueueName", "FifoQueue"],
}


class NoManagedPolicies(ManagedPolicyLoader):
    """No function names a managed policy, so none is looked up."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def read(path):
    return yaml_parse(Path(path).read_text())


def transformed(template):
    """A template as CloudFormation gets it, with SAM's resources made into plain ones."""
    template = deepcopy(template)
    # Nothing is uploaded: no code runs there.
    template["Globals"]["Function"]["CodeUri"] = "s3://code/code.zip"
    template = transform(template, {}, NoManagedPolicies())
    text = json.dumps(template)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Alias":
            # The function itself, in its place.
            function = resource["Properties"]["FunctionName"]
            text = text.replace(json.dumps({"Ref": name}), json.dumps(function))
    template = json.loads(text)
    resources = template["Resources"]
    left_out = {name for name, resource in resources.items() if resource["Type"] in LEFT_OUT}
    for name in left_out:
        del resources[name]
    outputs = template["Outputs"]
    template["Outputs"] = {name: it for name, it in outputs.items() if not any(gone in str(it) for gone in left_out)}
    return template


def without_console(template):
    template = deepcopy(template)
    for part in ["Resources", "Outputs"]:
        template[part] = {name: it for name, it in template[part].items() if it.get("Condition") != "ServesConsole"}
    return template


# moto takes a member of a list that is no value for a None.
ONLY_WITH_CONSOLE = {"Fn::If": ["ServesConsole", {"Ref": "ConsoleFunctionRole"}, {"Ref": "AWS::NoValue"}]}


class Stack:
    def __init__(self, aws, template, stage):
        self.cloudformation, self.dynamodb = aws("cloudformation"), aws("dynamodb")
        self.template, self.name = template, f"tollgate-{stage}"
        self.parameters = {"Stage": stage, **STAGES[stage]}

    def _arguments(self):
        named = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        body = json.dumps(self.template)
        if not self.has_console():
            body = body.replace(f", {json.dumps(ONLY_WITH_CONSOLE)}", "")
        return {"StackName": self.name, "TemplateBody": body, "Parameters": named, "Capabilities": ["CAPABILITY_IAM"]}

    def has_console(self):
        return self.parameters.get("ConsoleEnabled", "false") == "true"

    def create(self):
        self.cloudformation.create_stack(**self._arguments())

    def update(self, parameters):
        self.parameters.update(parameters)
        if not self.has_console():
            # On updates, moto also reads the resources that a condition leaves out.
            self.template = without_console(self.template)
        self.cloudformation.update_stack(**self._arguments())

    def resources(self):
        """What there is, by its logical id: type and physical id."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        all_of_them = [it for page in pages for it in page["StackResourceSummaries"] if "PhysicalResourceId" in it]
        return {it["LogicalResourceId"]: (it["ResourceType"], it["PhysicalResourceId"]) for it in all_of_them}

    def data(self):
        return {name: made for name, made in self.resources().items() if made[0] in DATA}

    def missing(self):
        """The types of what was not made, without what a condition leaves out."""
        made = self.resources()
        declared = self.template["Resources"].items()
        return {it["Type"] for name, it in declared if name not in made and "Condition" not in it}

    def check_tables(self):
        declared = {name: it for name, it in self.template["Resources"].items() if it["Type"] == "AWS::DynamoDB::Table"}
        made = self.resources()
        conditional = {name for name, it in self.template["Resources"].items() if it.get("Condition") == "ServesConsole"}
        assert {name in made for name in conditional & declared.keys()} == {self.has_console()}, "a console that is off makes nothing"
        for name in declared.keys() & made.keys():
            resource = declared[name]
            table = self.dynamodb.describe_table(TableName=made[name][1])["Table"]
            wanted = resource["Properties"]
            assert table["KeySchema"] == wanted["KeySchema"], name
            indexes = {it["IndexName"]: it["KeySchema"] for it in table.get("GlobalSecondaryIndexes", [])}
            assert indexes == {it["IndexName"]: it["KeySchema"] for it in wanted.get("GlobalSecondaryIndexes", [])}, name
            stream = table.get("StreamSpecification", {}).get("StreamViewType")
            assert stream == wanted.get("StreamSpecification", {}).get("StreamViewType"), name
        assert len(declared) >= 4


def successor(template):
    """A made-up next release: a parameter, and a function of its own that it is given to."""
    template = deepcopy(template)
    template["Parameters"]["Successor"] = {"Type": "String", "Default": "made-up"}
    function = deepcopy(template["Resources"]["ReconcileFunction"])
    # Each schedule belongs to one function.
    function["Properties"].pop("Events")
    function["Properties"].setdefault("Environment", {}).setdefault("Variables", {})["SUCCESSOR"] = {"Ref": "Successor"}
    template["Resources"]["SuccessorFunction"] = function
    return template


def with_index(template, name):
    """The same, with an index of the orders, and the attribute that is its key."""
    template = deepcopy(template)
    table = template["Resources"]["PaymentsTable"]["Properties"]
    table["AttributeDefinitions"].append({"AttributeName": name, "AttributeType": "S"})
    key = {"AttributeName": name, "KeyType": "HASH"}
    index = {"IndexName": name, "KeySchema": [key], "Projection": {"ProjectionType": "KEYS_ONLY"}}
    table["GlobalSecondaryIndexes"].append(index)
    return template


def harmful(template):
    """Successors that lose or replace something, each with what an update to it is refused for."""
    def changed(change):
        it = deepcopy(template)
        change(it, it["Resources"]["PaymentsTable"]["Properties"])
        return it

    yield "is replaced: KeySchema", changed(lambda _, table: table["KeySchema"][0].update(AttributeName="in_doubt_at"))
    yield "is replaced: TableName", changed(lambda _, table: table.update(TableName="orders"))
    yield "JournalTable is lost", changed(lambda it, _: it["Resources"].pop("JournalTable"))
    kept = changed(lambda it, _: it["Resources"]["PaymentsTable"].update(DeletionPolicy="Delete"))
    yield "what a deletion leaves", kept
    yield "in one update", with_index(with_index(template, "one"), "another")
    yield "a deployment's saved parameters name", changed(lambda it, _: it["Parameters"].pop("AuditDays"))


def indexes(table):
    return {it["IndexName"]: it["KeySchema"] for it in table["Properties"].get("GlobalSecondaryIndexes", [])}


def check_update(previous, template):
    """An update from one template to another loses and replaces nothing that holds data. Returns what holds data.

    By what CloudFormation's reference says of each property: moto's own updates cannot be tried, as they lose a table that
    is changed in place, for instance by a stream.
    """
    data = {name: it for name, it in previous["Resources"].items() if it["Type"] in REPLACED_BY}
    assert len(data) >= 3, data
    for name, was in data.items():
        now = template["Resources"].get(name)
        assert now and now["Type"] == was["Type"], f"{name} is lost"
        for key in REPLACED_BY[was["Type"]]:
            assert was["Properties"].get(key) == now["Properties"].get(key), f"{name} is replaced: {key}"
        assert was.get("DeletionPolicy") == now.get("DeletionPolicy"), f"{name}: what a deletion leaves"
        # DynamoDB makes or removes one index with an update, and another key needs another index.
        changed = [index for index, keys in indexes(was).items() if indexes(now).get(index) != keys]
        come = indexes(now).keys() - indexes(was).keys()
        assert len(changed) + len(come) <= 1, f"{name}: indexes {changed} and {come} in one update"
    return data


def check_upgrade(release, previous, template):
    """An operator's update from a release keeps data and needs no other parameters."""
    data = check_update(previous, template)
    gone = previous["Parameters"].keys() - template["Parameters"].keys()
    assert not gone, f"a deployment's saved parameters name {gone}"
    print(f"ok an update from {release} keeps all {len(data)} that hold data: {', '.join(data)}")


def check_successors(source, template):
    """What an update is refused for is found in made-up successors, and only there."""
    following = transformed(with_index(successor(source), "made_up"))
    check_upgrade("this template to its successor", template, following)
    # Back to the old template: a rollback of the stack.
    check_update(following, template)
    for reason, broken in harmful(template):
        try:
            check_upgrade("this template", template, broken)
        except AssertionError as refused:
            assert reason in str(refused), (reason, refused)
        else:
            raise AssertionError(f"not refused: {reason}")
    print("ok an update is refused that loses or replaces data")


def main(endpoint, path, *released):
    def aws(service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **keys)

    aws("s3").create_bucket(Bucket="code")
    aws("s3").put_object(Bucket="code", Key="code.zip", Body=b"")
    source = read(path)
    template = transformed(source)
    check_successors(source, template)
    for release in released:
        check_upgrade(Path(release).stem, transformed(read(release)), template)
    following = transformed(successor(source))
    for stage in STAGES:
        stack = Stack(aws, template, stage)
        stack.create()
        missing = stack.missing()
        assert missing <= UNKNOWN, missing - UNKNOWN
        stack.check_tables()
        before = stack.data()
        assert len(before) >= 6, before
        stack.update(CHANGES)
        after = stack.data()
        assert after == before, f"replaced or removed: {before.items() ^ after.items()}"
        for there, stack.template in [(True, following), (False, template)]:
            stack.update({})
            assert ("SuccessorFunction" in stack.resources()) == there
            assert stack.data() == before
        print(f"ok {stack.name}: {len(stack.resources())} resources; updates leave all {len(before)} that hold data")
    print(f"not in moto: {', '.join(sorted(missing | LEFT_OUT))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
