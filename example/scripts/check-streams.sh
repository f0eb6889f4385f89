#!/bin/sh
# check-streams.sh: ask Loki whether every application wrote in the last hour.
set -eu
loki=${LOKI_ADDR:-http://prospero.incus:3100}

ask() {
    curl -fsS "$loki/loki/api/v1/query?query=$1" | grep -q '"value"' || {
        echo "silent: $2" >&2
        return 1
    }
}

status=0
# sum(count_over_time({job="kairos"}[1h]))
ask 'sum(count_over_time(%7Bjob%3D%22kairos%22%7D%5B1h%5D))' kairos || status=1
ask 'sum(count_over_time(%7Bjob%3D%22angelia%22%7D%5B1h%5D))' angelia || status=1
ask 'sum(count_over_time(%7Bservice%3D%22athena%22%7D%5B1h%5D))' athena || status=1
exit $status
