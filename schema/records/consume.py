#!/usr/bin/env python3
"""An example of a consumer of our topics in another language, from stock parts: kcat reads Kafka, protoc and the
protobuf library of the language decode (Debian: kcat protobuf-compiler python3-protobuf).

Reads topic <prefix>.blocks.<chain> from its beginning to its present end, follows forks, and prints the table of
events that is left, one JSON object a line, in chain order. What a consumer has to check is checked: one stream, a
sequence without holes, every block on top of the one before.

    schema/records/consume.py --brokers 127.0.0.1:9092 --chain bttc [--prefix bttc] [--heights]
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import google.protobuf  # noqa: F401
except ImportError:  # a Python beside the distribution's does not have its packages
    if sys.executable == "/usr/bin/python3" or not os.path.exists("/usr/bin/python3"):
        sys.exit("python3-protobuf is missing")
    os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)

HERE = os.path.dirname(os.path.abspath(__file__))


def load_schema():
    """The classes of block.proto, made by protoc."""
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["protoc", f"--proto_path={HERE}", f"--python_out={d}", "block.proto"], check=True)
        sys.path.insert(0, d)
        import block_pb2
    return block_pb2


def messages(brokers, topic):
    """The values of all committed messages, partition by partition, each in the order of offsets."""
    argv = ["kcat", "-C", "-q", "-e", "-b", brokers, "-t", topic, "-o", "beginning", "-f", "%R%s",
            "-X", "isolation.level=read_committed", "-X", "fetch.message.max.bytes=16777216"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as p:
        while head := p.stdout.read(4):
            (n,) = struct.unpack(">i", head)
            yield p.stdout.read(n)
    if p.returncode:
        sys.exit(f"kcat failed with {p.returncode}")


def in_order(pb, values):
    """Steps by sequence number: a topic of several partitions is put together again."""
    waiting, next_seq, stream_id = {}, 1, None
    for value in values:
        step = pb.Step()
        step.ParseFromString(value)
        if step.version != 1:
            sys.exit(f"record version {step.version} is unknown")
        stream_id = stream_id or step.stream_id
        if step.stream_id != stream_id:
            sys.exit("the topic holds two streams")
        waiting[step.seq] = step  # the same seq again is the same record
        while next_seq in waiting:
            yield waiting.pop(next_seq)
            next_seq += 1
    if [s for s in waiting if s >= next_seq]:
        sys.exit(f"record with seq {next_seq} is missing")


def follow(pb, steps):
    """The canonical blocks after all steps, oldest first."""
    chain = []
    for s in steps:
        if s.kind == pb.Step.NEW:
            if chain and (s.parent, s.number) != (chain[-1].hash, chain[-1].number + 1):
                sys.exit(f"block {s.number} does not stand on block {chain[-1].number}")
            chain.append(s)
        elif s.kind == pb.Step.UNDO:
            if chain and chain[-1].hash != s.hash:
                sys.exit(f"UNDO of block {s.number}, which is not the newest")
            chain[-1:] = []
    return chain


def rows(chain):
    for s in chain:
        for log in s.block.logs:
            topics = [log.topics[i:i + 32] for i in range(0, len(log.topics), 32)]
            yield {
                "chain_id": s.chain_id,
                "block": s.number,
                "block_hash": "0x" + s.hash.hex(),
                "time": s.block.header.time,
                "tx": "0x" + log.tx_hash.hex(),
                "tx_index": log.tx_index,
                "log_index": log.log_index,
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + t.hex() for t in topics],
                "data": "0x" + log.data.hex(),
                "level": s.block.level,
            }


def newest_heights(pb, values):
    newest = None
    for value in values:
        newest = pb.Step.FromString(value).heights
    if newest is None:
        return None
    return {
        "head": newest.head,
        "safe": newest.safe if newest.HasField("safe") else None,
        "final": newest.final if newest.HasField("final") else None,
        "after_seq": newest.after_seq,
    }


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--brokers", required=True)
    a.add_argument("--chain", required=True)
    a.add_argument("--prefix", default="bttc")
    a.add_argument("--heights", action="store_true", help="print the newest heights instead of the events")
    args = a.parse_args()
    pb = load_schema()
    if args.heights:
        print(json.dumps(newest_heights(pb, messages(args.brokers, f"{args.prefix}.final.{args.chain}"))))
        return
    values = messages(args.brokers, f"{args.prefix}.blocks.{args.chain}")
    for row in rows(follow(pb, in_order(pb, values))):
        print(json.dumps(row, separators=(",", ":")))


if __name__ == "__main__":
    main()
