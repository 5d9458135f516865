"""The clients of AWS's services, built once while the process starts."""

import os

import boto3
from botocore.config import Config

# Credentials and endpoints boto3 takes from the environment by itself.
_config = Config(
    region_name=os.environ["AWS_REGION"],
    connect_timeout=1,
    read_timeout=1.5,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    # Every parameter is built by the code here, and the service checks it as well.
    parameter_validation=False,
)

dynamodb = boto3.client("dynamodb", config=_config)
secrets_manager = boto3.client("secretsmanager", config=_config)
