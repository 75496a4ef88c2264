# shellcheck shell=bash
# What ./oort and ./build.sh share; both have changed to the root of the repository and sourced this.

# The dotnet command says nothing about itself, asks nobody, and leaves no build server that would hold our output open.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 MSBUILDDISABLENODEREUSE=1

# Finds the SDK that global.json asks for, or says in one sentence how to get it.
require_sdk() {
  local found
  if ! command -v dotnet >/dev/null 2>&1 && [[ -x $HOME/.dotnet/dotnet ]]; then
    export PATH=$HOME/.dotnet:$PATH DOTNET_ROOT=$HOME/.dotnet
  fi
  if dotnet --version >/dev/null 2>&1; then return 0; fi
  found=$(dotnet --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ' -)
  printf '%s: the .NET 10 SDK is needed (found: %s); install it as https://dotnet.microsoft.com/download/dotnet/10.0 says and run this again.\n' \
    "${0##*/}" "${found:-none}" >&2
  return 1
}

# One line that changes when any source of the executable does: names, sizes and times of all of them.
source_signature() {
  local sources=(Directory.Build.props Directory.Packages.props global.json) folder
  for folder in Gateway Erasure Backends Ledger Compute; do
    if [[ -d $folder ]]; then sources+=("$folder"); fi
  done
  find "${sources[@]}" \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -printf '%p %s %T@\n' |
    LC_ALL=C sort | sha256sum | cut -c1-16
}
