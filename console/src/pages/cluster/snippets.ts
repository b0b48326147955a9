/** What a snippet needs to know of a cluster and a key. */
export interface Connection {
  clusterId: string;
  servers: string;
  rest: string;
  topic: string;
  username: string;
  password: string;
}

export interface Snippet {
  label: string;
  /** What it needs beside the certificate. */
  note: string;
  text: string;
}

const MECHANISM = "SCRAM-SHA-512";
export const CA_FILE = "headrace-ca.pem";

/** Working programs in the languages people ask for; each reads the certificate from CA_FILE. */
export function snippets(to: Connection): Snippet[] {
  return [python(to), java(to), go(to), node(to), kcat(to), curl(to), terraform(to)];
}

function python(to: Connection): Snippet {
  return {
    label: "Python",
    note: "pip install confluent-kafka",
    text: `from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": "${to.servers}",
    "security.protocol": "SASL_SSL",
    "sasl.mechanisms": "${MECHANISM}",
    "sasl.username": "${to.username}",
    "sasl.password": "${to.password}",
    "ssl.ca.location": "${CA_FILE}",
})


def report(error, record):
    if error is not None:
        raise SystemExit(f"not written: {error}")
    print(f"written to partition {record.partition()} at offset {record.offset()}")


producer.produce("${to.topic}", key="greeting", value="hello from Python", on_delivery=report)
producer.flush()
`,
  };
}

function java(to: Connection): Snippet {
  return {
    label: "Java",
    note: "Maven: org.apache.kafka:kafka-clients, 3.5 or newer",
    text: `import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

public class Hello {
  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", "${to.servers}");
    settings.put("security.protocol", "SASL_SSL");
    settings.put("sasl.mechanism", "${MECHANISM}");
    settings.put("sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
            + "username=\\"${to.username}\\" password=\\"${to.password}\\";");
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", "${CA_FILE}");
    settings.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    settings.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
      producer.send(new ProducerRecord<>("${to.topic}", "greeting", "hello from Java"));
    }
  }
}
`,
  };
}

function go(to: Connection): Snippet {
  return {
    label: "Go",
    note: "go get github.com/twmb/franz-go",
    text: `package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func main() {
	authority, err := os.ReadFile("${CA_FILE}")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	login := scram.Auth{User: "${to.username}", Pass: "${to.password}"}
	client, err := kgo.NewClient(
		kgo.SeedBrokers("${to.servers}"),
		kgo.DialTLSConfig(&tls.Config{RootCAs: roots}),
		kgo.SASL(login.AsSha512Mechanism()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: "${to.topic}", Value: []byte("hello from Go")}
	if err := client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
		log.Fatal(err)
	}
}
`,
  };
}

function node(to: Connection): Snippet {
  return {
    label: "Node",
    note: "npm install kafkajs",
    text: `import { readFileSync } from "node:fs";
import { Kafka } from "kafkajs";

const kafka = new Kafka({
  brokers: ["${to.servers}"],
  ssl: { ca: [readFileSync("${CA_FILE}", "utf8")] },
  sasl: { mechanism: "scram-sha-512", username: "${to.username}", password: "${to.password}" },
});
const producer = kafka.producer();
await producer.connect();
await producer.send({ topic: "${to.topic}", messages: [{ value: "hello from Node" }] });
await producer.disconnect();
`,
  };
}

function kcat(to: Connection): Snippet {
  return {
    label: "kcat",
    note: "Debian and Ubuntu: apt-get install kcat",
    text: `echo hello from kcat | kcat -P -b ${to.servers} -t ${to.topic} \\
  -X security.protocol=SASL_SSL -X sasl.mechanisms=${MECHANISM} \\
  -X sasl.username=${to.username} -X sasl.password=${to.password} \\
  -X ssl.ca.location=${CA_FILE}
`,
  };
}

function curl(to: Connection): Snippet {
  return {
    label: "curl",
    note: "No Kafka client at all: one record over HTTPS",
    text: `curl --cacert ${CA_FILE} -u '${to.username}:${to.password}' \\
  -H 'Content-Type: application/json' \\
  ${to.rest}/kafka/v3/clusters/${to.clusterId}/topics/${to.topic}/records \\
  -d '{"value": {"type": "STRING", "data": "hello from curl"}}'
`,
  };
}

function terraform(to: Connection): Snippet {
  return {
    label: "Terraform",
    note: "A topic of this cluster, as code; with a key of the organization it makes clusters and keys too",
    text: `terraform {
  required_providers {
    headrace = {
      source  = "headrace/headrace"
      version = "~> 0.1"
    }
  }
}

provider "headrace" {
  url     = "${to.rest}"
  api_key = "${to.password}" # better in HEADRACE_API_KEY
  ca_file = "${CA_FILE}"
}

data "headrace_cluster" "this" {
  id = "${to.clusterId}"
}

resource "headrace_topic" "from_terraform" {
  cluster_id = data.headrace_cluster.this.id
  name       = "from-terraform"
  partitions = 3
}

output "bootstrap_servers" {
  value = data.headrace_cluster.this.endpoints.kafka.sasl_ssl
}
`,
  };
}
