# shellcheck shell=bash
# What ./oort and ./build.sh share; both have changed to the root of the repository and sourced this.

# The dotnet command says nothing about itself, asks nobody, and leaves no build server that would hold our output open.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 MSBUILDDISABLENODEREUSE=1

# The installer's own folder is often not on the path; and executables look for the runtime in DOTNET_ROOT, not on the path.
if ! command -v dotnet >/dev/null 2>&1 && [[ -x $HOME/.dotnet/dotnet ]]; then PATH=$HOME/.dotnet:$PATH; fi
if [[ -z ${DOTNET_ROOT:-} ]] && command -v dotnet >/dev/null 2>&1; then
  dotnet_folder=$(dirname -- "$(readlink -f -- "$(command -v dotnet)")")
  if [[ -d $dotnet_folder/host/fxr ]]; then export DOTNET_ROOT=$dotnet_folder; fi
fi

# Says in one sentence how to get the SDK that global.json asks for, unless it is there.
require_sdk() {
  local found
  if dotnet --version >/dev/null 2>&1; then return 0; fi
  found=$({ dotnet --list-sdks 2>/dev/null || true; } | cut -d' ' -f1 | paste -sd' ' -)
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
