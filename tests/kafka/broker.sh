# Sourced after with_server.sh: `start_broker` runs one Apache Kafka, broker and controller in a process of its own, on
# ports of its own ($kafka). Its jars are kept in target/, its data are gone at exit.

start_broker() {
    local jars=$root/target/kafka/jars home=$work/kafka broker_port controller_port
    mkdir -p "$home"
    # A folder that was filled for another pom is filled again.
    if ! cmp -s "$root/tests/kafka/pom.xml" "$jars/pom.xml"; then
        rm -rf "$jars"
        mvn --quiet --batch-mode --file "$root/tests/kafka/pom.xml" dependency:copy-dependencies "-Djars=$jars"
        cp "$root/tests/kafka/pom.xml" "$jars/pom.xml"
    fi
    read -r broker_port controller_port < <(free_ports 2)
    kafka=127.0.0.1:$broker_port
    cat >"$home/server.properties" <<-END
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$controller_port
	controller.listener.names=CONTROLLER
	listeners=PLAINTEXT://$kafka,CONTROLLER://127.0.0.1:$controller_port
	advertised.listeners=PLAINTEXT://$kafka
	listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
	log.dirs=$home/data
	auto.create.topics.enable=false
	num.partitions=1
	offsets.topic.num.partitions=1
	offsets.topic.replication.factor=1
	transaction.state.log.num.partitions=1
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	share.coordinator.state.topic.num.partitions=1
	share.coordinator.state.topic.replication.factor=1
	share.coordinator.state.topic.min.isr=1
	group.initial.rebalance.delay.ms=0
	END
    local java=(java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Xms256m -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$jars/*")
    "${java[@]}" kafka.tools.StorageTool format "--cluster-id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)" \
        --config "$home/server.properties" >"$home/log" 2>&1 || { cat "$home/log" >&2; exit 1; }
    "${java[@]}" kafka.Kafka "$home/server.properties" >>"$home/log" 2>&1 &
    to_stop+=($!)
    # What listens on the broker's port has read its log and registered itself.
    until (: >"/dev/tcp/127.0.0.1/$broker_port") 2>/dev/null; do
        kill -0 "${to_stop[-1]}" 2>/dev/null || { cat "$home/log" >&2; exit 1; }
        sleep 0.1
    done
}

# Ports that nobody listens on.
free_ports() {
    python3 - "$1" <<-'END'
	import socket, sys
	sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
	print(*(each.getsockname()[1] for each in sockets))
	END
}
