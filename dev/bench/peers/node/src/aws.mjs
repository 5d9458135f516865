// The clients of AWS's services, built once while the process starts.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

// Region, credentials and endpoints come from the environment. Connections are kept alive by default.
const config = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
};

export const dynamodb = new DynamoDBClient(config);
export const secretsManager = new SecretsManagerClient(config);
