#!/bin/sh
# Writes, once, at the build of the image, what dotnet-script hands to the compiler each time.
set -eu

home=/usr/local/lib/codebeaker/dotnet
root=$(dirname "$(readlink -f "$(command -v dotnet)")")
latest() { find "$1" -mindepth 1 -maxdepth 1 -type d | sort -V | tail -n 1; }
sdk=$(latest "$root/sdk")
framework=$(latest "$root/shared/Microsoft.NETCore.App")
version=$(basename "$framework")
major=${version%%.*}

# The reference assemblies, where the image has them; else the framework's own.
references=$(find "$root/packs/Microsoft.NETCore.App.Ref" -path '*/ref/*' -name System.Runtime.dll \
  2>/dev/null | sort -V | tail -n 1)
references=$(dirname "${references:-$framework/System.Runtime.dll}")

[ -f "$sdk/Roslyn/bincore/csc.dll" ] || {
  echo "Cannot find the C# compiler: there is no $sdk/Roslyn/bincore/csc.dll" >&2
  exit 1
}
mkdir -p "$home"
ln -sfn "$sdk/Roslyn/bincore" "$home/roslyn"

{
  printf '%s\n' -nologo -nostdlib+ -target:exe -optimize+ -debug:embedded \
    -utf8output -langversion:latest -nullable:annotations
  # Lets a file begin with "#!" or hold "#:" lines, as `dotnet run FILE` does.
  [ "$major" -lt 10 ] || printf '%s\n' -features:FileBasedProgram
  for assembly in "$references"/*.dll; do
    printf -- '-r:"%s"\n' "$assembly"
  done
  # Global usings came with C# 10.
  [ "$major" -lt 6 ] || printf '"%s"\n' "$home/usings.cs"
} > "$home/options.rsp"

for name in System System.Collections.Generic System.IO System.Linq System.Net.Http \
  System.Threading System.Threading.Tasks; do
  printf 'global using %s;\n' "$name"
done > "$home/usings.cs"

# Collecting garbage beside the program would cost a thread at every start.
cat > "$home/runtimeconfig.json" <<END
{
  "runtimeOptions": {
    "framework": { "name": "Microsoft.NETCore.App", "version": "$version" },
    "configProperties": { "System.GC.Concurrent": false }
  }
}
END
