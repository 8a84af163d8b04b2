#!/bin/sh
# Export the embedding model into a folder of its own, then take out of the environment what only the export needs.
# Usage: prepare.sh ENVIRONMENT MODELS
set -eu
home=$(mktemp -d)
ADVISOR_HOME="$home" ADVISOR_CORPUS=/nowhere "$1/bin/python3" -c '
from advisor.config import load_settings
from advisor.models.embedder import make_embedder
make_embedder(load_settings()).embed_query("ready")
'
rm -f "$home"/models/*.lock
mv "$home/models" "$2"
chmod -R a+rX "$2"
rm -rf "$home"
"$1/bin/pip" list --format=freeze | cut -d= -f1 \
    | grep -E -i -x 'torch|triton|nvidia-.*|sentence-transformers|transformers|scikit-learn|scipy|joblib|threadpoolctl|sympy|mpmath|networkx|onnx|onnx-ir|onnx_ir|ml_dtypes|ml-dtypes' \
    | xargs "$1/bin/pip" uninstall --quiet --yes --root-user-action=ignore
