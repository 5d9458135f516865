<?php
// Functions that the drivers of PHP clients share. A failure of any kind ends them.

const CONTROL = 'http://127.0.0.1:4001/_simulator';

// The clients read members of responses without a check, so a missing member is a warning, which
// has to fail. They were written for earlier versions of PHP; the deprecations of PHP 8 do not
// matter.
error_reporting(E_ALL & ~E_DEPRECATED);
set_error_handler(function (int $level, string $message, string $file, int $line): bool {
    if (!(error_reporting() & $level)) {
        return true;
    }
    throw new ErrorException("$message ($file:$line)");
});

/** Gets a URL, or posts a body to it. */
function http(string $url, ?array $body = null): array
{
    $request = $body === null ? [] : [
        'method' => 'POST',
        'header' => 'Content-Type: application/json',
        'content' => json_encode((object) $body),
    ];
    return json_decode(file_get_contents($url, false, stream_context_create(['http' => $request])), true);
}

function same(mixed $expected, mixed $actual): void
{
    if ($expected !== $actual) {
        throw new Exception('expected ' . json_encode($expected) . ', not ' . json_encode($actual));
    }
}

function matches(string $pattern, string $text): void
{
    if (!preg_match($pattern, $text)) {
        throw new Exception("expected $pattern, not $text");
    }
}

/** Runs functions by their names. */
function run(string ...$checks): void
{
    foreach ($checks as $check) {
        $check();
        echo "ok $check\n";
    }
    echo count($checks), ' of ', count($checks), "\n";
}
