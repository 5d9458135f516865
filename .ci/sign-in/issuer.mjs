// A certified issuer of OpenID Connect on this machine, with two people. Prints its address.
//
//   node issuer.mjs
//
// `login_hint` says who signs in, in place of a password. `POST /accounts/ann` with `disabled` or
// `enabled` as the body takes an account away or gives it back.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import Provider from 'oidc-provider'

const people = { ann: 'ann@shop.example', eve: 'eve@shop.example' }
const disabled = new Set()

const key = (kid, type, options) =>
  ({ kid, use: 'sig', ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }) })

function account(_, sub) {
  if (!Object.hasOwn(people, sub) || disabled.has(sub)) return undefined
  return { accountId: sub, claims: () => ({ sub, email: people[sub], email_verified: true }) }
}

const settings = {
  clients: [
    {
      // A program on the person's machine: it keeps no secret, and its port changes (RFC 8252).
      client_id: 'tollgate-cli', application_type: 'native', token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/back'], id_token_signed_response_alg: 'RS256',
    },
    {
      client_id: 'tollgate-console', client_secret: 'no-secret-on-this-machine',
      redirect_uris: ['https://console.shop.example/back'], id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [key('rsa', 'rsa', { modulusLength: 2048 }), key('ec', 'ec', { namedCurve: 'P-256' })] },
  cookies: { keys: ['no-secret-on-this-machine'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  // As Cognito, Okta, Google and Entra do: the ID token has the address.
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: account,
}

const server = createServer()
await new Promise(ready => server.listen(0, '127.0.0.1', ready))
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, settings)
const standard = provider.callback()

// The end of a page with a password and a question.
async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const accountId = params.login_hint
  if (!account(null, accountId)) {
    return provider.interactionFinished(request, response, { error: 'access_denied' })
  }
  const grant = new provider.Grant({ accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(request, response, {
    login: { accountId, amr: ['pwd', 'otp'] }, consent: { grantId: await grant.save() },
  })
}

async function switchAccount(request, response) {
  const person = request.url.slice('/accounts/'.length)
  if (await text(request) === 'disabled') disabled.add(person)
  else disabled.delete(person)
  response.writeHead(204).end()
}

server.on('request', (request, response) => {
  const fail = error => { console.error(error); response.writeHead(500).end() }
  if (request.url.startsWith('/interaction/')) interact(request, response).catch(fail)
  else if (request.url.startsWith('/accounts/')) switchAccount(request, response).catch(fail)
  else standard(request, response)
})
console.log(`Ready: ${issuer}`)
