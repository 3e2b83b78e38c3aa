#!/usr/bin/env bash
# Sets up a virtual environment; does nothing where it is up to date.
#
#   scripts/setup.sh light    # .venv: what the demo, the tests and training need
#   scripts/setup.sh full     # .venv-full: with compiled mmcv and MMDetection
#
# PYTHON names the interpreter, WHEELS a folder of wheels that need not be built.
set -euo pipefail
cd "$(dirname "$0")/.."

stack=${1:-light}
venv=.venv
[ "$stack" = light ] || venv=.venv-$stack
log=$venv.log               # what pip said
unfinished=$venv.unfinished # there while a set-up runs, and after one that failed
PYTHON=${PYTHON:-}
WHEELS=${WHEELS:-}

say() { printf 'set-up: %s\n' "$*"; }

stop() {
  say "$*" >&2
  exit 1
}

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

suitable() {
  case $(version "$1") in
    3.10 | 3.11 | 3.12) ;;
    *) return 1 ;;
  esac
}

# The environment's own interpreter works, and is the one asked for.
usable() {
  suitable "$venv/bin/python" || return 1
  [ -z "$PYTHON" ] || [ "$(version "$PYTHON")" = "$(version "$venv/bin/python")" ]
}

# Changes with everything that a set-up depends on, the project's folder included.
key() {
  { cat requirements/*.txt setup.py scripts/setup.sh && pwd; } | cksum | tr ' ' '-'
}

choose_python() {
  local wanted='3.10, 3.11 or 3.12' candidate
  if [ -n "$PYTHON" ]; then
    suitable "$PYTHON" && return
    stop "PYTHON=$PYTHON is $("$PYTHON" -V 2>/dev/null || echo 'no Python'), but" \
      "Python $wanted is needed; repeat with PYTHON=/path/to/python3.11"
  fi
  for candidate in python3 python3.11 python3.12 python3.10; do
    suitable "$candidate" && PYTHON=$candidate && return
  done
  stop "Python $wanted is needed, and python3 is" \
    "$(python3 -V 2>/dev/null || echo missing);" \
    'install one, or repeat with PYTHON=/path/to/python3.11'
}

# Picks a compiler from the arguments; the variable $1 names it for the builds.
choose_compiler() {
  local variable=$1 candidate
  shift
  for candidate in "${!variable:-}" "$@"; do
    if command -v "${candidate%% *}" >/dev/null; then
      export "$variable=$candidate"
      return
    fi
  done
  stop 'a C/C++ compiler is needed and none was found; install one' \
    '(Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)'
}

check_build_tools() {
  choose_compiler CC cc gcc clang
  if [ "$stack" = full ] && [ ! -d "$WHEELS" ]; then
    choose_compiler CXX c++ g++ clang++
  fi
  "$PYTHON" -c 'import os, sysconfig as s, sys
sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' ||
    stop "the C headers of $PYTHON are missing; install them" \
      '(Debian, Ubuntu: apt-get install python3-dev)'
}

explain() {
  if grep -qE 'connection broken|ConnectTimeout|ReadTimeout|Max retries' "$log"; then
    stop 'the package index cannot be reached; check the network and' \
      "\"pip config list\", then repeat the command (details: $log)"
  elif grep -q 'No space left on device' "$log"; then
    stop "the disk is full; make room, then repeat the command (details: $log)"
  fi
  stop "pip failed: $(grep -m 1 'ERROR\|rror:' "$log" || tail -n 1 "$log")" \
    "(details: $log)"
}

# Runs pip; only large downloads are shown, everything goes to the log.
install() {
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
    --progress-bar off --retries "${PIP_RETRIES:-2}" "$@" 2>&1 </dev/null |
    tee -a "$log" | awk '/Downloading .* (MB|GB)\)/ { print; fflush() }' || explain
}

set_up() {
  : >"$log"
  if [ -e "$unfinished" ] || ! usable; then
    choose_python
    check_build_tools
    touch "$unfinished"
    say "$venv, with $("$PYTHON" -V)"
    "$PYTHON" -m venv --clear "$venv" >>"$log" 2>&1 ||
      stop "$PYTHON -m venv failed; install it" \
        "(Debian, Ubuntu: apt-get install python3-venv; details: $log)"
  else
    PYTHON=$venv/bin/python
    check_build_tools
    touch "$unfinished"
  fi
  rm -f "$venv"/.ready-*
  say "1 of 2: requirements/$stack.txt"
  install -r "requirements/$stack.txt"
  say "2 of 2: requirements/$stack-nodeps.txt, and this package"
  [ -d "$WHEELS" ] && set -- --find-links "$WHEELS" || set --
  install "$@" --no-deps --no-build-isolation -r "requirements/$stack-nodeps.txt" -e .
  touch "$venv/.ready-$(key)"
  rm -f "$unfinished" "$log"
  say "done in $SECONDS s"
}

exec 9<"scripts/setup.sh" # two set-ups at once wait for each other
! command -v flock >/dev/null || flock 9
if [ ! -e "$unfinished" ] && [ -e "$venv/.ready-$(key)" ] && usable; then exit; fi
set_up
