<?php
// The life of a payment of the credit-card API with PHP's XML extensions, against a stack that
// runs: DOM writes requests, with a prefix on every element, and reads responses; then SimpleXML
// does, in the default namespace. Every response has to have the elements of the model, in its
// namespace.
//
//   php life.php http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator
//
// Needs php-xml. The stack has to be this machine's own: the simulator's settlement is run.

const MODELS = 'http://schemas.datacontract.org/2004/07/Payments.Api.Models';
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
const VISA = '4788250000121443';
const NO_FUNDS = '4387751111111053';

// The members of Response that are always there, in the order of the serializer.
const RESPONSE = [
    'Advice', 'ApprovedAmount', 'AuthCode', 'AvsResultCode', 'CapturedAmount', 'CardType', 'CustomerId',
    'CvvResultCode', 'DeclineCode', 'DiscountedAmount', 'LiveMode', 'ProfileId', 'RefundedAmount',
    'ResponseCode', 'ResponseCodeText', 'TransactionID', 'TransactionReference',
];

// What is not an error to PHP by itself is one here.
set_error_handler(function (int $level, string $message): never {
    throw new ErrorException($message);
});

/** Turns arrays into XML and XML into arrays; a null is an element with i:nil. */
interface Format
{
    public function write(array $request): string;

    public function read(string $xml): array;
}

// DOM, with a prefix, and comments and an extension of the client's own, which mean nothing to the
// API.
final class WithDom implements Format
{
    public function write(array $request): string
    {
        $document = new DOMDocument('1.0', 'UTF-8');
        $document->formatOutput = true;
        $root = $document->createElementNS(MODELS, 'pay:CardTransactionBindingModel');
        $root->setAttributeNS(INSTANCE, 'xsi:schemaLocation', MODELS . ' models.xsd');
        $document->appendChild($root);
        $root->appendChild($document->createComment(' written by DOM '));
        $this->append($document, $root, $request);
        $note = $document->createElementNS('urn:example:till', 'till:Note');
        $note->appendChild($document->createElementNS('urn:example:till', 'till:Desk', '3'));
        $root->getElementsByTagNameNS(MODELS, 'Request')->item(0)->appendChild($note);
        return $document->saveXML();
    }

    private function append(DOMDocument $document, DOMElement $parent, array $members): void
    {
        foreach ($members as $name => $value) {
            $element = $parent->appendChild($document->createElementNS(MODELS, "pay:$name"));
            if (is_array($value)) {
                $this->append($document, $element, $value);
            } elseif ($value === null) {
                $element->setAttributeNS(INSTANCE, 'xsi:nil', 'true');
            } else {
                $element->appendChild($document->createTextNode($value));
            }
        }
    }

    public function read(string $xml): array
    {
        $document = new DOMDocument();
        $document->loadXML($xml, LIBXML_NONET | LIBXML_PEDANTIC);
        same([MODELS, 'CardTransactionOutgoingModel'], [
            $document->documentElement->namespaceURI, $document->documentElement->localName,
        ]);
        return $this->members($document->documentElement);
    }

    private function members(DOMElement $parent): array
    {
        $members = [];
        foreach ($parent->childNodes as $child) {
            same([XML_ELEMENT_NODE, MODELS], [$child->nodeType, $child->namespaceURI]);
            $isNil = $child->getAttributeNS(INSTANCE, 'nil') === 'true';
            $isObject = $child->firstElementChild !== null;
            $members[$child->localName] =
                $isNil ? null : ($isObject ? $this->members($child) : $child->textContent);
        }
        return $members;
    }
}

/** SimpleXML, in the default namespace. What is null is left out. */
final class WithSimpleXml implements Format
{
    public function write(array $request): string
    {
        $root = new SimpleXMLElement('<CardTransactionBindingModel xmlns="' . MODELS . '"/>');
        $this->append($root, $request);
        return $root->asXML();
    }

    private function append(SimpleXMLElement $parent, array $members): void
    {
        foreach ($members as $name => $value) {
            if (is_array($value)) {
                $this->append($parent->addChild($name), $value);
            } elseif ($value !== null) {
                // Not addChild($name, $value), which takes an ampersand for markup.
                $parent->{$name} = $value;
            }
        }
    }

    public function read(string $xml): array
    {
        $root = new SimpleXMLElement($xml, LIBXML_NONET | LIBXML_PEDANTIC);
        same('CardTransactionOutgoingModel', $root->getName());
        same(['i' => INSTANCE, '' => MODELS], $root->getDocNamespaces(true));
        return $this->members($root);
    }

    private function members(SimpleXMLElement $parent): array
    {
        $members = [];
        foreach ($parent->children(MODELS) as $name => $child) {
            $isNil = (string) $child->attributes(INSTANCE)['nil'] === 'true';
            $isObject = $child->children(MODELS)->count() > 0;
            $members[$name] = $isNil ? null : ($isObject ? $this->members($child) : (string) $child);
        }
        return $members;
    }
}

/** A client that sends and reads one format. */
final class Client
{
    public function __construct(private string $host, private Format $format, private string $key = '467512342123')
    {
    }

    /** Sends a request and returns Message and Response. */
    public function send(string $route, array $request, int $status, string $mediaType = 'text/xml'): array
    {
        $body = $this->format->write([
            'Request' => $request,
            'Authentication' => ['Id' => '170200123', 'Key' => $this->key],
        ]);
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => ["Content-Type: $mediaType", 'Accept: text/xml'],
            'content' => $body,
            'ignore_errors' => true,
        ]]);
        $xml = file_get_contents("$this->host/api/v1/payments/creditcard/$route", false, $context);
        $headers = array_map('strtolower', $http_response_header);
        same("$status", explode(' ', $headers[0])[1], "$route: $xml");
        same(true, in_array('content-type: text/xml; charset=utf-8', $headers, true), implode("\n", $headers));
        $model = $this->format->read($xml);
        same(['Message', 'Response'], array_keys($model));
        same(['Code', 'Description'], array_keys($model['Message']));
        same(RESPONSE, array_keys($model['Response']));
        return $model;
    }
}

function same(mixed $expected, mixed $found, string $about = ''): void
{
    if ($expected !== $found) {
        throw new Exception('expected ' . json_encode($expected) . ', found ' . json_encode($found) . " $about");
    }
}

function payment(string $type, string $reference, string $card): array
{
    return [
        'TransactionType' => $type,
        'TransactionReference' => $reference,
        'Name' => "Zoë O\u{2019}Hara & Sons <Ltd>",
        'Email' => null,
        'Card' => ['ExpiryDate' => '10/31', 'CardNumber' => $card, 'CVV' => '112'],
        // The country has no postal codes.
        'BillingAddress' => ['Country' => "Côte d\u{2019}Ivoire", 'City' => 'Abidjan', 'Zip' => ''],
        'CurrencyCode' => 'USD',
        'CaptureMethod' => '2',
        'Amount' => number_format(20.5, 2, '.', ''),
    ];
}

function followUp(string $id, string $reference, ?string $amount, ?string $type = null): array
{
    return [
        'TransactionType' => $type, 'TransactionReference' => $reference, 'TransactionID' => $id, 'Amount' => $amount,
    ];
}

/** Authorize, capture, refund, decline, void, and errors. */
function life(string $host, string $simulator, Format $format, string $reference): void
{
    $client = new Client($host, $format);
    $held = $client->send('authorize', payment('0', $reference, VISA), 200);
    same(['00', '1', '20.50', '0.00', 'false', null], [
        $held['Message']['Code'], $held['Response']['ResponseCode'], $held['Response']['ApprovedAmount'],
        $held['Response']['CapturedAmount'], $held['Response']['LiveMode'], $held['Response']['Advice'],
    ]);
    $id = $held['Response']['TransactionID'];
    $again = $client->send('authorize', payment('0', $reference, VISA), 200);
    same($held, $again, 'the same request again');

    $captured = $client->send('capture', followUp($id, $reference, '15.00'), 200);
    same('15.00', $captured['Response']['CapturedAmount']);
    file_get_contents("$simulator/settle", false, stream_context_create(['http' => [
        'method' => 'POST', 'content' => '{}', 'header' => 'Content-Type: application/json',
    ]]));
    $refunded = $client->send('refund', followUp($id, $reference, '5.00', '2'), 200);
    same(['5.00', null], [$refunded['Response']['RefundedAmount'], $refunded['Response']['AuthCode']]);

    $declined = $client->send('charge', payment('1', "$reference-d", NO_FUNDS), 200);
    same(['02', '2', 'insufficient_funds', 'retry_later'], [
        $declined['Message']['Code'], $declined['Response']['ResponseCode'],
        $declined['Response']['DeclineCode'], $declined['Response']['Advice'],
    ]);
    $other = $client->send('authorize', payment('0', "$reference-v", VISA), 200);
    $voided = $client->send('void', followUp($other['Response']['TransactionID'], $reference, null), 200);
    same('voided', $voided['Message']['Description']);

    // Errors come as the same model.
    $wrong = ['Amount' => '20.5'] + payment('0', "$reference-w", VISA);
    same(['16', '3'], codes($client->send('authorize', $wrong, 400)));
    $yen = ['CurrencyCode' => 'JPY'] + payment('0', "$reference-y", VISA);
    same(['46', '3'], codes($client->send('authorize', $yen, 200)));
    same(['32', '3'], codes($client->send('status', followUp("$reference-u", $reference, null), 200)));
    same(['12', '3'], codes($client->send('authorize', $wrong, 415, 'application/soap+xml')));
    same(['30', '3'], codes($client->send('sale', $wrong, 404)));
    $stranger = new Client($host, $format, 'wrong-wrong-wrong');
    same(['20', '3'], codes($stranger->send('authorize', $wrong, 401)));
}

function codes(array $model): array
{
    return [$model['Message']['Code'], $model['Response']['ResponseCode']];
}

[, $host, $simulator] = $argv;
foreach (['dom' => new WithDom(), 'simplexml' => new WithSimpleXml()] as $name => $format) {
    life($host, $simulator, $format, "php-$name-" . bin2hex(random_bytes(6)));
    echo get_class($format), ": a payment was authorized, captured, refunded, declined, voided\n";
}
