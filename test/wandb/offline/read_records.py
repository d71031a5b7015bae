"""Reads an offline file with the official client's message classes and prints a JSON object for each record.

Blocks are read here on their own, by the description of the format and not by this project's code. A field that
the official classes don't know is an error.
"""

import json
import struct
import sys
import zlib

from google.protobuf.json_format import MessageToDict
from google.protobuf.unknown_fields import UnknownFieldSet
from wandb.proto import wandb_internal_pb2

BLOCK = 32768


def records(data):
    assert data[:7] == b":W&B\xe1\xbe\x00", "file header"
    position = 7
    record = b""
    while position < len(data):
        left = BLOCK - position % BLOCK
        if left < 7:
            assert data[position : position + left] == bytes(left), "padding"
            position += left
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, position)
        chunk = data[position + 7 : position + 7 + length]
        assert length <= left - 7 and len(chunk) == length, f"length at {position}"
        assert zlib.crc32(bytes([kind]) + chunk) == checksum, f"checksum at {position}"
        assert (kind in (1, 2)) == (record == b"") or kind == 2 or record == b"", f"order at {position}"
        record += chunk
        position += 7 + length
        if kind in (1, 4):
            yield record
            record = b""
    assert record == b"", "the last record is not whole"


def check_known(message):
    assert len(UnknownFieldSet(message)) == 0, f"unknown fields in {message.DESCRIPTOR.full_name}"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if hasattr(value, "DESCRIPTOR") else value:
            check_known(part)


with open(sys.argv[1], "rb") as file:
    for raw in records(file.read()):
        message = wandb_internal_pb2.Record()
        assert message.ParseFromString(raw) == len(raw)
        check_known(message)
        print(json.dumps(MessageToDict(message, preserving_proto_field_name=True)))
