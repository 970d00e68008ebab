#!/usr/bin/env bash
# The web server beside nginx, and `get` beside curl: benches/http.sh [PAIRS] [SECONDS]
#
# Servers run on core 0 and the load on core 1, in turn, in interleaved rounds; what counts is the ratio of a round,
# and the median of the rounds. An absolute figure means nothing on another machine. Everything is on loopback, in
# a directory of its own, and ends by itself. Needs nginx, wrk, curl, python3 and taskset.
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-7}
seconds=${2:-2}

for program in nginx wrk curl python3 taskset; do
  command -v "$program" >/dev/null || { echo "skipped: needs $program"; exit 0; }
done
cargo build --quiet --release -p sock-cli
sock=$PWD/target/release/sock
place=$(mktemp -d)
started=()
finish() {
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$place"
}
trap finish EXIT

mkdir "$place/site"
head -c 1024 /dev/urandom | base64 -w 0 | head -c 1024 >"$place/site/1k.txt"
head -c 1048576 /dev/urandom >"$place/site/1m.bin"
truncate -s 1G "$place/site/1g.bin"
chmod -R a+rX "$place"

free-port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait-for() { for _ in $(seq 200); do curl -sf -o "$place/seen" "$1" && return; sleep 0.05; done; echo "no answer from $1" >&2; exit 1; }

# nginx as its own documentation would have it fast: one worker, no log, open files remembered.
nginx-on() { # NAME PORT SENDFILE
  mkdir "$place/$1"
  cat >"$place/$1/conf" <<CONF
daemon off; worker_processes 1; pid $place/$1/pid; error_log $place/$1/error;
events { worker_connections 20000; use epoll; multi_accept on; }
http {
  access_log off; sendfile $3; tcp_nopush $3; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300s;
  open_file_cache max=100 inactive=300s; open_file_cache_valid 10s; types { text/plain txt; }
  client_body_temp_path $place/$1/body; proxy_temp_path $place/$1/proxy; fastcgi_temp_path $place/$1/fastcgi;
  uwsgi_temp_path $place/$1/uwsgi; scgi_temp_path $place/$1/scgi;
  server { listen 127.0.0.1:$2 backlog=4096; root $place/site; }
}
CONF
  taskset -c 0 nginx -e "$place/$1/error" -c "$place/$1/conf" &
  started+=($!)
  wait-for "http://127.0.0.1:$2/1k.txt"
}

declare -A port id
port[sendfile]=$(free-port); nginx-on sendfile "${port[sendfile]}" on; id[sendfile]=$(pgrep -P "${started[-1]}")
port[copying]=$(free-port); nginx-on copying "${port[copying]}" off; id[copying]=$(pgrep -P "${started[-1]}")
port[ours]=$(free-port)
taskset -c 0 "$sock" serve http "$place/site" "127.0.0.1:${port[ours]}" -q &
started+=($!)
id[ours]=$!
wait-for "http://127.0.0.1:${port[ours]}/1k.txt"

# CPU time of a process so far, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# One run: prints requests a second and ticks of CPU for a thousand requests.
load() { # SERVER PATH CONNECTIONS
  local before after out rate total
  before=$(ticks "${id[$1]}")
  out=$(taskset -c 1 wrk -t 1 -c "$3" -d "${seconds}s" "http://127.0.0.1:${port[$1]}/$2")
  after=$(ticks "${id[$1]}")
  rate=$(awk '/Requests\/sec/ { print $2 }' <<<"$out")
  total=$(awk '/requests in/ { print $1 }' <<<"$out")
  if grep -q 'Socket errors\|Non-2xx' <<<"$out"; then echo "$1 $2: $(grep 'Socket errors\|Non-2xx' <<<"$out")" >&2; fi
  awk -v r="$rate" -v t="$total" -v c="$((after - before))" 'BEGIN { print r, c * 1000 / t }'
}

# Median, least and most of the ratios on standard input.
spread() { sort -g | awk '{ a[NR] = $1 } END { printf "%.3f (%.3f to %.3f)", a[int((NR + 1) / 2)], a[1], a[NR] }'; }

cell() { # TITLE PATH CONNECTIONS
  for server in ours sendfile copying; do load "$server" "$2" "$3" >"$place/warm"; done
  : >"$place/ratios"
  for ((n = 0; n < pairs; n++)); do
    local ours with without
    ours=$(load ours "$2" "$3"); with=$(load sendfile "$2" "$3"); without=$(load copying "$2" "$3")
    echo "$ours $with $without" >>"$place/ratios"
  done
  printf '%s, %s connections, over the better nginx of each round\n' "$1" "$3"
  printf '  rate            %s\n' "$(awk '{ print $1 / ($3 > $5 ? $3 : $5) }' "$place/ratios" | spread)"
  printf '  CPU a request   %s\n' "$(awk '{ print $2 / ($4 < $6 ? $4 : $6) }' "$place/ratios" | spread)"
}

cell '1 KiB' 1k.txt 64
cell '1 MiB' 1m.bin 64

# A thousand connections that have asked once and stay.
cat >"$place/idle.py" <<'PY'
import socket, sys
port = int(sys.argv[1])
held = []
for _ in range(1000):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: a\r\n\r\n")
    s.recv(65536)
    held.append(s)
print("ready", flush=True)
sys.stdin.read()
PY
: >"$place/ratios"
for ((n = 0; n < pairs; n++)); do
  alone=$(load ours 1k.txt 64)
  coproc IDLE { exec python3 "$place/idle.py" "${port[ours]}"; }
  read -r -u "${IDLE[0]}" _
  beside=$(load ours 1k.txt 64)
  idle=$IDLE_PID
  eval "exec ${IDLE[1]}>&-"
  wait "$idle" || true
  echo "$beside $alone" >>"$place/ratios"
done
printf '1 KiB, 64 connections, with 1,000 idle ones over without\n'
printf '  rate            %s\n' "$(awk '{ print $1 / $3 }' "$place/ratios" | spread)"

# CPU seconds of a command: its own and the system's for it.
cpu() { python3 - "$@" <<'PY'
import os, resource, subprocess, sys
with open(os.devnull, "wb") as null:
    subprocess.run(["taskset", "-c", "1", *sys.argv[1:]], stdout=null, check=True)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(use.ru_utime + use.ru_stime)
PY
}
: >"$place/ratios"
url=http://127.0.0.1:${port[sendfile]}/1g.bin
for ((n = 0; n < pairs; n++)); do
  theirs=$(cpu curl -s -o /dev/null "$url"); ours=$(cpu "$sock" get -q -o /dev/null "$url")
  echo "$ours $theirs" >>"$place/ratios"
done
printf 'get of 1 GiB to /dev/null over curl\n'
printf '  CPU             %s\n' "$(awk '{ print $1 / $2 }' "$place/ratios" | spread)"
