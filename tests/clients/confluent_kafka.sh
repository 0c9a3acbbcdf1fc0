#!/bin/bash
# Runs confluent_kafka_client.py against the release binary; arguments: [SCHEMAS [EVOLUTION]], as there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../with_server.sh"

venv confluent-kafka --requirement "$here/python/requirements.txt"
start_server
"$work/confluent-kafka/bin/python" "$here/confluent_kafka_client.py" "$url" "$@"
