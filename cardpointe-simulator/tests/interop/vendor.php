<?php
// Every call of the vendor's PHP client, CardConnect/php-cardconnect-api, with the members that its
// example sends. The example itself names a site, an account and a card of the vendor's that have
// expired.
//
//   php vendor.php DIRECTORY
//
// DIRECTORY is the client's, with https://github.com/educoder/pest in its subdirectory `pest`. Its
// commit fabb218 is needed: the client passes null to DELETE, which later ones do not take in PHP
// 8.

require __DIR__ . '/checks.php';

const GATEWAY = 'https://fts-uat.cardconnect.com:6443/cardconnect/rest';
const MERCHANT = '496160873888';
const PAYER = [
    'name' => 'Test User',
    'city' => 'Testville',
    'region' => 'Test State',
    'country' => 'US',
    'postal' => '11111',
];
const CARD = ['merchid' => MERCHANT, 'account' => '4788250000121443', 'expiry' => '1249'];

chdir($argv[1]);
require "$argv[1]/CardConnectRestClient.php";
$client = new CardConnectRestClient(GATEWAY, 'testing', 'testing123');

function authorize(array $change = []): array
{
    global $client;
    $paid = $client->authorizeTransaction([
        ...CARD,
        ...PAYER,
        // The example's spelling: the gateway ignores members that it does not know.
        'accttyppe' => 'VISA',
        'cvv2' => '123',
        'amount' => '100',
        'currency' => 'USD',
        'orderid' => '12345',
        'street' => '123 Test St',
        'tokenize' => 'Y',
        ...$change,
    ]);
    approved($paid, '00');
    same('1.00', $paid['amount']);
    same('9477709629051443', $paid['token']);
    same(MERCHANT, $paid['merchid']);
    same('M', $paid['cvvresp']);
    matches('/^\w{6}$/', $paid['authcode']);
    matches('/^\d{12}$/', $paid['retref']);
    return $paid;
}

function authorization(): void
{
    global $client;
    $held = authorize(['userfields' => [['Field1' => 'Value1']]]);
    $found = $client->inquireTransaction(MERCHANT, $held['retref']);
    approved($found, '00');
    same('Authorized', $found['setlstat']);
    same([['Field1' => 'Value1']], $found['userfields']);
    same('12345', $found['orderId']);
    same('1.00', $found['amount']);
    same('Test User', $found['name']);
}

function decline(): void
{
    global $client;
    $declined = $client->authorizeTransaction(['account' => '4387751111111053', 'amount' => '100'] + CARD);
    same('C', $declined['respstat']);
    same('Insufficient funds', $declined['resptext']);
    $unknown = $client->inquireTransaction(MERCHANT, '001000000000');
    same('Txn not found', $unknown['resptext']);
}

function capture(): void
{
    global $client;
    $held = authorize();
    $captured = $client->captureTransaction([
        'merchid' => MERCHANT,
        'amount' => '100',
        'currency' => 'USD',
        'retref' => $held['retref'],
        'ponumber' => '12345',
        'taxamnt' => '007',
        'shipfromzip' => '11111',
        'shiptozip' => '11111',
        'shiptocountry' => 'US',
        'postal' => '11111',
        'authcode' => '0001234',
        'invoiceid' => '0123456789',
        'orderdate' => '20140131',
        'frtamnt' => '1',
        'dutyamnt' => '1',
        'items' => [[
            'lineno' => '1',
            'material' => '12345',
            'description' => 'Item Description',
            'upc' => '0001122334455',
            'quantity' => '5',
            'uom' => 'each',
            'unitcost' => '020',
        ]],
    ]);
    approved($captured, '00');
    same('Queued for Capture', $captured['setlstat']);
    same('1.00', $captured['amount']);
    same($held['retref'], $captured['retref']);
}

// The example voids with an amount of 0. It also refunds with it, a payment that is not settled.
function all_of(string $retref): array
{
    return ['merchid' => MERCHANT, 'amount' => '0', 'currency' => 'USD', 'retref' => $retref];
}

function void(): void
{
    global $client;
    foreach ([[], ['capture' => 'Y']] as $change) {
        $retref = authorize($change)['retref'];
        $voided = $client->voidTransaction(all_of($retref));
        approved($voided, '00');
        same('REVERS', $voided['authcode']);
        same('0.00', $voided['amount']);
        same('Voided', $client->inquireTransaction(MERCHANT, $retref)['setlstat']);
    }
}

function refund_and_reports(): void
{
    global $client;
    $retref = authorize(['capture' => 'Y'])['retref'];
    $refused = $client->refundTransaction(all_of($retref));
    same('Txn not settled', $refused['resptext']);
    http(CONTROL . '/settle', []);
    $refund = $client->refundTransaction(['amount' => '100'] + all_of($retref));
    approved($refund, '00');
    same('1.00', $refund['amount']);
    matches('/^\d{12}$/', $refund['retref']);
    same(false, $refund['retref'] === $retref);
    http(CONTROL . '/settle', []);
    // Whatever day it is: a week has business days, and deposits are of those.
    http(CONTROL . '/clock', ['advance_s' => 7 * 86400]);
    $now = new DateTimeImmutable(http(CONTROL . '/clock')['now']);
    $settled = $deposited = [];
    foreach (range(0, 8) as $ago) {
        $day = $now->modify("-$ago days")->format('md');
        [$batches] = quietly(fn () => $client->settlementStatus(MERCHANT, $day));
        foreach ($batches ?: [] as $batch) {
            same([MERCHANT, 'FNOR', 'GB'], [$batch['merchid'], $batch['respproc'], $batch['hoststat']]);
            $settled += array_column($batch['txns'], 'setlstat', 'retref');
        }
        $deposit = $client->depositStatus(MERCHANT, $day);
        foreach ($deposit['txns'] ?? [] as $entry) {
            $deposited[$entry['retref']] = [$entry['action'], $entry['depamnt']];
        }
    }
    same(['Y', 'Y'], [$settled[$retref], $settled[$refund['retref']]]);
    same([['DEB', '1.00'], ['REF', '1.00']], [$deposited[$retref], $deposited[$refund['retref']]]);
    // Without an account and a day: everything that no such call has listed before.
    $entries = array_merge(...array_column($client->settlementStatus(), 'txns'));
    $new = array_column($entries, 'setlstat', 'retref');
    same(['Y', 'Y'], [$new[$retref], $new[$refund['retref']]]);
    [$nothing] = quietly(fn () => $client->settlementStatus());
    same('', $nothing);
    same(MERCHANT, $client->depositStatus()['merchid']);
}

function profiles(): void
{
    global $client;
    $saved = authorize(['profile' => 'Y'])['profileid'];
    matches('/^\d{20}$/', $saved);
    [$account] = $client->profileGet($saved, '', MERCHANT);
    same([$saved, '1', 'Y'], [$account['profileid'], $account['acctid'], $account['defaultacct']]);
    same(['Test User', '11111', '1249'], [$account['name'], $account['postal'], $account['expiry']]);
    approved($client->profileDelete($saved, '', MERCHANT), '08');

    $created = $client->profileCreate([
        ...CARD,
        ...PAYER,
        'defaultacct' => 'Y',
        'address' => '123 Test St',
    ]);
    approved($created, '09');
    same('Profile Saved', $created['resptext']);
    [$account] = $client->profileGet($created['profileid'], $created['acctid'], MERCHANT);
    same('123 Test St', $account['address']);
    approved($client->profileDelete($created['profileid'], $created['acctid'], MERCHANT), '08');
}

// The client prints the error, and returns an empty text.
function wrong_password(): void
{
    $client = new CardConnectRestClient(GATEWAY, 'testing', 'wrong');
    [$response, $printed] = quietly(fn () => $client->inquireTransaction(MERCHANT, '001000000000'));
    same('', $response);
    matches('/Unauthorized/', $printed);
}

// What a call returns and prints.
function quietly(callable $call): array
{
    ob_start();
    try {
        return [$call(), ob_get_contents()];
    } finally {
        ob_end_clean();
    }
}

function approved(array $response, string $code): void
{
    same(['A', $code], [$response['respstat'], $response['respcode']]);
}

run('authorization', 'decline', 'capture', 'void', 'refund_and_reports', 'profiles', 'wrong_password');
