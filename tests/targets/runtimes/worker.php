<?php
// The timer of backend.php, in a process of its own, as PHP has them.
while (true) {
    sleep(300);
    echo 'tick at ', time(), "\n";
}
