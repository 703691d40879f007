#!/bin/sh
# Judge what CANDIDATES names, or, with PINS=true, the versions that parity/constraints.txt now has.
set -eu
if [ "${PINS:-false}" = true ]; then
    CANDIDATES=$(sed -nE 's/^(torch|tensorflow-cpu|keras)==([^ ;]+)(;.*>=.*)?$/\1==\2/p' parity/constraints.txt)
fi
set --
for requirement in $CANDIDATES; do
    set -- "$@" --candidate "$requirement"
done
exec python3 -m nox -s gate -- --require-complete "$@"
