#!/usr/bin/env python3
"""A second implementation of src/crypto/FORMAT.md, on python3-cryptography.

sealed.py check VECTORS     opens every vector, and makes the valid ones again
sealed.py make              writes vectors to standard output
sealed.py open KEYS HEX     prints kind and plaintext (hex) of a sealed value;
                            KEYS is PLACE:VERSION:HEX[;...], sorted by place
sealed.py secrets KEYS HEX  prints all that could open a sealed value (hex): the data
                            keys, the two derived ones, and the message's
sealed.py unwrap KEK PLACE VERSION HEX   a data key that "file:" has wrapped

It shares no code with the extension: the key of a message comes from the
library's CMAC, everything else from its HKDF, SHA-256 and AES-GCM.
"""
import csv
import hashlib
import hmac
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Malformed(Exception):
    pass


def message_key(key, nonce):
    blocks = []
    for counter in (1, 2):
        mac = CMAC(algorithms.AES(key))
        mac.update(struct.pack(">H", counter) + b"X\0" + nonce[:12])
        blocks.append(mac.finalize())
    return b"".join(blocks)


def put_number(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


class Reader:
    def __init__(self, data):
        self.data, self.pos = data, 0

    def take(self, n):
        if self.pos + n > len(self.data):
            raise Malformed("cut off")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def number(self, low, high):
        start, value = self.pos, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << 7 * (self.pos - start - 1)
            if byte < 0x80:
                break
        if not low <= value <= high or put_number(value) != self.data[start:self.pos]:
            raise Malformed("number")
        return value


def derive(purpose, keys, size):
    """keys: [(place, version, secret)], sorted by place"""
    info = b"jurisdiction " + purpose + b" 1"
    for place, version, _ in keys:
        info += place.encode() + b"\0" + struct.pack(">I", version)
    secret = b"".join(k[2] for k in keys)
    return HKDF(hashes.SHA256(), size, None, info).derive(secret)


def seal(keys, label, nonce, kind, value, commitment=None):
    okm = derive(b"sealed", keys, 64)
    header = b"\1\1" + put_number(len(label)) + label + put_number(len(keys))
    header += b"".join(put_number(k[1]) for k in keys)
    header += nonce + (commitment or hashlib.sha256(okm[32:] + nonce).digest())
    gcm = AESGCM(message_key(okm[:32], nonce))
    return header + gcm.encrypt(nonce[12:], value + kind.encode(), header)


def open_sealed(keys, data):
    r = Reader(data)
    if r.take(2) != b"\1\1":
        raise Malformed("format")
    r.take(r.number(1, 2**31 - 1))
    versions = [r.number(1, 2**31 - 1) for _ in range(r.number(1, 1024))]
    nonce, commitment = r.take(24), r.take(32)
    if len(data) - r.pos < 17:
        raise Malformed("cut off")
    if versions != [k[1] for k in keys]:
        raise Malformed("versions")
    okm = derive(b"sealed", keys, 64)
    if not hmac.compare_digest(hashlib.sha256(okm[32:] + nonce).digest(), commitment):
        raise Malformed("commitment")
    try:
        plain = AESGCM(message_key(okm[:32], nonce)).decrypt(
            nonce[12:], data[r.pos:], data[:r.pos])
    except InvalidTag:
        raise Malformed("tag")
    if plain[-1:] not in (b"t", b"b"):
        raise Malformed("kind")
    return plain[-1:].decode(), plain[:-1]


def parse_keys(text):
    keys = [k.split(":") for k in text.split(";")]
    return [(place, int(version), bytes.fromhex(secret)) for place, version, secret in keys]


def unwrap(kek, place, version, wrapped):
    aad = b"jurisdiction key " + place.encode() + b"\0" + struct.pack(">I", version)
    nonce = wrapped[:24]
    return AESGCM(message_key(kek, nonce)).decrypt(nonce[12:], wrapped[24:], aad)


def secrets(keys, data):
    r = Reader(data)
    r.take(2)
    r.take(r.number(1, 2**31 - 1))
    for _ in range(r.number(1, 1024)):
        r.number(1, 2**31 - 1)
    okm = derive(b"sealed", keys, 64)
    return [k[2] for k in keys] + [okm[:32], okm[32:], message_key(okm[:32], r.take(24))]


FIELDS = ["name", "keys", "label", "nonce", "kind", "value", "sealed", "opens"]


def make_vectors():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(FIELDS)

    def secret(n):
        return hashlib.sha256(b"vector %d" % n).digest()

    def nonce(n):
        return hashlib.sha256(b"nonce %d" % n).digest()[:24]

    de, us = ("DE", 1, secret(1)), ("US", 300, secret(2))
    cases = [
        ("empty text", [de], "40024445", "t", b""),
        ("empty bytes", [de], "40024445", "b", b""),
        ("one letter", [de], "40024445", "t", b"x"),
        ("utf-8", [de], "40024445", "t", "na\u00efve".encode()),
        ("a block", [de], "40024445", "b", bytes(range(16))),
        ("200 bytes", [de], "40024445", "b", bytes(range(200))),
        ("late version", [("DE", 2**31 - 1, secret(3))], "40024445", "t", b"x"),
        ("two places", [de, us], "5000020244450255" + "53", "t", b"joint custody"),
    ]
    made = {}
    for n, (name, keys, label, kind, value) in enumerate(cases):
        made[name] = (keys, label, nonce(n), kind, value,
                      seal(keys, bytes.fromhex(label), nonce(n), kind, value))
    rows = [(name, *made[name], 1) for name in made]
    keys, label, n, kind, value, sealed = made["utf-8"]
    for name, at in (("format", 0), ("algorithm", 1), ("label", 5), ("version", 8),
                     ("nonce", 12), ("commitment", 40), ("ciphertext", 66), ("tag", len(sealed) - 1)):
        bad = bytearray(sealed)
        bad[at] ^= 1
        rows.append((name + " altered", keys, label, n, kind, value, bytes(bad), 0))
    rows.append(("cut off", keys, label, n, kind, value, sealed[:-1], 0))
    # whole, but for what only the commitment and the kind say
    rows.append(("another commitment", keys, label, n, kind, value,
                 seal(keys, bytes.fromhex(label), n, kind, value, bytes(32)), 0))
    rows.append(("another kind", keys, label, n, kind, value,
                 seal(keys, bytes.fromhex(label), n, "x", value), 0))
    rows.append(("another key", [("DE", 1, secret(9))], label, n, kind, value, sealed, 0))
    for name, keys, label, n, kind, value, sealed, opens in rows:
        text = ";".join("%s:%d:%s" % (p, v, s.hex()) for p, v, s in keys)
        out.writerow([name, text, label, n.hex(), kind, value.hex(), sealed.hex(), opens])


def check_vectors(path):
    bad = 0
    count = 0
    for row in csv.DictReader(open(path)):
        keys, sealed = parse_keys(row["keys"]), bytes.fromhex(row["sealed"])
        expected = (row["kind"], bytes.fromhex(row["value"])) if row["opens"] == "1" else None
        try:
            got = open_sealed(keys, sealed)
        except Malformed:
            got = None
        ok = got == expected
        if expected:
            ok = ok and seal(keys, bytes.fromhex(row["label"]), bytes.fromhex(row["nonce"]),
                             *expected) == sealed
        count += 1
        bad += not ok
        if not ok:
            print("wrong: " + row["name"])
    print("%d vectors, %d wrong" % (count, bad))
    return bad == 0 and count > 0


def main(args):
    if args[:1] == ["make"]:
        make_vectors()
    elif args[:1] == ["check"]:
        return check_vectors(args[1])
    elif args[:1] == ["open"]:
        try:
            kind, value = open_sealed(parse_keys(args[1]), bytes.fromhex(args[2]))
        except Malformed as error:
            print("does not open: %s" % error)
            return False
        print(kind, value.hex())
    elif args[:1] == ["secrets"]:
        print(*(s.hex() for s in secrets(parse_keys(args[1]), bytes.fromhex(args[2]))))
    elif args[:1] == ["unwrap"]:
        print(unwrap(bytes.fromhex(args[1]), args[2], int(args[3]), bytes.fromhex(args[4])).hex())
    else:
        print(__doc__)
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
