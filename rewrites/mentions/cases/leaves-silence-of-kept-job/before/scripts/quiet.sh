#!/bin/sh
job=$1
amtool silence add \
    --comment="work on $job" \
    job="$job"
