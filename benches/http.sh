#!/bin/sh
# The web beside nginx under wrk, as RESULTS.md has it: benches/http.sh [--pairs N] [--seconds S] [--dry]
exec python3 "$(dirname "$0")/run.py" "$@" http
