#!/bin/sh
# silence.sh JOB DURATION: keep Alertmanager quiet while you work on a service.
set -eu

job=${1:?usage: silence.sh JOB DURATION}
duration=${2:?usage: silence.sh JOB DURATION}

exec amtool silence add \
    --alertmanager.url=http://prospero.incus:9093 \
    --duration="$duration" \
    --comment="work on $job" \
    job="$job"
