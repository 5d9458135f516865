// An address with TLS for a stack without: releases of the SDK up to 4.4.0 call nothing else.
//
//   openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost \
//     -addext subjectAltName=DNS:localhost -days 1 -keyout key.pem -out cert.pem
//   node tls.js key.pem cert.pem http://127.0.0.1:3000        # prints https://localhost:…
//   NODE_EXTRA_CA_CERTS=cert.pem node life.js … https://localhost:… …
'use strict'

const fs = require('fs')
const net = require('net')
const { pipeline } = require('stream')
const tls = require('tls')

const [key, cert, api] = process.argv.slice(2)
const { hostname, port } = new URL(api)

const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, client => {
  const stack = net.connect(port, hostname)
  // Whichever side ends, or fails, the other one's connection is over, too.
  pipeline(client, stack, client, () => {})
})
server.listen(0, '127.0.0.1', () => console.log(`https://localhost:${server.address().port}`))
