"""When CloudWatch's alarms change their state. moto keeps alarms and never evaluates them.

After the CloudWatch user guide: "Alarm evaluation", "Configuring how CloudWatch alarms treat missing
data", "Alarm evaluation window" and "Using math expressions with CloudWatch metrics". Inferred, as
the guide leaves it open:

- CloudWatch retrieves two data points more than EvaluationPeriods, as in the guide's examples;
- an alarm is evaluated every minute, with periods that end at that minute;
- SUM, MAX and MIN of several metrics leave out those without a data point;
- a percentile is the value at its rank, without interpolation.

The guide does not say whether FILL fills a metric without any retrieved data point. An alarm has to
be right either way, so it is evaluated both ways.
"""

import ast
import math
import operator

ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
COMPARISONS = {ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le}
OPERATORS = ARITHMETIC | COMPARISONS
BREACHES = {
    "GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt, "LessThanOrEqualToThreshold": operator.le,
}
AGGREGATES = {"SUM": sum, "MAX": max, "MIN": min}
STATISTICS = {"Sum": sum, "Maximum": max, "SampleCount": len}


class Moment:
    """Metric math for one period. `series` has the value of every metric by its id, or None without a
    data point. FILL does not fill the ids in `unfilled`."""

    def __init__(self, expressions, series, unfilled=frozenset()):
        self.expressions, self.series, self.unfilled = expressions, series, unfilled

    def named(self, id):
        return self.series[id] if id in self.series else self.value(self.expressions[id])

    def value(self, node):
        match node:
            case ast.Expression(body):
                return self.value(body)
            case ast.Constant(value):
                return value
            case ast.Name(id):
                return self.named(id)
            case ast.BinOp(left, operation, right) | ast.Compare(left, [operation], [right]):
                return self._pair(operation, left, right)
            case ast.Call(ast.Name("IF"), [condition, true, false]):
                holds = self.value(condition)
                if holds is None:
                    return None
                return (self.value(true) or 0) if holds else self.value(false)
            case ast.Call(ast.Name("FILL"), [ast.Name(id), ast.Constant(filler)]):
                value = self.named(id)
                return filler if value is None and id not in self.unfilled else value
            case ast.Call(ast.Name("INSIGHT_RULE_METRIC"), [ast.Constant(rule), ast.Constant(metric)]):
                return self.series[f"{rule} {metric}"]
            case ast.Call(ast.Name(name), [ast.List(nodes)]):
                return self._aggregate(name, [self.value(node) for node in nodes])
            case ast.Call(ast.Name(name), [ast.Call(ast.Name("METRICS"), [])]):
                return self._aggregate(name, self.series.values())
        # Such as the SUM of one series over time, which the guide advises against.
        raise AssertionError(f"not used so far: {ast.unparse(node)}")

    def _pair(self, operation, left, right):
        values = [self.value(left), self.value(right)]
        # A missing value counts as 0 where the other series has one. A division by zero drops the
        # data point.
        of_series = [value for node, value in zip([left, right], values) if not isinstance(node, ast.Constant)]
        if all(value is None for value in of_series):
            return None
        try:
            return float(OPERATORS[type(operation)](*(value or 0 for value in values)))
        except ZeroDivisionError:
            return None

    def _aggregate(self, name, values):
        values = [value for value in values if value is not None]
        return AGGREGATES[name](values) if values else None


class Alarm:
    """An alarm as `describe_alarms` returns it. `name_of` makes its metrics keys of the data, which are
    lists of values by key and minute."""

    def __init__(self, described, name_of):
        self.described = described
        metric = {key: described.get(key) for key in ["Namespace", "MetricName", "Dimensions"]}
        stat = {"Metric": metric, "Stat": described.get("Statistic") or described.get("ExtendedStatistic")}
        queries = described["Metrics"] or [{"Id": "only", "Period": described["Period"], "MetricStat": stat}]
        self.stats, self.expressions, periods = {}, {}, set()
        for query in queries:
            stat = query.get("MetricStat", {})
            periods |= {query.get("Period"), stat.get("Period")} - {None}
            if stat:
                self.stats[query["Id"]] = (name_of(stat["Metric"]), stat["Stat"])
                continue
            self.expressions[query["Id"]] = ast.parse(query["Expression"], mode="eval")
            if query["Expression"].startswith("INSIGHT_RULE_METRIC"):
                _, rule, _, metric, _ = query["Expression"].split('"')
                self.stats[f"{rule} {metric}"] = (name_of({"Rule": rule, "MetricName": metric}), "Sum")
        [self.returned] = [query["Id"] for query in queries if query.get("ReturnData", True)]
        [seconds] = periods
        self.period, self.retrieved = seconds // 60, described["EvaluationPeriods"] + 2

    def metrics(self):
        return {name for name, _ in self.stats.values()}

    def points(self, data, end, fills_empty):
        """The retrieved data points of the periods before a minute, the newest first."""
        def statistic(name, stat, end):
            minutes = data.get(name, {})
            values = [value for minute in range(end - self.period, end) for value in minutes.get(minute, [])]
            if not values:
                return None
            if stat.startswith("p"):
                return sorted(values)[math.ceil(float(stat[1:]) / 100 * len(values)) - 1]
            return STATISTICS[stat](values)

        ends = [end - age * self.period for age in range(self.retrieved)]
        retrieved = [{id: statistic(*stat, end) for id, stat in self.stats.items()} for end in ends]
        empty = {id for id in self.stats if all(series[id] is None for series in retrieved)}
        unfilled = set() if fills_empty else empty
        return [Moment(self.expressions, series, unfilled).named(self.returned) for series in retrieved]

    def state(self, points):
        breaches = BREACHES[self.described["ComparisonOperator"]]
        periods = self.described["EvaluationPeriods"]
        needed = self.described.get("DatapointsToAlarm") or periods
        there = [breaches(point, self.described["Threshold"]) for point in points if point is not None][:periods]
        if sum(there) >= needed:
            return "ALARM"
        # Missing points count only where there are too few others, however old those are.
        treat = {"notBreaching": "OK", "missing": "INSUFFICIENT_DATA"}[self.described["TreatMissingData"]]
        if len(there) == periods or not all(there) or treat == "OK":
            return "OK"
        # All of too few points breach: the oldest may be the first of enough.
        oldest = max((age for age, point in enumerate(points, 1) if point is not None), default=0)
        return "ALARM" if oldest >= needed else treat

    def changes(self, data, fills_empty):
        """Its states and their minutes, from its creation to the last minute of the data."""
        state, changes = "INSUFFICIENT_DATA", []
        last = max(minute for minutes in data.values() for minute in minutes)
        for minute in range(1, last + 2):
            before, state = state, self.state(self.points(data, minute, fills_empty))
            if state != before:
                changes.append((minute, state))
        return changes


def check():
    """The guide's examples: data points, the newest last, and the states if missing points are treated
    as missing or as not breaching."""
    for needed, points, *states in [
        (3, "0-X-X", "OK", "OK"), (3, "0----", "OK", "OK"), (3, "-----", "INSUFFICIENT_DATA", "OK"),
        (3, "0XX-X", "ALARM", "ALARM"), (3, "----X", "INSUFFICIENT_DATA", "OK"), (3, "X----", "ALARM", "OK"),
        (2, "0-X-X", "ALARM", "ALARM"), (2, "00X0X", "ALARM", "ALARM"), (2, "0-X--", "OK", "OK"),
        (2, "----0", "OK", "OK"), (2, "----X", "INSUFFICIENT_DATA", "OK"),
    ]:
        for treatment, expected in zip(["missing", "notBreaching"], states, strict=True):
            alarm = Alarm({"Metrics": [], "Period": 300, "EvaluationPeriods": 3, "DatapointsToAlarm": needed, "Threshold": 0,
                           "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": treatment}, str)
            found = alarm.state([{"0": 0, "X": 1, "-": None}[point] for point in reversed(points)])
            assert found == expected, (needed, points, treatment, found)
