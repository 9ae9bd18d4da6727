#!/usr/bin/python3
"""A second implementation of the evidence log (src/evidence/FORMAT.md).

    log.py verify DIRECTORY [ENTRIES]   recompute everything; ENTRIES: a file
                                        with the entries expected, one a line,
                                        of which the last may be unsigned
    log.py audit DIRECTORY [KEY]        the same, KEY being who is believed
    log.py write DIRECTORY ORIGIN SEED  entries from standard input, one a line
    log.py head ORIGIN SEED             a checkpoint of these entries
    log.py journal DIRECTORY            print the entries without checkpoint

Python's standard library, and python3-cryptography for Ed25519.  It shares
nothing with the code under test, and is written to be read beside the
format: whatever is only fast there is left out here.
"""
import base64
import hashlib
import json
import os
import re
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Wrong(Exception):
    """What is on disk is not what the format says."""


# ---------------------------------------------------------------- RFC 6962, 2.1

def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b'\x00' + entry)


def root_of(leaves):
    """MTH over leaf hashes, as the recursion of the RFC has it."""
    if not leaves:
        return sha256(b'')
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b'\x01' + root_of(leaves[:k]) + root_of(leaves[k:]))


# ---------------------------------------------------------------- signed notes

def key_id(name, public):
    return sha256(name.encode() + b'\n\x01' + public)[:4]


def key_text(name, public):
    return '%s+%s+%s' % (name, key_id(name, public).hex(),
                         base64.b64encode(b'\x01' + public).decode())


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw)


def parse_key(text):
    name, ident, key = text.split('+', 2)
    key = base64.b64decode(key, validate=True)
    if key[0] != 1 or len(key) != 33 or key_id(name, key[1:]).hex() != ident:
        raise Wrong('not a key: ' + text)
    return name, key[1:]


def sign_head(origin, seed, size, root, extension=''):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = public_of(seed)
    text = '%s\n%d\n%s\n%s' % (origin, size, base64.b64encode(root).decode(), extension)
    signature = key_id(origin, public) + private.sign(text.encode())
    return (text + '\n\u2014 %s %s\n' % (
        origin, base64.b64encode(signature).decode())).encode()


def hand_over(origin, seed, size, root, new):
    """What the key of SEED says of the key NEW: member `handover` of a record."""
    return base64.b64encode(sign_head(origin, seed, size, root, 'next key %s\n' % new)).decode()


def open_head(note, keys):
    """Origin, size, root, further lines; by which of the keys it is signed."""
    text, separator, signatures = note.decode().rpartition('\n\n')
    if not separator:
        raise Wrong('the checkpoint has no signatures')
    text += '\n'
    signed_by = None
    for line in signatures.splitlines():
        dash, name, signature = line.split(' ')
        signature = base64.b64decode(signature, validate=True)
        for key_name, public in keys:
            if name == key_name and signature[:4] == key_id(name, public):
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
                signed_by = signed_by or key_text(name, public)
    if signed_by is None:
        raise Wrong('no key of the directory signed the checkpoint')
    origin, size, root, *more = text.splitlines()
    if not signed_by.startswith(origin + '+'):
        raise Wrong('the key is called otherwise than the log')
    if not re.fullmatch('0|[1-9][0-9]*', size):
        raise Wrong('the checkpoint has no size')
    return origin, int(size), base64.b64decode(root, validate=True), more, signed_by


# ---------------------------------------------------------------- tiles

def tile_path(level, n, width):
    parts = ['%03d' % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, 'x%03d' % (n % 1000))
    return 'tile/%s/%s' % (level, '/'.join(parts)) + ('' if width == 256 else '.p/%d' % width)


def tiles_of(leaves):
    """Every tile that a tree of these leaves has: path, bytes."""
    level = 0
    while leaves:
        for n in range((len(leaves) + 255) // 256):
            part = leaves[256 * n:256 * n + 256]
            yield tile_path(level, n, len(part)), b''.join(part)
        leaves = [root_of(leaves[i:i + 256]) for i in range(0, len(leaves) - 255, 256)]
        level += 1


def bundles_of(entries):
    for n in range((len(entries) + 255) // 256):
        part = entries[256 * n:256 * n + 256]
        yield (tile_path('entries', n, len(part)),
               b''.join(struct.pack('>H', len(entry)) + entry for entry in part))


def entries_of(bundle):
    entries = []
    while bundle:
        size, = struct.unpack('>H', bundle[:2])
        if len(bundle) < 2 + size:
            raise Wrong('an entry is cut off')
        entries.append(bundle[2:2 + size])
        bundle = bundle[2 + size:]
    return entries


# ---------------------------------------------------------------- journal

def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def frame(origin, seq, entry):
    rest = struct.pack('>Q', seq) + entry
    return struct.pack('>II', len(entry), crc32c(origin.encode() + rest)) + rest


def journal_of(directory, origin, size):
    """The entries of the journal from number SIZE on."""
    entries = []
    for first in sorted(int(name) for name in os.listdir(directory + '/journal')
                        if re.fullmatch('0|[1-9][0-9]*', name)):
        data = read(directory, 'journal/%d' % first)
        at, seq = 0, first
        while len(data) - at >= 16:
            length, crc, number = struct.unpack('>IIQ', data[at:at + 16])
            rest = data[at + 8:at + 16 + length]
            if number != seq or length > 65535 or len(rest) != 8 + length or \
                    crc32c(origin.encode() + rest) != crc:
                break
            if seq == size + len(entries):
                entries.append(rest[8:])
            at, seq = at + 16 + length, seq + 1
    return entries


# ---------------------------------------------------------------- directories

def read(directory, path):
    with open(os.path.join(directory, path), 'rb') as file:
        return file.read()


def write(directory, path, data):
    path = os.path.join(directory, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)


def read_keys(directory):
    keys = [parse_key(line) for line in read(directory, 'keys').decode().splitlines()]
    if not keys:
        raise Wrong('there are no keys')
    return keys


def leaves_of(directory, size):
    """Entries, None for those that were dropped; the hashes of all."""
    entries, leaves = [], []
    for n in range((size + 255) // 256):
        width = min(256, size - 256 * n)
        try:
            bundle = entries_of(read(directory, tile_path('entries', n, width)))
            hashes = [leaf_hash(entry) for entry in bundle]
        except FileNotFoundError:
            tile = read(directory, tile_path(0, n, width))
            bundle, hashes = [None] * width, [tile[i:i + 32] for i in range(0, len(tile), 32)]
        if len(bundle) != width or len(hashes) != width:
            raise Wrong('bundle %d does not have its entries' % n)
        entries += bundle
        leaves += hashes
    return entries, leaves


def heed_records(origin, entries, leaves, believed):
    """Section 3, 1 and 3: below what entries may be missing, and who may sign."""
    below, signers = 0, None
    for seq, entry in enumerate(entries):
        if entry is None or not entry.startswith(b'{'):
            continue
        record = json.loads(entry)
        if record['event'] in ('checkpoint', 'retention'):
            if record['size'] > seq or \
                    base64.b64decode(record['root']) != root_of(leaves[:record['size']]):
                raise Wrong('record %d tells of a head that never was' % seq)
        if record['event'] == 'retention':
            if record['below'] > record['size']:
                raise Wrong('record %d says that more was dropped than there was' % seq)
            below = max(below, record['below'])
        if record['event'] == 'key rotation':
            note = base64.b64decode(record['handover'], validate=True)
            of, size, root, more, _ = open_head(note, [parse_key(record['old'])])
            if of != origin or more != ['next key ' + record['new']] or \
                    size > seq or root != root_of(leaves[:size]):
                raise Wrong('record %d hands over nothing' % seq)
            if record['old'] in believed:
                believed.append(record['new'])
            signers = (record['old'], record['new'])
    return below, signers


def verify(directory, expected=None, known=None):
    keys = read_keys(directory)
    origin, size, root, _, signed_by = open_head(read(directory, 'checkpoint'), keys)
    entries, leaves = leaves_of(directory, size)
    if root_of(leaves) != root:
        raise Wrong('the entries do not give the root')
    believed = [known or key_text(*keys[-1])]
    below, signers = heed_records(origin, entries, leaves, believed)
    if os.path.exists(directory + '/handovers'):
        for line in lines(read(directory, 'handovers')):
            note = base64.b64decode(line, validate=True)
            try:
                of, at, then, more, by = open_head(note, [parse_key(key) for key in believed])
            except Wrong:
                continue
            if of == origin and at <= size and then == root_of(leaves[:at]) and len(more) == 1 and \
                    more[0].startswith('next key '):
                believed.append(more[0][len('next key '):])
    if None in entries[below:]:
        raise Wrong('entries are missing that no record says were dropped')
    if (signers and signed_by not in signers) or \
            (signed_by not in believed and (known or None not in entries)):
        raise Wrong('signed by a key that nobody handed over to')
    wanted = {'checkpoint', 'keys', 'lock', 'handovers'}
    for path, data in tiles_of(leaves):
        if read(directory, path) != data:
            raise Wrong(path + ' is not what the entries give')
        wanted.add(path)
    wanted.update(tile_path('entries', n, min(256, size - 256 * n)) for n in range((size + 255) // 256))
    # a directory by another writer may lack what only writing needs
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), directory)
            if path not in wanted and not path.startswith(('journal/', 'index/')):
                raise Wrong(path + ' belongs to nothing')
    tail = journal_of(directory, origin, size) if os.path.isdir(directory + '/journal') else []
    if expected is not None and entries + tail != expected:
        raise Wrong('the log does not hold what was written to it')
    print('%d entries, %d more in the journal, signed by %s' % (size, len(tail), signed_by))


def write_log(directory, origin, seed, entries):
    leaves = [leaf_hash(entry) for entry in entries]
    for path, data in list(tiles_of(leaves)) + list(bundles_of(entries)):
        write(directory, path, data)
    write(directory, 'keys', (key_text(origin, public_of(seed)) + '\n').encode())
    write(directory, 'journal/%d' % len(entries), b'')
    write(directory, 'checkpoint', sign_head(origin, seed, len(entries), root_of(leaves)))


def lines(data):
    return data.split(b'\n')[:-1]


def main(command, *args):
    if command == 'verify':
        verify(args[0], lines(open(args[1], 'rb').read()) if len(args) > 1 else None)
    elif command == 'audit':
        verify(args[0], known=args[1] if len(args) > 1 else None)
    elif command == 'write':
        write_log(args[0], args[1], bytes.fromhex(args[2]), lines(sys.stdin.buffer.read()))
    elif command == 'head':
        entries = lines(sys.stdin.buffer.read())
        sys.stdout.buffer.write(sign_head(args[0], bytes.fromhex(args[1]), len(entries),
                                          root_of([leaf_hash(entry) for entry in entries])))
    elif command == 'journal':
        origin, size, *_ = open_head(read(args[0], 'checkpoint'), read_keys(args[0]))
        for entry in journal_of(args[0], origin, size):
            sys.stdout.buffer.write(entry + b'\n')
    else:
        raise Wrong('what is to be done?')


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except (Wrong, OSError, ValueError, KeyError, InvalidSignature) as error:
        sys.exit('log.py: %s' % (error or type(error).__name__))
