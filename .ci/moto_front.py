"""`tollgate front rotate` through the AWS CLI, on moto's CloudFormation and CloudFront.

Usage: moto_front.py ENDPOINT TOLLGATE

moto's CloudFormation makes no distributions, and knows a parameter's previous value only if it was given. So the stacks are
small ones with the parameters and outputs of template.yaml and front.yaml, and the distribution is changed here, as
CloudFormation changes it.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
API, FRONT = "tollgate-fronted", "tollgate-front"
HOST = "api.execute-api.us-east-1.amazonaws.com"
FIRST = "the-secret-of-the-first-deployment-0123456789"


def digest(secret):
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")


def distribution(secret):
    headers = {"Quantity": 1, "Items": [{"HeaderName": "X-Front-Secret", "HeaderValue": secret}]}
    origin = {"Id": "api", "DomainName": HOST, "CustomHeaders": headers}
    origin["CustomOriginConfig"] = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    forwarded = {"QueryString": True, "Cookies": {"Forward": "none"}}
    behavior = {"TargetOriginId": "api", "ViewerProtocolPolicy": "https-only", "MinTTL": 0, "ForwardedValues": forwarded}
    return {
        "CallerReference": "ci", "Comment": "", "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]}, "DefaultCacheBehavior": behavior,
    }


def template(parameters, outputs):
    # A resource that changes with the stack.
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": list(parameters)[-1]}}}
    return json.dumps({
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Topic": topic},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    })


def main(endpoint, tollgate):
    of = {"endpoint_url": endpoint, "region_name": REGION, **KEYS}
    cloudformation, cloudfront = boto3.client("cloudformation", **of), boto3.client("cloudfront", **of)
    made = cloudfront.create_distribution(DistributionConfig=distribution(FIRST))
    stacks = {
        API: (
            {"Stage": "dev", "DomainName": "origin.example.com", "WithoutFront": "true", "FrontSecretDigests": ""},
            {"ApiUrl": f"https://{HOST}", "TableName": "t", "TableArn": f"arn:aws:dynamodb:{REGION}:123456789012:table/t"},
        ),
        FRONT: (
            {"Stage": "dev", "OriginDomain": HOST, "OriginSecret": FIRST},
            {"Url": "https://pay.example.com", "DistributionId": made["Distribution"]["Id"]},
        ),
    }
    for name, (parameters, outputs) in stacks.items():
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.create_stack(StackName=name, TemplateBody=template(parameters, outputs), Parameters=given)

    def parameter(stack, name):
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
        return next(one["ParameterValue"] for one in found if one["ParameterKey"] == name)

    tools = Path(sys.executable).parent
    variables = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": endpoint,
                 "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

    def rotate():
        command = [tollgate, "front", "rotate", FRONT, "--stack", API, "--yes"]
        ran = subprocess.run(command, env=variables, capture_output=True, text=True)
        print(ran.stdout + ran.stderr)
        assert FIRST not in ran.stdout + ran.stderr
        return ran.returncode, ran.stderr

    # The first time the API only begins to require the front.
    assert rotate()[0] == 0
    assert (parameter(API, "FrontSecretDigests"), parameter(API, "WithoutFront")) == (digest(FIRST), "false")
    assert parameter(API, "DomainName") == "origin.example.com"
    # The second time another secret is deployed, and as no distribution changes here, both secrets
    # stay admitted.
    code, said = rotate()
    assert code == 6 and "does not send the new secret" in said, said
    secret = parameter(FRONT, "OriginSecret")
    assert secret != FIRST and secret not in said
    assert parameter(API, "FrontSecretDigests") == f"{digest(FIRST)},{digest(secret)}"
    # When the distribution changes, the rest is done.
    cloudfront.update_distribution(
        Id=made["Distribution"]["Id"], IfMatch=made["ETag"], DistributionConfig=distribution(secret)
    )
    assert rotate()[0] == 0
    assert parameter(API, "FrontSecretDigests") == digest(secret)


if __name__ == "__main__":
    main(*sys.argv[1:])
