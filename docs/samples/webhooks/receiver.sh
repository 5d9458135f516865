#!/bin/sh
# A receiver in plain shell: one delivery, from standard input, with openssl. What listens is socat:
#
#   WEBHOOK_SECRET=whsec_… socat TCP-LISTEN:4242,bind=127.0.0.1,reuseaddr,fork EXEC:./receiver.sh
#
# For your own machine only: its other users see openssl's arguments, and with them the secret.
set -eu

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')

digest() { openssl dgst -sha256 -r; }

# Whether one of the signatures that were sent is that of the body as it came. Digests are compared,
# so that the time that it takes tells nothing of the signature.
genuine() {
  case $stamp in '' | *[!0-9]* | ????????????*) return 1 ;; esac
  now=$(date +%s)
  [ "$stamp" -gt $((now - 300)) ] && [ "$stamp" -lt $((now + 300)) ] || return 1
  expected=$(printf '%s.%s.%s' "$id" "$stamp" "$body" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  expected=$(printf 'v1,%s' "$expected" | digest)
  for one in $signatures; do
    [ "$(printf %s "$one" | digest)" = "$expected" ] && return 0
  done
  return 1
}

# Signatures are words, never patterns of file names.
set -f
id='' stamp='' signatures='' length=0
cr=$(printf '\r')
read -r _
while IFS= read -r line && line=${line%"$cr"} && [ -n "$line" ]; do
  value=${line#*: }
  case $(printf %s "${line%%:*}" | tr '[:upper:]' '[:lower:]') in
    webhook-id) id=$value ;;
    webhook-timestamp) stamp=$value ;;
    webhook-signature) signatures=$value ;;
    content-length) length=$value ;;
  esac
done
# At most 9,999,999 bytes.
case $length in '' | *[!0-9]* | ????????*) length=0 ;; esac
# With a letter after it, because a shell drops line ends that come last.
body=$(head -c "$length" && echo x)
body=${body%x}

status='401 Unauthorized'
if genuine; then
  status='204 No Content'
  printf '%s\n' "$body" >&2
fi
printf 'HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$status"
