"""Orders: one item each, with its transactions, written under its version and never without."""

import os

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from peer.aws import dynamodb

TABLE_NAME = os.environ["TABLE_NAME"]


class Conflict(Exception):
    """Another one wrote the order in between. `current` is what it wrote."""

    def __init__(self, current: dict | None) -> None:
        super().__init__("the order has changed")
        self.current = current


class _Deserializer(TypeDeserializer):
    """Reads numbers as integers: an order holds no others."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


_serialize = TypeSerializer().serialize
_deserialize = _Deserializer().deserialize


def read_order(key: str) -> dict | None:
    answer = dynamodb.get_item(TableName=TABLE_NAME, Key={"order_key": {"S": key}}, ConsistentRead=True)
    return _from_item(answer.get("Item"))


def create_order(order: dict) -> dict:
    """Writes an order that must not be there yet."""
    return _put(order | {"version": 1}, ConditionExpression="attribute_not_exists(order_key)")


def replace_order(order: dict) -> dict:
    """Writes an order over the version that it was made from."""
    return _put(
        order | {"version": order["version"] + 1},
        ConditionExpression="#version = :before",
        ExpressionAttributeNames={"#version": "version"},
        ExpressionAttributeValues={":before": {"N": str(order["version"])}},
    )


def _put(order: dict, **condition) -> dict:
    item = {name: _serialize(value) for name, value in order.items()}
    try:
        dynamodb.put_item(TableName=TABLE_NAME, Item=item, ReturnValuesOnConditionCheckFailure="ALL_OLD", **condition)
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        raise Conflict(_from_item(error.response.get("Item"))) from None
    return order


def _from_item(item: dict | None) -> dict | None:
    return {name: _deserialize(value) for name, value in item.items()} if item else None
