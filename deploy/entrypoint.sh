#!/bin/sh
# The embedding model comes with the image. A data volume of an older image lacks a newer model: it is added, whole.
set -eu
umask 077
mkdir -p "$ADVISOR_HOME/models"
for model in /opt/models/*; do
    name=${model##*/}
    if [ ! -e "$ADVISOR_HOME/models/$name" ]; then
        copy="$ADVISOR_HOME/models/.copy-$name-$(hostname)"
        cp -r "$model" "$copy"
        mv -T "$copy" "$ADVISOR_HOME/models/$name" 2>/dev/null || rm -rf "$copy"
    fi
done
exec advisor "$@"
