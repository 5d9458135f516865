// Orders: one item each, with its transactions, written under its version and never without.
import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from './aws.mjs';

const TableName = process.env.TABLE_NAME;

/** Another one wrote the order in between. `current` is what it wrote. */
export class Conflict extends Error {
  name = 'Conflict';

  constructor(current) {
    super('the order has changed');
    this.current = current;
  }
}

export async function readOrder(key) {
  const command = new GetItemCommand({ TableName, Key: { order_key: { S: key } }, ConsistentRead: true });
  const { Item } = await dynamodb.send(command);
  return Item && unmarshall(Item);
}

/** Writes an order that must not be there yet. */
export function createOrder(order) {
  return put({ ...order, version: 1 }, { ConditionExpression: 'attribute_not_exists(order_key)' });
}

/** Writes an order over the version that it was made from. */
export function replaceOrder(order) {
  return put(
    { ...order, version: order.version + 1 },
    {
      ConditionExpression: '#version = :before',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':before': { N: String(order.version) } },
    },
  );
}

async function put(order, condition) {
  const Item = marshall(order, { removeUndefinedValues: true });
  try {
    const ReturnValuesOnConditionCheckFailure = 'ALL_OLD';
    await dynamodb.send(new PutItemCommand({ TableName, Item, ReturnValuesOnConditionCheckFailure, ...condition }));
    return order;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new Conflict(error.Item && unmarshall(error.Item));
  }
}
