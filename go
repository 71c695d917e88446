#!/usr/bin/env bash
# The project's one script. `./go` alone lists what it can do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
VENV=${TRIALWRIGHT_VENV:-.venv}
DEMO=${TRIALWRIGHT_DEMO:-demo}

say() { printf '%s\n' "$*" >&2; }
fail() { say "go: $*"; exit 3; }

usage() {
  cat <<'TXT'
./go demo [--no-serve] [--port N] [--seed N]   set up, rehearse the built-in study, serve its pages
./go test [pytest options]          set up what tests need and run the whole suite
./go check                          formatter, linter, types, import contracts
./go fix                            let formatter and linter mend what they can
./go bench [name ...]               measure, print a table, write bench/out/*.json
./go docs                           print the generated reference pages anew, and the manual's screenshots
./go setup                          only set up the environment that the program runs in
./go lock                           resolve and pin the dependencies anew
./go run ARGS                       run `trialwright ARGS` from the project's environment
TXT
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      printf '%s' "$candidate"; return
    fi
  done
  fail "needs Python 3.11, 3.12 or 3.13. Set PYTHON to its path, or install it (Debian: apt-get install python3 python3-venv)."
}

make_venv() {
  local python; python=$(find_python)
  [ -x "$VENV/bin/python" ] && return
  say "Making the virtual environment with $("$python" --version) ..."
  if ! "$python" -m venv "$VENV" >/dev/null 2>&1; then
    rm -rf "$VENV"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      { apt-get update && apt-get install -y python3-venv; } >/dev/null 2>&1 || true
    fi
    "$python" -m venv "$VENV" >/dev/null 2>&1 || { rm -rf "$VENV"; fail "Python's venv is missing. Install it: apt-get install python3-venv"; }
  fi
}

# install LOCK: bring the environment to what the lock file says; nothing to do if it is there already.
install() {
  local lock=$1 stamp="$VENV/installed-$1"
  make_venv
  if ! cmp -s "$lock" "$stamp"; then
    say "Installing the pinned dependencies ($lock) ..."
    "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --progress-bar on --require-hashes -r "$lock" >&2
    "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-build.lock >&2
    "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e . >&2
    cp "$lock" "$stamp"
  fi
}

chromium_path() { command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || true; }

need_chromium() {
  [ -n "$(chromium_path)" ] && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Debian's chromium for the browser tests ..."
    { apt-get update && apt-get install -y chromium fonts-noto-cjk; } >/dev/null 2>&1 || true
  fi
  [ -n "$(chromium_path)" ] || say "The browser tests need chromium and will be skipped. Install it: sudo apt-get install chromium"
}

need_postgresql() {
  [ -n "${TRIALWRIGHT_TEST_POSTGRESQL:-}" ] && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  command -v initdb >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Debian's postgresql for the tests ..."
    { apt-get update && apt-get install -y postgresql; } >/dev/null 2>&1 || true
  fi
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
    say "The tests on PostgreSQL need it and will be skipped. Install it: sudo apt-get install postgresql"
}

demo() {
  local serve=1 seed=1 port=8000
  while [ $# -gt 0 ]; do
    case $1 in
      --no-serve) serve=0 ;;
      --seed|--port) [ $# -ge 2 ] || { say "go demo: $1 wants a number"; exit 2; }
        if [ "$1" = --seed ]; then seed=$2; else port=$2; fi; shift ;;
      *) say "go demo: unknown option $1; known: --no-serve, --seed N, --port N"; exit 2 ;;
    esac
    shift
  done
  install requirements.lock
  "$VENV/bin/trialwright" rehearse nct07208058 --seed "$seed" --out "$DEMO/rehearsal" --overwrite
  [ "$serve" = 0 ] || exec "$VENV/bin/trialwright" serve --rehearsal "$DEMO/rehearsal" --data "$DEMO/data" --port "$port"
}

check() {
  install requirements-dev.lock
  local failed=0 types contracts
  types=$(mktemp); contracts=$(mktemp)
  "$VENV/bin/mypy" >"$types" 2>&1 & local types_pid=$!
  "$VENV/bin/ruff" format --check . || failed=1
  "$VENV/bin/ruff" check . || failed=1
  PYTHONPATH=src "$VENV/bin/lint-imports" >"$contracts" 2>&1 || { failed=1; cat "$contracts"; }
  wait "$types_pid" || failed=1
  cat "$types"; rm -f "$types" "$contracts"
  [ "$failed" = 0 ] && say "check: all well" || exit 1
}

run_tests() {
  install requirements-dev.lock
  need_chromium
  need_postgresql
  local workers; workers=$(nproc 2>/dev/null || echo 2)
  exec "$VENV/bin/python" -m pytest -n "$workers" --dist loadfile "$@"
}

lock() {
  install requirements-dev.lock
  "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet uv
  local uv="$VENV/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet"
  local quiet="--no-emit-index-url --no-emit-find-links"
  $uv $quiet pyproject.toml -o requirements.lock
  $uv $quiet pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
  printf 'setuptools>=77\nwheel\n' | $uv $quiet --allow-unsafe - -o requirements-build.lock
}

verb=${1:-help}; [ $# -gt 0 ] && shift
case $verb in
  demo) demo "$@" ;;
  test) run_tests "$@" ;;
  check) check ;;
  fix) install requirements-dev.lock; "$VENV/bin/ruff" format .; "$VENV/bin/ruff" check --fix . ;;
  bench) install requirements-dev.lock; exec "$VENV/bin/python" -m bench "$@" ;;
  docs) install requirements-dev.lock; need_chromium
    TRIALWRIGHT_REGENERATE=1 TRIALWRIGHT_SCREENSHOTS=1 exec "$VENV/bin/python" -m pytest tests/docs tests/functional ;;
  setup) install requirements.lock ;;
  lock) lock ;;
  run) install requirements.lock; exec "$VENV/bin/trialwright" "$@" ;;
  help|-h|--help) usage ;;
  *) say "go: there is no '$verb'"; usage >&2; exit 2 ;;
esac
