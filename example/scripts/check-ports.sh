#!/bin/sh
# check-ports.sh: fail if a host uses a syslog port twice.
set -eu
cd "$(dirname "$0")/../ansible/inventory/host_vars"

status=0
for file in *.yml */main.yml; do
    twice=$(sed -n 's/^[a-z0-9_]*_syslog_port: *\([0-9]*\).*/\1/p' "$file" | sort | uniq -d)
    if [ -n "$twice" ]; then
        echo "$file: port used twice: $twice" >&2
        status=1
    fi
done
exit $status
