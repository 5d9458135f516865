// A client of the Lambda Runtime API, as small as it can be. AWS's own does more (tracing headers, log formats, streaming,
// reporting of errors at start), so this one is in favour of what is measured.
import { Agent } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { send } from './http-client.mjs';

/** Hands invocations to the handler, one after the other, for as long as the process lives. */
export async function serve(handler) {
  const invocations = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
  // One connection, and no time-out: the next invocation may be hours away.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  const post = async (path, body) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json' }, agent };
    // Read to its end, so that the connection can be used again.
    await text(await send(`${invocations}/${path}`, options, JSON.stringify(body)));
  };

  for (;;) {
    const next = await send(`${invocations}/next`, { agent });
    const id = next.headers['lambda-runtime-aws-request-id'];
    const deadline = Number(next.headers['lambda-runtime-deadline-ms']);
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()) };
    const event = await json(next);

    try {
      await post(`${id}/response`, await handler(event, context));
    } catch (error) {
      await post(`${id}/error`, { errorType: error.name, errorMessage: error.message });
    }
  }
}
