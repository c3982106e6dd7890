<?php
// Tells its clock and calls Stripe when it is asked to: the script of PHP's own server. Its timer is worker.php.
function stripe(): string
{
    $header = 'Authorization: Bearer ' . getenv('STRIPE_SECRET_KEY');
    $context = stream_context_create(['http' => ['header' => $header, 'ignore_errors' => true]]);
    $answer = @file_get_contents('https://api.stripe.com/v1/balance', false, $context);
    return $answer === false ? (error_get_last()['message'] ?? 'nothing') : explode(' ', $http_response_header[0])[1];
}

header('Date: ' . gmdate('D, d M Y H:i:s') . ' GMT');
echo $_SERVER['REQUEST_URI'] === '/stripe' ? stripe() : time();
