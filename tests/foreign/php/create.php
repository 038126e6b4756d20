<?php
// Creates a link with the client that openapi-generator made, and reads it back.
declare(strict_types=1);

require 'GuzzleHttp/autoload.php'; // Debian's php-guzzlehttp-guzzle
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'OpenAPI\\Client\\')) {
        require __DIR__ . '/client/lib/' . strtr(substr($class, 15), '\\', '/') . '.php';
    }
});
set_error_handler(static fn (int $level, string $text) => throw new ErrorException($text, 0, $level));

use OpenAPI\Client\Api\LinksApi;
use OpenAPI\Client\ApiException;
use OpenAPI\Client\Configuration;
use OpenAPI\Client\Model\LinkCreate;

function expect(bool $holds, mixed $otherwise): void
{
    if (!$holds) {
        throw new LogicException(print_r($otherwise, true));
    }
}

$configuration = (new Configuration())
    ->setHost(getenv('APPROUTE_BASE_URL'))
    ->setAccessToken(getenv('APPROUTE_API_KEY'));
$links = new LinksApi(config: $configuration);

$body = new LinkCreate(['url' => 'https://example.com/autumn', 'slug' => 'from-php', 'tags' => ['autumn']]);
$link = $links->linksCreate($body);
expect($link->getTitle() === null, $link);

$read = $links->linksGet($link->getId());
expect([$read->getUrl(), $read->getSlug(), $read->getTags()] === ['https://example.com/autumn', 'from-php', ['autumn']], $read);

try {
    $links->linksCreate($body);
    expect(false, 'the slug was taken');
} catch (ApiException $refused) {
    expect($refused->getCode() === 409, $refused);
    expect($refused->getResponseObject()->getCode() === 'slug_taken', $refused->getResponseBody());
}
echo "{$link->getShortUrl()} leads to {$read->getUrl()}\n";
