#!/bin/sh
exec logcli query --tail "{job=\"$1\"}"
