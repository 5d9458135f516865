"""A table from an export to S3, with the keys, indexes and stream of the template's.

Usage: moto_restore.py ENDPOINT TABLE BUCKET

On AWS `import-table` does it. moto's reads only some of the lines, so they are read and put here.
"""

import base64
import gzip
import json
import sys
from pathlib import Path

import boto3
from samtranslator.yaml_helper import yaml_parse

SETTINGS = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"]


def value(typed):
    """What the export has, as the client takes it: bytes are Base64 there."""
    ((kind, it),) = typed.items()
    if kind == "B":
        return {kind: base64.b64decode(it)}
    if kind == "M":
        return {kind: {name: value(member) for name, member in it.items()}}
    if kind == "L":
        return {kind: [value(member) for member in it]}
    return typed


def main(endpoint, table, bucket):
    def aws(service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=endpoint, **keys)

    dynamodb, s3 = aws("dynamodb"), aws("s3")
    properties = yaml_parse(Path("template.yaml").read_text())["Resources"]["PaymentsTable"]["Properties"]
    stream = {"StreamEnabled": True} | properties["StreamSpecification"]
    settings = {name: properties[name] for name in SETTINGS}
    dynamodb.create_table(TableName=table, StreamSpecification=stream, **settings)
    files = [it["Key"] for it in s3.list_objects_v2(Bucket=bucket)["Contents"] if it["Key"].endswith(".gz")]
    items = 0
    for name in files:
        text = gzip.decompress(s3.get_object(Bucket=bucket, Key=name)["Body"].read()).decode()
        for line in text.splitlines():
            item = json.loads(line)["Item"]
            dynamodb.put_item(TableName=table, Item={name: value(it) for name, it in item.items()})
            items += 1
    print(f"{items} items of {len(files)} files")


main(*sys.argv[1:])
