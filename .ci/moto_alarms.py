"""Every alarm of the template rings once, at its topic, and is quiet just below its limit.

Usage: moto_alarms.py TEMPLATE RUN_BOOK

The template becomes a stack in moto's CloudFormation, which resolves conditions, references and
topics. Each alarm is read back from moto's CloudWatch, and alarm_state.py evaluates it on the data
of its scenarios. Data do not go through moto, whose `get_metric_data` ignores a metric's namespace
and has no percentiles.
"""

import json
import logging
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import boto3
from moto import mock_aws
from moto.core.common_models import CloudFormationModel

import alarm_state
from moto_stack import REGION, Stack, read, transformed

ALARMS_MAX = 38
STAGE = "staging"
PAGE, TICKET = (f"arn:aws:sns:{REGION}:123456789012:{name}" for name in ["page", "ticket"])
TOPICS = {"PageTopicArn": PAGE, "TicketTopicArn": TICKET}


@dataclass
class Scenario:
    """Data that ring an alarm, and data just below. `deployed` says what the keys are."""

    hazard: str
    rings: dict
    quiet: list


def once(*values):
    return {0: values}


def count(events):
    """A sample for each event."""
    return {0: [1] * events}


def steady(values, minutes, every=1, start=0):
    return {minute: values for minute in range(start, start + minutes, every)}


def silent_until(minute):
    return {minute: []}


def each(hazard, metrics, rings, *quiet):
    return [Scenario(hazard, {metric: rings}, [{metric: it} for it in quiet]) for metric in metrics]


def at_least(events, percent, hazard, part, whole):
    """The limits are a number of events and a percentage of a whole."""
    exactly = events * 100 // percent
    quiet = [{part: count(events), whole: count(exactly)}, {part: count(events - 1), whole: count(events - 1)}]
    return [Scenario(hazard, {part: count(events), whole: count(exactly - 1)}, quiet)]


def of(metric, functions):
    return [f"AWS/Lambda {metric} FunctionName={function}Function" for function in functions.split()]


def operations(kind, outcomes):
    return [f"Operations Kind={kind} Outcome={outcome}" for outcome in outcomes.split()]


PAYING = "Token Orders Payments Authorize Purchase Capture Refund Void Confirm"
THROTTLED = "Token Payments PaymentMethods Authorize Purchase Capture Refund Void Confirm"
BESIDES = "PaymentMethods Transactions Switches Deliveries People Journal Events Webhooks Console"
INDEXES = ["", *(f" GlobalSecondaryIndexName={index}" for index in ["in-doubt", "captures-due", "listed"])]
TABLES = [f"AWS/DynamoDB {kind}ThrottleEvents TableName=PaymentsTable{index}" for kind in ["Write", "Read"] for index in INDEXES]
TABLES += [f"AWS/DynamoDB WriteThrottleEvents TableName={table}" for table in ["AttemptsTable", "JournalTable"]]
RECONCILE, CAPTURES, TOTALS, SETTLEMENT = of("Invocations", "Reconcile ScheduledCapture Totals Settlement")
RECONCILE_ERRORS, CAPTURE_ERRORS = of("Errors", "Reconcile ScheduledCapture")
RUNS = {RECONCILE: steady([1], 41), CAPTURES: steady([1] * 4, 41)}
MISSED_RUNS = "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=MissedRuns"
CALLS, LATENCY = "AWS/ApiGateway Count ApiId=HttpApi", "AWS/ApiGateway Latency ApiId=HttpApi"
FINDINGS = "AWS/Logs LogEventsWithFindings LogGroupName=FunctionLogs"
BEHIND, FAILED, UNREAD = "TotalsBehind", "TotalsFailed", "SettlementUnread"
TOTALS_ERRORS, SETTLEMENT_ERRORS = of("Errors", "Totals Settlement")
MERCHANTS = ["MerchantsStale", "MerchantsRefused", "GatewayRefusedCredentials"]

# Of our metrics, no sample is 0.
PAGES = {
    "ServerErrorsAlarm": at_least(5, 2, "requests get 5xx", "ServerErrors", "Requests"),
    "RequestFunctionErrorsAlarm": sum(
        (at_least(3, 1, "a function for payments crashes", metric, "Requests") for metric in of("Errors", PAYING)),
        [Scenario("several crash", dict.fromkeys(of("Errors", "Token Orders Void"), count(1)) | {"Requests": count(299)}, [])]),
    "ScheduledFunctionErrorsAlarm": [
        *at_least(2, 5, "inquiries crash", RECONCILE_ERRORS, RECONCILE), *at_least(2, 5, "captures crash", CAPTURE_ERRORS, CAPTURES),
        Scenario("both crash", {RECONCILE_ERRORS: count(1), CAPTURE_ERRORS: count(1), RECONCILE: count(19), CAPTURES: count(20)},
                 [{RECONCILE_ERRORS: count(1), CAPTURE_ERRORS: count(1), RECONCILE: count(20), CAPTURES: count(20)}])],
    # Within ten minutes, at which these data end.
    "MissedRunsAlarm": [
        Scenario("inquiries have ended", RUNS | {RECONCILE: steady([1], 30)}, [RUNS, RUNS | {RECONCILE: steady([1], 41, every=5)}]),
        Scenario("captures have ended", RUNS | {CAPTURES: steady([1], 30)}, [RUNS | {CAPTURES: steady([1], 41, every=9)}]),
        Scenario("all inquiries crash", RUNS | {RECONCILE_ERRORS: steady([1], 11, start=30)},
                 [RUNS | {RECONCILE_ERRORS: steady([1], 9, start=30)}]),
        Scenario("all captures crash", RUNS | {CAPTURE_ERRORS: steady([1] * 4, 11, start=30)},
                 [RUNS | {CAPTURE_ERRORS: steady([1] * 3, 41)}]),
        Scenario("both have ended", {RECONCILE: steady([1], 30), CAPTURES: steady([1], 30) | silent_until(60)}, [])],
    "GatewayTimeoutsAlarm": at_least(5, 5, "the gateway does not respond", "GatewayTimeouts", "GatewayCalls"),
    "GatewayCredentialsAlarm": at_least(5, 5, "the gateway refuses merchants", "GatewayRefusedCredentials", "GatewayCalls"),
    "CaptureFailuresAlarm": [
        Scenario("scheduled captures fail", {metric: count(10), "CapturesDone": count(39)},
                 [{metric: count(10), "CapturesDone": count(40)}, {metric: count(9)}])
        for metric in ["CapturesDeclined", "CapturesLapsed", "CapturesFailed"]
    ] + [Scenario("none is made", {"CapturesFailed": count(10)}, [])],
    "DeclineRatioAlarm": [
        Scenario("stolen cards are tested", {declined: count(51), approved: count(50)},
                 [{declined: count(50), approved: count(50)}, {declined: count(20)}])
        for declined, approved in (operations(kind, "declined approved") for kind in ["purchase", "authorize"])],
    "RefundsAlarm": each("a merchant's key refunds", operations("refund", "approved pending"), count(101), count(100)),
}
TICKETS = {
    "SideFunctionErrorsAlarm": each("a function besides payments crashes", of("Errors", BESIDES), count(3), count(2))
    + [Scenario("several crash", dict.fromkeys(of("Errors", "Switches Journal Events"), count(1)), [])],
    "FunctionThrottlesAlarm": [
        Scenario("requests exceed the concurrency", {metric: steady([1] * 10, 2), CALLS: steady([1] * 999, 2)},
                 [{metric: steady([1] * 10, 2), CALLS: steady([1] * 1000, 2)}, {metric: steady([1] * 9, 2), CALLS: steady([1] * 9, 2)},
                  {metric: count(10), CALLS: count(10)}]) for metric in of("Throttles", THROTTLED)
    ] + [Scenario("of several functions", dict.fromkeys([*of("Throttles", "Token Void"), CALLS], steady([1] * 5, 2)), [])],
    "LatencyAlarm": each("responses are slow", [LATENCY], dict.fromkeys([0, 5], [100] * 98 + [10001] * 2), once(10001),
                         dict.fromkeys([0, 5], [100] * 99 + [10001]), dict.fromkeys([0, 5], [100] * 98 + [10000] * 2)),
    "TableThrottlesAlarm": each("DynamoDB throttles", TABLES, count(11), count(10))
    + [Scenario("several tables", dict.fromkeys(TABLES, count(2)), [])],
    "PaymentsStoppedAlarm": each("payments are stopped", ["PaymentsStopped"], count(1)),
    "InDoubtAlarm": each("many payments are in doubt", ["InDoubtDue"], steady([21], 3), steady([20, 20], 9), steady([21], 2)),
    "OldestInDoubtAlarm": each("a payment stays in doubt", ["OldestInDoubtAge"], once(3601), once(3600, 3600)),
    "UnreadableItemsAlarm": each("an item is damaged", ["UnreadableItems", "JournalParked", "JournalDifferences"], count(1)),
    "MissedRunsQueueAlarm": each("a run failed", [MISSED_RUNS], once(1), once(0)),
    "OldestDueCaptureAlarm": each("captures wait", ["OldestDueCaptureAge"], steady([901], 3), steady([900, 900], 9), steady([901], 2)),
    "MerchantsAlarm": each("a merchant cannot pay", MERCHANTS, count(3), count(2))
    + [Scenario("for several reasons", dict.fromkeys(MERCHANTS, count(1)), [])],
    "WrongKeysAlarm": each("a key is guessed", ["WrongKeys"], count(21), count(20)),
    "SignInsRefusedAlarm": each("somebody tries to sign in", ["SignInsRefused"], count(11), count(10)),
    "LimitsExceededAlarm": each("people try more than they may", ["LimitsExceeded"], count(6), count(5)),
    "UnauthorizedAlarm": each("tokens are made up", ["Unauthorized"], count(201), count(200)),
    "TooManyRequestsAlarm": each("a client floods the API", ["TooManyRequests"], count(101), count(100)),
    "MerchantDeclinesAlarm": each("one shop is attacked", ["ExcessDeclines"], once(20), once(19, 19)),
    "RefundsByPersonAlarm": each("a person refunds", ["refunds-by-person MaxContributorValue"], count(21), count(20)),
    "CardDataFindingsAlarm": each("a log line holds card data", [FINDINGS, f"{FINDINGS} DataProtectionOperation=Audit"], count(1)),
    "StreamsBehindAlarm": each("a stream is not read", of("IteratorAge", "Journal Events Webhooks"),
                               steady([900_001], 3), steady([900_000, 900_000], 9), steady([900_001], 2)),
    "TotalsBehindAlarm": [
        Scenario("totals do not catch up", {TOTALS: count(1), BEHIND: once(3600)}, [{TOTALS: count(2), BEHIND: once(3599, 3599)}]),
        Scenario("runs fail", {TOTALS: count(60), FAILED: count(60)}, [{TOTALS: count(60), FAILED: count(59)}]),
        Scenario("all runs crash", {TOTALS: count(60), TOTALS_ERRORS: count(60)}, [{TOTALS: count(60), TOTALS_ERRORS: count(59)}]),
        Scenario("totals are not run", {TOTALS: count(1) | silent_until(240)}, [{TOTALS: steady([1], 240, every=15)}])],
    "SettlementUnreadAlarm": [
        Scenario("an account is not read", {SETTLEMENT: count(1), UNREAD: once(86400)}, [{SETTLEMENT: count(2), UNREAD: once(86399, 86399)}]),
        Scenario("all runs crash", {SETTLEMENT: count(3), SETTLEMENT_ERRORS: count(3)}, [{SETTLEMENT: count(3), SETTLEMENT_ERRORS: count(2)}]),
        Scenario("settlement is not run", {SETTLEMENT: count(1) | silent_until(720)}, [{SETTLEMENT: steady([1], 720, every=60)}])],
    "SettlementExceptionsAlarm": each("money does not arrive", ["SettlementExceptions"], once(21), once(20, 20)),
    "WebhooksAlarm": each("a receiver gets nothing", ["WebhooksParked", "WebhookDocumentsUnreadable"], count(1)),
}


class MotoAlarm(CloudFormationModel):
    """The resource type that moto's CloudFormation lacks. Its properties are parameters of the API."""

    # moto derives the service from it.
    __module__ = "moto.cloudwatch.models"

    @staticmethod
    def cloudformation_type():
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(cls, name, resource, *_, **__):
        properties = resource["Properties"]
        properties["Threshold"] = float(properties["Threshold"])
        if "Metrics" in properties:
            # moto takes a member of a list that is no value for a None.
            properties["Metrics"] = [metric for metric in properties["Metrics"] if metric]
        boto3.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
        alarm = cls()
        alarm.physical_resource_id = name
        return alarm


@mock_aws
def deployed(template, parameters):
    """The alarms of a new stack by their names in the template, and what makes their metrics keys: a
    namespace other than ours, the metric, and dimensions except the stage, with names in the template."""
    boto3.client("s3").create_bucket(Bucket="code")
    boto3.client("s3").put_object(Bucket="code", Key="code.zip", Body=b"")
    stack = Stack(boto3.client, template, STAGE)
    stack.parameters.update(parameters)
    stack.create()
    logical = {physical.rsplit("/", 1)[-1]: name for name, (_, physical) in stack.resources().items()}

    def key(metric):
        if "Rule" in metric:
            return f"{metric['Rule'].removeprefix(f'{stack.name}-')} {metric['MetricName']}"
        namespace = [] if metric["Namespace"] == "Tollgate" else [metric["Namespace"]]
        dimensions = [f"{it['Name']}={logical.get(it['Value'], it['Value'])}" for it in metric["Dimensions"]]
        assert namespace or dimensions.pop(0) == f"Stage={STAGE}", metric
        return " ".join([*namespace, metric["MetricName"], *dimensions])

    described = boto3.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    return {logical[alarm["AlarmName"]]: alarm for alarm in described}, key


def failures(described, key, scenarios):
    """What is wrong with an alarm."""
    alarm = alarm_state.Alarm(described, key)
    covered = set().union(*(scenario.rings for scenario in scenarios))
    if covered != alarm.metrics():
        yield f"it does not have {covered - alarm.metrics()}, and no scenario has {alarm.metrics() - covered}"
    actions = {"ALARM": described["AlarmActions"], "INSUFFICIENT_DATA": described["InsufficientDataActions"]}
    quiet = [("a new stack", {"": silent_until(alarm.retrieved * alarm.period)})]
    quiet += [(f"just below: {scenario.hazard}", data) for scenario in scenarios for data in scenario.quiet]
    for fills_empty in [True, False]:
        def rings(data):
            return [change for change in alarm.changes(data, fills_empty) if actions.get(change[1])]

        yield from (f"quiet: {scenario.hazard}" for scenario in scenarios if not rings(scenario.rings))
        yield from (f"rings at {rings(data)}: {reason}" for reason, data in quiet if rings(data))


def page_says(run_book, name):
    """Whether the section of an alarm says where to look or what to do."""
    section = re.search(rf"^### {name}\n(.*?)(?=^#|\Z)", run_book, re.MULTILINE | re.DOTALL)
    return section and re.search(r"\*\*(Look|Do)\*\*|\| do \|", section[1])


def check_monitoring(template):
    """Which alarms there are with which parameters."""
    for monitoring, topics, expected in [
        ("none", TOPICS, {}), ("essential", TOPICS, PAGES), ("all", {}, {}),
        ("all", {"PageTopicArn": PAGE}, PAGES), ("all", {"TicketTopicArn": TICKET}, TICKETS),
    ]:
        alarms, _ = deployed(template, dict.fromkeys(TOPICS, "") | topics | {"Monitoring": monitoring})
        assert alarms.keys() == expected.keys(), (monitoring, topics, alarms.keys() ^ expected.keys())
        print(f"ok Monitoring={monitoring} with {', '.join(topics) or 'no topic'} makes {len(alarms)} alarms")


def main(path, run_book):
    logging.disable()
    warnings.simplefilter("ignore")
    alarm_state.check()
    # moto does not make APIs.
    template = json.loads(json.dumps(transformed(read(path))).replace('{"Ref": "HttpApi"}', '"HttpApi"'))
    run_book = Path(run_book).read_text()
    wrong = []
    alarms, key = deployed(template, TOPICS)
    for name in sorted(alarms.keys() | PAGES.keys() | TICKETS.keys()):
        topic, scenarios = (PAGE, PAGES[name]) if name in PAGES else (TICKET, TICKETS.get(name, []))
        if name not in alarms or not scenarios:
            wrong.append(f"{name}: no scenario or no alarm")
            continue
        found = list(failures(alarms[name], key, scenarios))
        called = {it for on in ["Alarm", "OK", "InsufficientData"] for it in alarms[name][f"{on}Actions"]}
        if not alarms[name]["AlarmActions"] or called != {topic}:
            found.append(f"it calls {called}")
        if not page_says(run_book, name):
            found.append("the run book does not say where to look or what to do")
        wrong += [f"{name}: {it}" for it in found]
        hazards = ", ".join(dict.fromkeys(scenario.hazard for scenario in scenarios))
        quiet = 1 + sum(len(scenario.quiet) for scenario in scenarios)
        if not found:
            print(f"ok {name} rang {len(scenarios)} times: {hazards}; quiet {quiet} times")
    assert not wrong, "\n".join(wrong)
    assert len(alarms) <= ALARMS_MAX, f"{len(alarms)} alarms"
    print(f"ok {len(alarms)} alarms, of at most {ALARMS_MAX}")
    check_monitoring(template)


if __name__ == "__main__":
    main(*sys.argv[1:])
