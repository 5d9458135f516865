<?php
// A receiver in PHP, without a library: WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:4242 receiver.php

function genuine(string $id, string $stamp, string $signatures, string $body): bool
{
    $secret = base64_decode(substr(getenv('WEBHOOK_SECRET'), strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", $secret, true));
    $genuine = false;
    foreach (explode(' ', $signatures) as $one) {
        $genuine = hash_equals($expected, $one) || $genuine;
    }
    return $genuine && abs(time() - (int) $stamp) < 300;
}

$header = fn (string $name): string => $_SERVER['HTTP_WEBHOOK_' . $name] ?? '';
$body = file_get_contents('php://input');
if (genuine($header('ID'), $header('TIMESTAMP'), $header('SIGNATURE'), $body)) {
    $event = json_decode($body, true);
    file_put_contents('php://stdout', $event['type'] . ' ' . $event['data']['id'] . "\n");
    http_response_code(204);
} else {
    http_response_code(401);
}
