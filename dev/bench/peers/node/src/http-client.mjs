// Requests over Node's own HTTP client, which the AWS SDK uses as well. undici was tried: with one request at a time it is no
// faster, and its code would be four fifths of the bundle, which costs tens of milliseconds at start.
import http from 'node:http';
import https from 'node:https';

/** Sends a request; answers once the head of its response is there. */
export function send(url, options, body) {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body);
  });
}
