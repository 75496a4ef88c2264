#!/usr/bin/env bash
# Builds and checks everything. Nothing is asked; the last line is "N passed, N failed", and the exit code is 0 only when nothing failed.
#
#   ./build.sh              prerequisites, locked restore, format, Release build, all tests
#   ./build.sh test         the same without the format check
#   ./build.sh conformance  only the tests with outside clients (aws, boto3, rclone, s3cmd, restic, JavaScript)
#   ./build.sh simulate [SEED] [--minutes N]  the simulation alone: one seed, or one after the other for N minutes; a seed that fails is printed and its trace kept
#   ./build.sh simulate audits [loss SHARE once|lasting SHARDS SEED RUNS | year NODES DAYS SEED]  how audits find out who has lost a share of its shards, or judge honest nodes
#   ./build.sh bench [ARG]  the benchmark of the whole gateway, or what the arguments name (tests/Oort.Benchmarks says which there are)
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
exec </dev/null
# shellcheck source=eng/sdk.sh
source eng/sdk.sh

solution=Oort.sln
results=TestResults
cache=${XDG_CACHE_HOME:-$HOME/.cache}/oort

# A test project that takes longer hangs: the longest (drills, outside clients) needs minutes.
test_project_minutes_max=30

# Debian's packages of the clients and the database server that the tests drive, and of the library that keys of EVM chains are worked with.
client_packages=(awscli python3-boto3 rclone s3cmd restic postgresql libsecp256k1-1)
client_commands=(aws python3 rclone s3cmd restic initdb)

# Checks and tests, counted. However this ends, its last line tells them.
passed=0
failed=0
complete=
summarize() {
  local code=$?
  # Ended by a signal, the exit code is that of whatever went before.
  if [[ -z $complete ]] && ((code == 0)); then code=1; fi
  # A stage that broke off is a failure that no test counted.
  if ((code != 0 && failed == 0)); then failed=1; fi
  heading "Summary"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  if ((code == 0 && failed > 0)); then code=1; fi
  exit "$code"
}

heading() { printf '\n== %s ==\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# ---- prerequisites -------------------------------------------------------------------------------------------------

install_packages() {
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    if ! sudo -n true 2>/dev/null; then fail "the tests need packages that are not there; run: sudo apt-get install $*"; fi
    as_root=(sudo -n)
  fi
  echo "waiting for apt-get to install: $*"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

require_clients() {
  local missing=() name
  if command -v dpkg-query >/dev/null 2>&1; then
    for name in "${client_packages[@]}"; do
      [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    command -v node >/dev/null 2>&1 || missing+=(nodejs)
    command -v npm >/dev/null 2>&1 || missing+=(npm)
    if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  else
    for name in "${client_commands[@]}" node npm; do
      command -v "$name" >/dev/null 2>&1 || missing+=("$name")
    done
    if ((${#missing[@]})); then fail "the tests drive these programs, which are not there: ${missing[*]}; install them and run this again."; fi
  fi
  echo "outside clients are there: ${client_packages[*]}, node $(node --version)"
}

# JavaScript clients, and the peers of networks.
require_node_modules() {
  local lock
  for lock in tests/interop/package-lock.json tests/peers/*/package-lock.json; do
    if [[ -f $lock ]]; then require_node_modules_of "${lock%/*}"; fi
  done
}

# What comes from npm is installed once for each lock file, outside the tree, and linked into it.
require_node_modules_of() {
  local key folder
  key=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c1-16)
  folder=$cache/${1##*/}-$key
  if [[ ! -e $folder/complete ]]; then
    echo "waiting for npm to install what $1 names"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$1/package.json" "$1/package-lock.json" "$folder/"
    if [[ -f $1/.npmrc ]]; then cp "$1/.npmrc" "$folder/"; fi
    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
    touch "$folder/complete"
  fi
  if [[ -d $1/node_modules && ! -L $1/node_modules ]]; then rm -rf "$1/node_modules"; fi
  ln -sfn "$folder/node_modules" "$1/node_modules"
  echo "packages of $1 are there"
}

# The server alone, for what runs no clients.
require_database() {
  if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null 2>&1; then return 0; fi
  if command -v dpkg-query >/dev/null 2>&1; then install_packages postgresql; else fail "the simulation runs PostgreSQL, which is not there; install it and run this again."; fi
}

prerequisites() {
  heading "Prerequisites"
  require_sdk
  echo ".NET SDK $(dotnet --version)"
  [[ $1 == with-clients ]] || return 0
  require_clients
  require_node_modules
}

# ---- build ---------------------------------------------------------------------------------------------------------

locked() { flock --close .oort-build.lock "$@"; }

restore() {
  heading "Restore (locked)"
  locked dotnet restore "$solution" --locked-mode -v q
  echo "packages are those of the lock files"
}

format() {
  heading "Format"
  echo "waiting for dotnet format (a minute or two)"
  if dotnet format "$solution" --verify-no-changes --no-restore; then
    echo "nothing to change"
  else
    # The tests are worth knowing all the same.
    failed=$((failed + 1))
    echo "not formatted: run dotnet format $solution"
  fi
}

build() {
  heading "Build (Release)"
  locked dotnet build "$solution" -c Release --no-restore --no-incremental -v q -clp:NoSummary
  echo "built without warnings"
}

# ---- tests ---------------------------------------------------------------------------------------------------------

# run_project PROJECT LABEL [NAME=VALUE …]: one test executable, with further environment.
run_project() {
  local project=$1 label=$2
  shift 2
  local executable=tests/$project/bin/Release/net10.0/$project
  local report=$results/$label.xml log=$results/$label.log code=0 ok bad skipped
  echo "waiting for $label"
  rm -f "$report"
  env "$@" timeout --kill-after=30s "${test_project_minutes_max}m" "$executable" -noColor -noLogo -xml "$report" >"$log" 2>&1 || code=$?

  # The report is written last: without one, or without a test in it, the project crashed, hung or was empty.
  ok=$(attribute passed "$report")
  bad=$(($(attribute failed "$report") + $(attribute errors "$report")))
  skipped=$(attribute skipped "$report")
  if ((ok + bad == 0)) || ((code != 0 && bad == 0)); then
    bad=$((bad + 1))
    echo "$label ended with exit code $code after $ok passed tests and without a failed one: counted as failed"
  fi
  if ((bad > 0)); then cat "$log"; fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  printf '%-40s %6d passed %4d failed %4d skipped\n' "$label" "$ok" "$bad" "$skipped"
}

# Sums an attribute over the report's assembly elements; 0 where there is no report or it was cut off.
attribute() {
  [[ -f $2 ]] || { echo 0; return; }
  awk -v name="$1" 'BEGIN { RS = "<" } /^assembly / && match($0, " " name "=\"[0-9]+\"") {
    sum += substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
  } END { print sum + 0 }' "$2"
}

test_projects() { grep -l '<IsTestProject>true' tests/*/*.csproj | xargs -n1 dirname | xargs -n1 basename; }

run_tests() {
  local project
  heading "Tests"
  mkdir -p "$results"
  for project in $(test_projects); do run_project "$project" "$project"; done

  heading "Tests at lower SIMD levels"
  for project in Oort.Erasure.Tests Oort.Checksums.Tests Oort.Crypto.Tests; do
    run_project "$project" "$project.without-AVX512" DOTNET_EnableAVX512=0
    run_project "$project" "$project.without-AVX2" DOTNET_EnableAVX2=0
    run_project "$project" "$project.without-SIMD" DOTNET_EnableHWIntrinsic=0
  done
}

# simulate [SEED] [--minutes N]: without a seed, one that nobody has chosen.
simulate() {
  local seed='' minutes=0
  while (($#)); do
    case $1 in
      --minutes) minutes=${2:?"--minutes needs a number"}; shift 2 ;;
      *) seed=$1; shift ;;
    esac
  done
  seed=${seed:-$((RANDOM * 32768 + RANDOM))}
  [[ $seed =~ ^[0-9]{1,9}$ && $minutes =~ ^[0-9]{1,6}$ ]] || fail "usage: ./build.sh simulate [SEED] [--minutes N], both whole numbers"
  prerequisites without-clients
  restore
  require_database
  heading "Simulation from seed $seed"
  mkdir -p "$results"
  locked dotnet build tests/Oort.Simulation -c Release --no-restore -v q -clp:NoSummary
  local code=0
  env "OORT_SIMULATION_SEED=$seed" "OORT_SIMULATION_MINUTES=$minutes" "OORT_SIMULATION_RESULTS=$PWD/$results" \
    tests/Oort.Simulation/bin/Release/net10.0/Oort.Simulation -noColor -noLogo -method '*Seeds_OnDemand_*' || code=$?
  if ((code == 0)); then passed=1; else failed=1; fi
}

# simulate audits [WHAT]: without arguments, the bar of a node that lost a tenth.
simulate_audits() {
  if (($# == 0)); then set -- loss 0.1 lasting 400 1 1000; fi
  [[ "$*" =~ ^(loss [01](\.[0-9]{1,4})? (once|lasting) [0-9]{1,5} [0-9]{1,9} [0-9]{1,5}|year [0-9]{1,4} [0-9]{1,4} [0-9]{1,9})$ ]] || fail "usage: ./build.sh simulate audits [loss SHARE once|lasting SHARDS SEED RUNS | year NODES DAYS SEED]"
  prerequisites without-clients
  restore
  heading "Audits: $*"
  locked dotnet build tests/Oort.Simulation -c Release --no-restore -v q -clp:NoSummary
  local code=0
  env "OORT_SIMULATION_AUDITS=$*" tests/Oort.Simulation/bin/Release/net10.0/Oort.Simulation -noColor -noLogo -method '*Audits_OnDemand_*' || code=$?
  if ((code == 0)); then passed=1; else failed=1; fi
}

# ---- verbs ---------------------------------------------------------------------------------------------------------

verb=${1:-all}
if [[ $verb != bench ]]; then trap summarize EXIT; fi
case $verb in
  all)
    prerequisites with-clients
    restore
    format
    build
    run_tests
    ;;
  test)
    prerequisites with-clients
    restore
    build
    run_tests
    ;;
  conformance)
    prerequisites with-clients
    restore
    build
    heading "Conformance"
    mkdir -p "$results"
    run_project Oort.Conformance Oort.Conformance
    ;;
  simulate)
    shift
    if [[ ${1:-} == audits ]]; then simulate_audits "${@:2}"; else simulate "$@"; fi
    ;;
  bench)
    shift
    if (($# == 0)); then set -- gateway; fi
    prerequisites without-clients
    restore
    heading "Benchmarks"
    locked dotnet build tests/Oort.Benchmarks -c Release --no-restore -v q -clp:NoSummary
    exec tests/Oort.Benchmarks/bin/Release/net10.0/Oort.Benchmarks "$@"
    ;;
  *)
    fail "unknown verb '$verb'; there are: test, conformance, simulate, bench, and none for everything."
    ;;
esac
complete=yes
