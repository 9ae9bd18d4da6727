#!/usr/bin/python3
"""The evidence log against its second implementation, and against tampering.

    check_log.py    from the root of the project, where "make" was run

Logs are made by the writer that the server uses (log_tool.c) and by log.py;
each side reads what the other wrote.  Then everything that an attacker may do
to a directory is done to one, and jurisdiction-verify has to say what it was.
"""
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import log  # noqa: E402

ORIGIN = 'jurisdiction/7000000000000000001/0123456789abcdef'
SEED, OTHER_SEED, THIRD_SEED = (bytes([n]) * 32 for n in (1, 2, 3))
KEY = log.key_text(ORIGIN, log.public_of(SEED))
OTHER_KEY = log.key_text(ORIGIN, log.public_of(OTHER_SEED))
NAMESAKE = log.key_text('jurisdiction/1/other', log.public_of(SEED))
PURE = ['base64', 'log_dir_checkpoint', 'log_dir_file', 'log_dir_journal',
        'log_dir_journal_write', 'log_dir_open', 'log_dir_read', 'log_dir_write',
        'merkle', 'note']
VERIFIER = os.path.abspath('jurisdiction-verify')

passed = failed = 0


def check(name, holds, why=''):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
    print('%s - log: %s' % ('ok' if holds else 'not ok', name))
    if not holds:
        print('#   ' + str(why).replace('\n', '\n#   '))


# ---------------------------------------------------------------- tools

def build():
    tool = os.path.join(scratch, 'log_tool')
    subprocess.run(['gcc', '-std=gnu99', '-D_GNU_SOURCE', '-O1', '-g', '-Isrc', '-o', tool,
                    'test/interop/log_tool.c'] +
                   ['src/evidence/%s.c' % name for name in PURE] + ['-lcrypto'], check=True)
    return tool


def tool(*args, entries=()):
    return subprocess.run([TOOL] + [str(arg) for arg in args], capture_output=True,
                          input=b''.join(entry + b'\n' for entry in entries))


def fresh(name='log'):
    path = os.path.join(scratch, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def copy(source, name='copy'):
    path = fresh(name)
    shutil.copytree(source, path, symlinks=True)
    return path


def append(directory, entries, seed=SEED, batch=100, checkpoint=None):
    result = tool('append', directory, ORIGIN, seed.hex(), batch,
                  *([] if checkpoint is None else [checkpoint]), entries=entries)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.decode())


def verifier(*args):
    result = subprocess.run([VERIFIER] + [str(arg) for arg in args], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def expect(name, status, pattern, *args):
    got, text = verifier(*args)
    check(name, got == status and re.search(pattern, text), 'exit %d: %s' % (got, text))


def expect_both(name, status, pattern, *args):
    """The program says so, and the second implementation comes to the same."""
    expect(name, status, pattern, *args)
    key = [args[1]] if args[0] == '--key' else []
    result = subprocess.run([sys.executable, log.__file__, 'audit', args[-1], *key],
                            capture_output=True, text=True)
    check(name + ', says the other', (result.returncode == 0) == (status == 0), result.stdout + result.stderr)


def numbered(begin, end, what='entry'):
    return [b'{"v":1,"event":"test","n":"%s %d"}' % (what.encode(), i) for i in range(begin, end)]


def record(event, **members):
    rest = ''.join(',"%s":%s' % (name, value if isinstance(value, int) else '"%s"' % value)
                   for name, value in members.items())
    return ('{"v":1,"event":"%s","time":"2026-01-02T03:04:05.000006Z","node":"n"%s}'
            % (event, rest)).encode()


def save(name, data):
    path = os.path.join(scratch, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def change(directory, path, function):
    data = log.read(directory, path)
    log.write(directory, path, function(data))


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def root_b64(entries):
    return base64.b64encode(log.root_of([log.leaf_hash(entry) for entry in entries])).decode()


# ---------------------------------------------------------------- vectors

def vectors():
    entries, cases = [], 0
    for line in open('test/interop/merkle.csv'):
        fields = line.rstrip('\n').split(',')
        if fields[0] == 'entry':
            entries.append(log.leaf_hash(bytes.fromhex(fields[2])))
        elif fields[0] == 'root':
            if log.root_of(entries[:int(fields[1])]).hex() != fields[2]:
                return False
            cases += 1
    return cases == 9


# ---------------------------------------------------------------- both ways

def both_ways():
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 700, 66000):
        entries = [b'%d ' % i * (i % 7) for i in range(size)]
        expected = save('expected', b''.join(entry + b'\n' for entry in entries))

        directory = fresh()
        append(directory, entries, checkpoint=size // 5 + 7)
        result = subprocess.run([sys.executable, log.__file__, 'verify', directory, expected],
                                capture_output=True, text=True)
        check('%d entries of the writer, read by the other' % size,
              result.returncode == 0, result.stderr)
        expect('%d entries of the writer, verified' % size, 0,
               'verified: %d entries' % size, '--key', KEY, directory)

        directory = fresh()
        log.write_log(directory, ORIGIN, SEED, entries)
        expect('%d entries of the other, verified' % size, 0,
               'verified: %d entries' % size, '--key', KEY, directory)
        append(directory, [b'one more'])
        with open(expected, 'ab') as file:
            file.write(b'one more\n')
        result = subprocess.run([sys.executable, log.__file__, 'verify', directory, expected],
                                capture_output=True, text=True)
        check('%d entries of the other, continued by the writer' % size,
              result.returncode == 0, result.stderr)


# ---------------------------------------------------------------- tampering

ENTRIES = numbered(0, 700)


def honest():
    """A log of 700 entries, and the head that it had at 300."""
    directory = fresh('honest')
    append(directory, ENTRIES[:300])
    save('head300', log.read(directory, 'checkpoint'))
    shutil.copytree(directory, fresh('honest300'))
    append(directory, ENTRIES[300:])
    save('head700', log.read(directory, 'checkpoint'))
    return directory


def bundle(entries):
    return b''.join(len(entry).to_bytes(2, 'big') + entry for entry in entries)


def forge(directory, entries, seed=None):
    """Entries and tiles as if these had been signed; by SEED, they are."""
    leaves = [log.leaf_hash(entry) for entry in entries]
    shutil.rmtree(directory + '/tile')
    for path, data in list(log.tiles_of(leaves)) + list(log.bundles_of(entries)):
        log.write(directory, path, data)
    if seed:
        log.write(directory, 'checkpoint',
                  log.sign_head(ORIGIN, seed, len(entries), log.root_of(leaves)))
        shutil.rmtree(directory + '/journal')
        log.write(directory, 'journal/%d' % len(entries), b'')


def bytes_and_bundles():
    """Flipped bytes; entries that were removed, inserted, reordered."""
    length = 2 + len(ENTRIES[0])
    second, third = log.tile_path('entries', 1, 256), log.tile_path('entries', 2, 188)
    bundle1, bundle2 = ENTRIES[256:512], ENTRIES[512:700]
    swapped = bundle1[:9] + [bundle1[10], bundle1[9]] + bundle1[11:]
    cases = [
        ('a flipped byte of an entry', log.tile_path('entries', 0, 256), flip(3 * length + 9),
         'changed: entry 3 is not what its leaf hash says'),
        ('a flipped byte of an entry of a partial bundle', third, flip(20),
         'changed: entry 512 is not what'),
        ('a flipped byte of a length', second, flip(1), 'tampered: '),
        ('a flipped byte of a leaf hash', log.tile_path(0, 1, 256), flip(5 * 32),
         'changed: the leaf hash of entry 261 was changed'),
        ('a flipped byte of a leaf hash of a partial tile', log.tile_path(0, 2, 188), flip(187 * 32),
         'changed: the leaf hash of entry 699 was changed'),
        ('a flipped byte of a higher tile', log.tile_path(1, 0, 2), flip(32),
         'changed: hash 1 of level 1 of the tiles'),
        ('a tile that is too short', log.tile_path(0, 1, 256), lambda data: data[:-32],
         'changed: .* does not hold 256 hashes'),
        ('an entry that was removed', second, lambda data: bundle(bundle1[:7] + bundle1[8:]),
         'removed: entry 263 is not there'),
        ('an entry that was removed, the next bundle\'s in its place', second,
         lambda data: bundle(bundle1[:7] + bundle1[8:] + bundle2[:1]),
         'removed: entry 263 is not there'),
        ('an entry that was removed from a partial bundle', third,
         lambda data: bundle(bundle2[:7] + bundle2[8:]), 'removed: entry 519 is not there'),
        ('an entry that was inserted', second,
         lambda data: bundle(bundle1[:7] + [b'new'] + bundle1[7:]), 'inserted: what is at 263'),
        ('an entry that was inserted, the others moved on', second,
         lambda data: bundle(bundle1[:7] + [b'new'] + bundle1[7:-1]), 'inserted: what is at 263'),
        ('an entry that was added behind the last', third,
         lambda data: data + bundle([b'new']), 'inserted: .*has entries behind its last one'),
        ('an entry that was replaced', second,
         lambda data: bundle(bundle1[:7] + [b'new'] + bundle1[8:]), 'changed: entry 263'),
        ('two entries in another order', second, lambda data: bundle(swapped),
         'reordered: entries from 265 on'),
        ('a bundle that is cut off', second, lambda data: data[:-5],
         'truncated: .* cut off within entry 511'),
        ('a bundle that ends too early', third, lambda data: bundle(bundle2[:-2]),
         'truncated: .* ends before entry 698'),
        ('bytes behind a bundle', second, lambda data: data + b'\x01',
         'inserted: .* something behind its last one'),
    ]
    for name, path, function, pattern in cases:
        directory = copy(HONEST)
        change(directory, path, function)
        expect_both(name, 1, '^tampered: ' if pattern == 'tampered: ' else '^tampered: ' + pattern,
               directory)

    directory = copy(HONEST)
    data = log.read(directory, log.tile_path('entries', 0, 256))
    change(directory, log.tile_path('entries', 0, 256), lambda _: bundle(bundle1))
    change(directory, second, lambda _: data)
    expect_both('two bundles in each other\'s place', 1, '^tampered: changed: entry 0', directory)

    directory = copy(HONEST)
    os.unlink(os.path.join(directory, second))
    expect_both('a bundle that was removed', 1,
           '^tampered: removed: entries 256 to 511 are not there', directory)
    directory = copy(HONEST)
    os.unlink(os.path.join(directory, third))
    expect_both('a log that was truncated', 1,
           '^tampered: truncated: the checkpoint covers 700 entries, and those from 512 on',
           directory)
    directory = copy(HONEST)
    os.unlink(os.path.join(directory, log.tile_path(0, 1, 256)))
    expect_both('a tile that was removed', 1, '^tampered: removed: could not open', directory)


def heads():
    """The checkpoint, its keys, and the one that was saved earlier."""
    for name, function, pattern in (
            ('a flipped byte of the root', flip(len(ORIGIN) + 7), 'forged: the signature of the checkpoint'),
            ('another size', lambda data: data.replace(b'\n700\n', b'\n699\n'), 'forged: '),
            ('a flipped byte of the signature', flip(-10), '(forged|changed): '),
            ('a head that is none', lambda data: data.replace(b'\n700\n', b'\n0700\n'),
             'changed: .* is not a checkpoint'),
            ('an empty checkpoint', lambda data: b'', 'changed: ')):
        directory = copy(HONEST)
        change(directory, 'checkpoint', function)
        expect(name, 1, '^tampered: ' + pattern, directory)

    head300, head700 = os.path.join(scratch, 'head300'), os.path.join(scratch, 'head700')
    expect('the log extends the one of before', 0, 'extends: ', '--since', head300, HONEST)
    expect('the log extends itself', 0, 'extends: ', '--since', head700, HONEST)
    old = os.path.join(scratch, 'honest300')
    expect('a log that was rolled back looks honest by itself', 0, 'verified: 300', old)
    expect('a log that was rolled back', 1,
           '^tampered: rolled back: the log had 700 entries at the saved checkpoint, and has 300',
           '--since', head700, old)

    directory = copy(old, 'fork')
    append(directory, numbered(300, 800, 'other'))
    expect('the other branch looks honest by itself', 0, 'verified: 800', '--since', head300, directory)
    expect('a log that was forked', 1, '^tampered: forked: the first 700 entries',
           '--since', head700, directory)

    directory = copy(HONEST)
    forge(directory, ENTRIES[:100] + [b'forged'] + ENTRIES[101:], SEED)
    expect('a log rewritten by who has the key', 1, '^tampered: forked: the first 300 entries',
           '--since', head300, directory)
    directory = copy(HONEST)
    forge(directory, ENTRIES[:100] + [b'forged'] + ENTRIES[101:])
    expect('a log rewritten by who has not', 1, '^tampered: rewritten: entries and tiles agree',
           directory)

    expect('the right key, pinned', 0, 'verified: 700', '--key', KEY, HONEST)
    expect('the right key, in a file', 0, 'verified: 700',
           '--key', save('key', (KEY + '\n').encode()), HONEST)
    expect('the key of another log', 1, '^tampered: wrong key: ', '--key', NAMESAKE, HONEST)
    directory = copy(HONEST)
    log.write(directory, 'keys', (OTHER_KEY + '\n').encode())
    expect('keys of which none signed', 1, '^tampered: wrong key: .* any key of the log', directory)

    directory = copy(HONEST, 'resigned')
    forge(directory, ENTRIES, OTHER_SEED)
    log.write(directory, 'keys', (OTHER_KEY + '\n').encode())
    expect('a log signed anew looks honest by itself', 0, 'verified: 700', directory)
    expect('a log signed anew, the key being pinned', 1,
           '^tampered: re-signed: .* not by the key that was pinned', '--key', KEY, directory)
    expect('a log signed anew, a head being known', 1,
           '^tampered: re-signed: the saved checkpoint is signed by none', '--since', head300, directory)
    expect('another log\'s head', 1, '^tampered: another log: ', '--since',
           save('head', log.sign_head('jurisdiction/1/other', SEED, 0, log.root_of([]))), HONEST)


def told_by_records():
    """What records say of heads, of retention, of keys."""
    def written(entries, name='told', seed=SEED):
        directory = fresh(name)
        append(directory, entries, seed=seed)
        return directory

    head = record('checkpoint', size=300, root=root_b64(ENTRIES[:300]))
    wrong = record('checkpoint', size=299, root=root_b64(ENTRIES[:300]))
    late = record('checkpoint', size=301, root=root_b64(ENTRIES[:300] + [b'x']))
    expect_both('a head that a record tells of', 0, 'older heads that records tell of: 1',
           written(ENTRIES[:300] + [head] + ENTRIES[300:]))
    expect_both('a head that never was', 1, '^tampered: rewritten: record 300 .* never had',
           written(ENTRIES[:300] + [wrong] + ENTRIES[300:]))
    expect_both('a head later than its record', 1, '^tampered: rewritten: record 300 .* later than itself',
           written(ENTRIES[:300] + [late] + ENTRIES[300:]))

    def dropped(below, root=None):
        drop = record('retention', below=below, root=root or root_b64(ENTRIES), size=700)
        directory = written(ENTRIES + [drop])
        os.unlink(os.path.join(directory, log.tile_path('entries', 0, 256)))
        os.unlink(os.path.join(directory, log.tile_path('entries', 1, 256)))
        return directory

    expect_both('what was dropped with a record', 0, 'dropped by retention: 512 entries below 512',
           dropped(512))
    expect('what was dropped with a record, since an old head', 0, 'extends: ',
           '--since', os.path.join(scratch, 'head300'), dropped(512))
    expect_both('more was dropped than a record says', 1,
           '^tampered: removed: entries 511 to 511 are not there', dropped(511))
    expect_both('the record of retention cites another tree', 1, '^tampered: rewritten: record 700',
           dropped(512, root_b64(ENTRIES[:1])))

    successor = record('log start', origin=ORIGIN, verdict='missing', previous='jurisdiction/1/other',
                       size=55, root=root_b64([]))
    expect_both('a log that took the place of another', 0,
           r'note: it took the place of "jurisdiction/1/other", which had 55 entries \(missing\)',
           written([successor] + ENTRIES))


def rotation(entries, seed=SEED, new=OTHER_KEY, old=KEY, told=None, **members):
    """The record of a new key behind ENTRIES; SEED signs what it is told of them."""
    told = entries if told is None else told
    handover = log.hand_over(ORIGIN, seed, len(told), log.root_of([log.leaf_hash(e) for e in told]), new)
    return record('key rotation', **{'old': old, 'new': new, 'handover': handover, **members})


def keys():
    """Who signs is who was handed the key, and nobody else."""
    head300 = os.path.join(scratch, 'head300')

    def written(entries, seed=SEED, signer=None):
        directory = fresh('rotated')
        append(directory, entries, seed=seed)
        if signer and tool('rotate', directory, ORIGIN, seed.hex(), signer.hex()).returncode != 0:
            raise RuntimeError('cannot rotate')
        return directory

    right = ENTRIES + [rotation(ENTRIES)]
    expect_both('a new key with a record', 0, 'signed by: ' + re.escape(OTHER_KEY),
           written(right, signer=OTHER_SEED))
    directory = written(right, signer=OTHER_SEED)
    expect_both('a new key, the old one being pinned', 0,
           re.escape(OTHER_KEY) + ', to which the older key handed over', '--key', KEY, directory)
    expect_both('a new key, pinned', 0, 'verified: 701', '--key', OTHER_KEY, directory)
    expect('an old head by the old key', 0, 'extends: ', '--since', head300, directory)
    status, text = verifier('--ocsf', '--from', '699', '--key', KEY, directory)
    check('events of a log with a new key, the old one being pinned',
          status == 0 and text.count('\n') == 2, text)
    append(directory, numbered(701, 800) + [rotation(right + numbered(701, 800), OTHER_SEED,
           log.key_text(ORIGIN, log.public_of(THIRD_SEED)), OTHER_KEY)], seed=OTHER_SEED)
    if tool('rotate', directory, ORIGIN, OTHER_SEED.hex(), THIRD_SEED.hex()).returncode != 0:
        raise RuntimeError('cannot rotate')
    expect_both('a third key, the first being pinned', 0, 'older key handed over', '--key', KEY, directory)
    expect_both('a third key, the second being pinned', 0, 'older key handed over', '--key', OTHER_KEY, directory)

    expect_both('a new key with a record of another', 1, '^tampered: re-signed: record 700 says that',
           written(right, signer=THIRD_SEED))
    expect_both('a new key without a record, but with a handover', 0, 'verified: 700',
           written(ENTRIES, signer=OTHER_SEED))
    directory = written(ENTRIES, signer=OTHER_SEED)
    os.unlink(directory + '/handovers')
    expect_both('a new key without either', 1, '^tampered: re-signed: .* not by the log\'s first one', directory)
    handover = log.hand_over(ORIGIN, SEED, 300, log.root_of([log.leaf_hash(e) for e in ENTRIES[:300]]), OTHER_KEY)
    log.write(directory, 'handovers', handover.encode() + b'\n')
    expect_both('a new key with a handover of an older head', 0, 'verified: 700', directory)
    for name, line, kind in (
            ('that the new key signed', log.hand_over(ORIGIN, OTHER_SEED, 0, log.root_of([]), OTHER_KEY), 're-signed'),
            ('of another tree', log.hand_over(ORIGIN, SEED, 3, bytes(32), OTHER_KEY), 'forked'),
            ('of a later tree', log.hand_over(ORIGIN, SEED, 701, bytes(32), OTHER_KEY), 'rolled back'),
            ('that is none', 'x', 'changed')):
        log.write(directory, 'handovers', line.encode() + b'\n')
        expect_both('a new key with a handover ' + name, 1, '^tampered: %s: ' % kind, directory)
    expect_both('a new key that has not signed yet', 0, 'note: record 700 tells of a new key', written(right))
    for name, entry in (
            ('nothing of the old key', record('key rotation', old=KEY, new=OTHER_KEY)),
            ('a handover that the new key signed', rotation(ENTRIES, OTHER_SEED)),
            ('a handover to a third key', rotation(ENTRIES, new=log.key_text(ORIGIN, log.public_of(THIRD_SEED)),
             **{'old': KEY}).replace(log.key_text(ORIGIN, log.public_of(THIRD_SEED)).encode(), OTHER_KEY.encode())),
            ('a checkpoint for a handover', rotation(ENTRIES, handover=base64.b64encode(
                log.sign_head(ORIGIN, SEED, 700, log.root_of([log.leaf_hash(e) for e in ENTRIES]))).decode()))):
        expect_both('a record of a new key with ' + name, 1,
               '^tampered: re-signed: record 700 .* did not hand over', written(ENTRIES + [entry], signer=OTHER_SEED))
    expect_both('a handover of another tree', 1, '^tampered: rewritten: record 700 .* never had',
           written(ENTRIES + [rotation(ENTRIES, told=numbered(0, 700, 'other'))], signer=OTHER_SEED))

    # who has no key of the log, and puts one of his own into it
    for name, entries in (('without a record', ENTRIES[:300] + numbered(300, 800, 'forged')),
                          ('with a record', ENTRIES[:300] + [rotation(ENTRIES[:300], OTHER_SEED)] +
                           numbered(301, 800, 'forged'))):
        directory = copy(HONEST, 'swapped')
        forge(directory, entries, OTHER_SEED)
        log.write(directory, 'keys', (OTHER_KEY + '\n' + KEY + '\n').encode())
        for known, args in (('an old head', ['--since', head300]), ('the key', ['--key', KEY]), ('nothing', [])):
            expect('another key put into the log %s, who knows %s' % (name, known), 1,
                   '^tampered: re-signed: ', *args, directory)
        check('nor are events told of it, %s' % name,
              verifier('--ocsf', '--since', head300, directory) [0] == 1 and
              verifier('--ocsf', '--key', KEY, directory)[0] == 1)

    # the record of the new key went with what was dropped
    late = right + numbered(701, 1200)
    late.append(record('retention', below=768, root=root_b64(late), size=1200))
    directory = written(right, signer=OTHER_SEED)
    append(directory, late[701:], seed=OTHER_SEED)
    for n in range(3):
        os.unlink(os.path.join(directory, log.tile_path('entries', n, 256)))
    expect_both('a record of a new key that was dropped', 0, 'dropped by retention: 768', directory)
    expect_both('a record of a new key that was dropped, the old one being pinned', 0, 'older key handed over',
           '--key', KEY, directory)
    status, text = verifier('--ocsf', '--from', '768', '--key', KEY, directory)
    check('events of such a log', status == 0 and text.count('\n') == 433, text[-300:])
    os.unlink(directory + '/handovers')
    expect_both('a record of a new key that was dropped, and the handover', 2,
           '^could not check: .* among those that were dropped', '--key', KEY, directory)
    expect_both('a record of a new key that was dropped, the new one being pinned', 0, 'verified: 1201',
           '--key', OTHER_KEY, directory)


def journals():
    directory = copy(HONEST)
    append(directory, numbered(700, 710), checkpoint=0)
    expect('entries that are not signed yet', 0, 'not signed yet: 10 entries', directory)
    check('the other reads them too',
          subprocess.run([sys.executable, log.__file__, 'journal', directory],
                         capture_output=True).stdout.count(b'\n') == 10)
    append(directory, [])
    expect('entries of the journal, signed later', 0, 'verified: 710', directory)

    directory = copy(HONEST)
    append(directory, numbered(700, 710), checkpoint=0)
    name = 'journal/' + os.listdir(directory + '/journal')[0]
    change(directory, name, lambda data: data.replace(b'entry 705"', b'entry 706"'))
    expect('a flipped byte of what is not signed', 0,
           'not signed yet: 5 entries.*\n(.*\n)*note: behind them the journal holds more', directory)

    directory = copy(HONEST)
    os.rename(directory + '/journal/300', directory + '/journal/900')
    expect('a journal that goes on from a later head', 1, '^tampered: rolled back: the journal', directory)
    directory = copy(HONEST)
    shutil.rmtree(directory + '/journal')
    expect('a log copied without its journal', 0, 'verified: 700', directory)


def strange_files():
    """What is no file where one has to be, and the other way round: no waiting for it."""
    for path in ('checkpoint', 'keys', log.tile_path(0, 1, 256), log.tile_path(1, 0, 2),
                 log.tile_path('entries', 1, 256), log.tile_path('entries', 2, 188), 'journal/300'):
        for name, make in (('a pipe', os.mkfifo), ('a directory', os.mkdir),
                           ('a device', lambda p: os.symlink('/dev/zero', p)),
                           ('a link to itself', lambda p: os.symlink(p, p))):
            directory = copy(HONEST)
            os.unlink(os.path.join(directory, path))
            make(os.path.join(directory, path))
            expect('%s instead of %s' % (name, path), 1, '^tampered: changed: ', directory)
    for path in ('tile', 'tile/0', 'tile/1', 'tile/entries', 'journal'):
        directory = copy(HONEST)
        shutil.rmtree(os.path.join(directory, path))
        log.write(directory, path, b'')
        expect('a file instead of %s' % path, 1, '^tampered: changed: .*Not a directory', directory)
    directory = copy(HONEST)
    os.unlink(directory + '/checkpoint')
    expect('a checkpoint that was removed', 1, '^tampered: removed: .*and there are entries', directory)
    directory = copy(HONEST)
    log.write(directory, 'journal/300', b'\xff' * 100000)
    expect('a journal of huge lengths', 0, 'verified: 700', directory)


def moving():
    """A log that grows while it is verified, or was copied."""
    directory = copy(os.path.join(scratch, 'honest300'))
    append(directory, ENTRIES[300:310])
    shutil.copy(os.path.join(scratch, 'head300'), directory + '/checkpoint')
    expect('a copy whose checkpoint was copied first', 0, 'verified: 300', directory)
    append(directory, ENTRIES[300:700])
    shutil.copy(os.path.join(scratch, 'head300'), directory + '/checkpoint')
    expect('and a bundle later', 0, 'verified: 300', directory)

    directory = fresh('busy')
    append(directory, [b'%d' % i * 20 for i in range(30000)])
    writer = subprocess.Popen([TOOL, 'append', directory, ORIGIN, SEED.hex(), '10', '20'],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    begun = log.read(directory, 'checkpoint')
    answers = []
    # each checkpoint leaves the journal's file to what comes after it
    for _ in range(20):
        reader = subprocess.Popen([VERIFIER, directory], stdout=subprocess.PIPE, text=True)
        while reader.poll() is None:
            writer.stdin.write((b'y' * 60000 + b'\n') * 20)
            writer.stdin.flush()
        answers.append((reader.returncode, reader.stdout.read()))
    writer.communicate()
    check('a log that grows while it is verified', all(code == 0 for code, _ in answers),
          [text[:200] for code, text in answers if code != 0][:3])
    check('and grew', log.read(directory, 'checkpoint') != begun)


def unchecked():
    closed = copy(HONEST)
    path = os.path.join(closed, log.tile_path('entries', 1, 256))
    os.unlink(path)
    os.symlink('x' * 300, path)
    keyless = copy(HONEST, 'keyless')
    os.unlink(keyless + '/keys')
    for name, args in (
            ('no directory', []), ('a directory that is not there', [fresh('nowhere')]),
            ('a directory without a log', [scratch]), ('an unknown option', ['--nonsense', HONEST]),
            ('two directories', [HONEST, HONEST]),
            ('a key that is none', ['--key', 'nonsense', HONEST]),
            ('a file that cannot be opened', [closed]),
            ('a log without keys', [keyless]),
            ('a file as directory', [HONEST + '/keys']),
            ('an old head that is not there', ['--since', fresh('nowhere'), HONEST]),
            ('an old head that is none', ['--since', HONEST + '/keys', HONEST]),
            ('--from without --ocsf', ['--from', '1', HONEST]),
            ('--from of no number', ['--ocsf', '--from', '-1', HONEST]),
            ('a proof without a key', ['--proof', HONEST + '/keys'])):
        expect(name, 2, '^(.*\n)?could not check: ', *args)
    expect('a log without keys, the key being pinned', 0, 'verified: 700', '--key', KEY, keyless)
    expect('--help', 0, '^jurisdiction-verify proves', '--help')
    expect('--version', 0, r'^jurisdiction-verify \d', '--version')
    expect('--progress', 0, r'700 of 700 entries \(100 %\)', '--progress', HONEST)


# ---------------------------------------------------------------- proofs, events

def proofs():
    for seq in (0, 255, 256, 511, 699):
        text = tool('prove', HONEST, seq).stdout
        proof = save('proof', text)
        right, wrong = save('right', ENTRIES[seq]), save('wrong', ENTRIES[seq] + b' ')
        args = ['--key', KEY, '--proof', proof]
        expect('a proof of entry %d' % seq, 0, 'verified: the record is entry %d of' % seq,
               *args, '--record', right)
        expect('a proof of entry %d, and another record' % seq, 1,
               '^tampered: changed: the record is not entry %d' % seq, *args, '--record', wrong)
    expect('a proof with its directory', 0, 'verified: the record is entry 699', '--proof', proof, HONEST)
    expect('a proof without its record', 2, '^could not check: ', *args)
    with_extra = text.replace(b'index', b'extra ' + base64.b64encode(ENTRIES[699]) + b'\nindex', 1)
    expect('a proof that holds its record', 0, 'verified: ', '--key', KEY, '--proof',
           save('proof', with_extra))
    lines = text.split(b'\n')
    for name, changed, status, pattern in (
            ('another number', text.replace(b'index 699', b'index 698'), 1, 'changed: '),
            ('a hash less', b'\n'.join(lines[:2] + lines[3:]), 1, 'changed: '),
            ('a hash more', b'\n'.join(lines[:3] + lines[2:]), 1, 'changed: '),
            ('another size', text.replace(b'\n700\n', b'\n701\n'), 1, 'forged: '),
            ('a number with a zero before it', text.replace(b'index 699', b'index 0699'), 2, 'is not a proof'),
            ('no first line', b'\n'.join(lines[1:]), 2, 'is not a proof')):
        expect('a proof with ' + name, status, pattern, '--key', KEY, '--record', right,
               '--proof', save('proof', changed))
    text = log.read(HONEST, 'checkpoint')
    head, head300 = save('head', text), os.path.join(scratch, 'head300')
    hashes = tool('consistency', HONEST, 300, 700).stdout
    args = ['--key', KEY, '--since', head300, '--head', head, '--consistency']
    expect('a proof that one head extends the other', 0, 'of 700 entries extends that of 300',
           *args, save('hashes', hashes))
    lines = hashes.split(b'\n')
    for name, changed, status, pattern in (
            ('without its first hash', b'\n'.join(lines[1:]), 1, 'tampered: changed: the proof does not lead'),
            ('with a hash more', lines[0] + b'\n' + hashes, 1, 'tampered: changed: '),
            ('without any', b'', 1, 'tampered: changed: '),
            ('that is none', b'x' + hashes, 2, 'is not a proof')):
        expect('a proof of two heads ' + name, status, pattern, *args, save('hashes', changed))
    save('hashes', hashes)
    expect('a proof of two heads, changed round', 1, '^tampered: rolled back', '--key', KEY, '--since', head,
           '--head', head300, '--consistency', os.path.join(scratch, 'hashes'))
    expect('a proof of two heads, and another key', 1, '^tampered: wrong key', '--key', OTHER_KEY,
           '--since', head300, '--head', head, '--consistency', os.path.join(scratch, 'hashes'))
    text = tool('prove', HONEST, 699).stdout
    expect('a proof, and another key', 1, '^tampered: wrong key: ', '--key', OTHER_KEY,
           '--record', right, '--proof', save('proof', text))


def events():
    directory = fresh('events')
    records = [record('server start', version='1.0') for _ in range(600)]
    append(directory, records)
    status, text = verifier('--ocsf', '--from', '10', directory)
    result = subprocess.run([sys.executable, 'test/interop/ocsf.py'], input=text.encode(), capture_output=True)
    check('records are events from the one that was asked for',
          status == 0 and text.count('\n') == 590 and result.returncode == 0,
          text[:200] + result.stderr.decode() + result.stdout.decode())

    # a server that computes no query ids; a statement of no table; one of each kind of client
    other = fresh('statements')
    append(other, [
        record('statement', id='1.2.3', client='192.0.2.7', command='SELECT', outcome='completed'),
        record('statement', id='1.2.4', client='2001:db8::1', command='COPY', digest='-5', outcome='failed', sqlstate='42501'),
        record('statement', client='local', command='SELECT', outcome='running'),
        record('statement', client='local', command='SELECT', digest='7', outcome='completed', times=9,
               until='2026-01-02T03:04:05.040006Z'),
        record('refusal', action='read', object='public."odd ""name"""'.replace('"', '\\"'), verdict='deny', detail='no'),
        record('retention', below=0, root=root_b64([]), size=0), b'no record'])
    status, text = verifier('--ocsf', other)
    result = subprocess.run([sys.executable, 'test/interop/ocsf.py'], input=text.encode(), capture_output=True)
    check('records of all kinds are events', status == 0 and result.stdout == b'7 events\n',
          text[:200] + result.stderr.decode() + result.stdout.decode())
    check('of which one counts nine', '"time":1767323045000,"count":9,"start_time":1767323045000,"end_time":1767323045040' in text)

    changed = copy(directory)
    change(changed, log.tile_path('entries', 2, 88), flip(30))
    status, text = verifier('--ocsf', changed)
    check('an event that was tampered with is not told',
          status == 1 and text.count('\n') == 513 and 'tampered: changed: entry 512' in text,
          text[-300:])
    changed = copy(directory)
    change(changed, log.tile_path(0, 1, 256), flip(30))
    status, text = verifier('--ocsf', changed)
    check('nor is one whose tile was', status == 1 and text.count('\n') == 257 and
          'tampered: changed: tile 1 of level 0' in text, text[-300:])
    changed = copy(directory)
    change(changed, log.tile_path(1, 0, 2), flip(30))
    status, text = verifier('--ocsf', changed)
    check('nor any where the edge is not what was signed', status == 1 and
          text.startswith('tampered: changed: the tiles do not give the root'), text[-300:])

    # who has the key keeps the hashes that an old head is made of, and signs others
    forked = copy(HONEST, 'forked')
    hashes = log.read(forked, log.tile_path(0, 0, 256))
    forge(forked, [b'forged'] + ENTRIES[1:], SEED)
    log.write(forked, log.tile_path(0, 0, 256), hashes)
    save('head100', log.sign_head(ORIGIN, SEED, 100, log.root_of([log.leaf_hash(e) for e in ENTRIES[:100]])))
    status, text = verifier('--ocsf', '--from', '690', '--since', os.path.join(scratch, 'head100'), forked)
    check('nor any of a log that does not extend the head that was saved', status == 1 and
          text.startswith('tampered: forked: the first 100 entries'), text[-300:])
    status, text = verifier('--ocsf', '--from', '690', '--since', os.path.join(scratch, 'head300'), HONEST)
    check('of one that does they are', status == 0 and text.count('\n') == 10, text[-300:])

    append(directory, records[:5], checkpoint=0)
    check('what is not signed is not told', verifier('--ocsf', directory)[1].count('\n') == 600)
    follower = subprocess.Popen([VERIFIER, '--ocsf', '--follow', '--from', '598', directory],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [follower.stdout.readline() for _ in range(2)]
    append(directory, records[:300])
    lines += [follower.stdout.readline() for _ in range(305)]
    check('it follows a log that grows', all(lines) and len(lines) == 307)
    shutil.rmtree(directory + '/tile')
    shutil.copytree(os.path.join(scratch, 'honest300', 'tile'), directory + '/tile')
    shutil.copy(os.path.join(scratch, 'honest300', 'checkpoint'), directory + '/checkpoint')
    check('and says when it was rolled back', follower.wait(20) == 1 and
          b'tampered: rolled back' in follower.stderr.read())


# ---------------------------------------------------------------- the writer

def refusals():
    """The writer does not go on where it was not it who wrote."""
    third = log.tile_path('entries', 2, 188)

    def resign(directory):
        forge(directory, ENTRIES, OTHER_SEED)
        log.write(directory, 'keys', (KEY + '\n' + OTHER_KEY + '\n').encode())

    def roll_back(directory):
        shutil.copy(os.path.join(scratch, 'head300'), directory + '/checkpoint')
        os.rename(directory + '/journal/300', directory + '/journal/700')
        for path, data in list(log.tiles_of([log.leaf_hash(entry) for entry in ENTRIES[:300]])) + \
                list(log.bundles_of(ENTRIES[:300])):
            log.write(directory, path, data)

    for name, function, pattern in (
            ('a signature that is not right', lambda d: change(d, 'checkpoint', flip(len(ORIGIN) + 7)),
             'signature .* is not right'),
            ('no checkpoint', lambda d: os.unlink(d + '/checkpoint'), 'has entries, but no checkpoint'),
            ('a leaf hash at the edge', lambda d: change(d, log.tile_path(0, 2, 188), flip(40)),
             'is not what its leaf hash says'),
            ('a hash at the edge of a higher level', lambda d: change(d, log.tile_path(1, 0, 2), flip(40)),
             'do not give the root'),
            ('an entry of the last bundle', lambda d: change(d, third, flip(20)),
             'is not what its leaf hash says'),
            ('a missing last bundle', lambda d: os.unlink(os.path.join(d, third)), 'could not open'),
            ('another key among the keys that signed', resign, 'not signed by the log\'s present key'),
            ('other keys', lambda d: log.write(d, 'keys', (OTHER_KEY + '\n').encode()),
             'does not have the log\'s present key'),
            ('a checkpoint that is older than the journal', roll_back, 'its checkpoint is an older one')):
        directory = copy(HONEST)
        function(directory)
        before = {path: log.read(folder, path) for folder, _, names in os.walk(directory)
                  for path in names}
        result = tool('append', directory, ORIGIN, SEED.hex(), entries=[b'new'])
        after = {path: log.read(folder, path) for folder, _, names in os.walk(directory)
                 for path in names}
        check('the writer refuses ' + name, result.returncode == 1 and before == after and
              re.search(pattern, result.stderr.decode()), result.stderr.decode())
    directory = copy(HONEST)
    result = tool('append', directory, 'jurisdiction/1/other', SEED.hex(), entries=[b'new'])
    check('the writer refuses a log of another name', result.returncode == 1 and
          b'not "jurisdiction/1/other"' in result.stderr, result.stderr)
    first = subprocess.Popen([TOOL, 'append', directory, ORIGIN, SEED.hex(), '1'],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    first.stdin.write(b'from the first\n')
    first.stdin.flush()
    deadline = time.time() + 60
    while not log.journal_of(directory, ORIGIN, 700) and time.time() < deadline:
        time.sleep(0.05)
    second = tool('append', directory, ORIGIN, SEED.hex())
    first.communicate()
    check('only one writes', first.returncode == 0 and
          b'another process writes the log' in second.stderr, second.stderr)


with tempfile.TemporaryDirectory() as scratch:
    if not os.path.exists(VERIFIER):
        sys.exit('check_log.py: run make first')
    TOOL = build()
    check('the vectors of the reference tree, by the other', vectors())
    both_ways()
    HONEST = honest()
    bytes_and_bundles()
    heads()
    told_by_records()
    keys()
    journals()
    strange_files()
    moving()
    unchecked()
    proofs()
    events()
    refusals()
print('%d passed, %d failed' % (passed, failed))
sys.exit(failed > 0)
