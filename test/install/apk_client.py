#!/usr/bin/env python3
"""Does with a repository what apk-tools 2 and 3 do before they install a package: a second reading of the format.

No Debian release has apk-tools, so this stands in for it. It shares nothing with the writer: Python's own gzip, tar and
hashes, and openssl for signatures. It is stricter than apk where the two versions of apk disagree.

    apk_client.py REPOSITORY KEYS ARCH NAME [--into DIR]

REPOSITORY is the folder of ARCH/APKINDEX.tar.gz, KEYS a folder of public keys under their exact names. Prints the
installed package as JSON; ends with 1 and one line on stderr, "refused: …", when apk would not install it.
"""
import argparse
import base64
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib

# apk-tools src/extract_v2.c: the name of a signature file says the digest it is made over.
DIGESTS = {'RSA': 'sha1', 'RSA256': 'sha256', 'RSA512': 'sha512'}
SIGNATURE_NAME = re.compile(r'\.SIGN\.(RSA|RSA256|RSA512)\.([^/]+)')
BLOCK = 512
INDEX_KEYS = 'CPVASIT'


class Refused(Exception):
    """What apk would print instead of installing."""


def demand(condition, sentence):
    if not condition:
        raise Refused(sentence)


def download(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
            return answer.read()
    except urllib.error.URLError as trouble:
        raise Refused(f'{url}: {trouble}') from None


def gzip_members(data, what):
    """Pairs of (compressed, plain): apk finds its sections at the borders of gzip members."""
    members = []
    while data:
        reader = zlib.decompressobj(wbits=31)
        try:
            plain = reader.decompress(data)
        except zlib.error as trouble:
            raise Refused(f'{what}: BAD archive: {trouble}') from None
        demand(reader.eof, f'{what}: BAD archive: it ends in the middle')
        members.append((data[:len(data) - len(reader.unused_data)], plain))
        data = reader.unused_data
    return members


def tar_members(plain, what, ends):
    """Members with their bytes. `ends`: the section closes the archive with zero blocks; others must not have them."""
    demand(len(plain) % BLOCK == 0, f'{what}: BAD archive: {len(plain)} bytes are no whole tar blocks')
    has_end = plain[-2 * BLOCK:] == bytes(2 * BLOCK)
    demand(has_end == ends, f'{what}: BAD archive: its end blocks are {"missing" if ends else "too early"}')
    try:
        with tarfile.open(fileobj=io.BytesIO(plain if ends else plain + bytes(2 * BLOCK))) as archive:
            return [(member, archive.extractfile(member).read() if member.isreg() else b'') for member in archive]
    except tarfile.TarError as trouble:
        raise Refused(f'{what}: BAD archive: {trouble}') from None


def openssl_accepts(key, digest, signature, signed):
    with tempfile.TemporaryDirectory() as folder:
        signature_file = pathlib.Path(folder, 'signature')
        signature_file.write_bytes(signature)
        command = ['openssl', 'dgst', f'-{digest}', '-verify', str(key), '-signature', str(signature_file)]
        return subprocess.run(command, input=signed, capture_output=True, check=False).returncode == 0


def check_signature(section, signed, keys, what):
    """One of the section's signatures must be by a key we have, and right."""
    names = []
    for member, signature in tar_members(section, f'{what}: signature', ends=False):
        match = SIGNATURE_NAME.fullmatch(member.name)
        demand(match, f'{what}: UNTRUSTED: {member.name!r} is no signature')
        kind, name = match.groups()
        names.append(name)
        key = keys / name
        if key.is_file():
            demand(openssl_accepts(key, DIGESTS[kind], signature, signed), f'{what}: BAD signature by {name}')
            return name
    raise Refused(f'{what}: UNTRUSTED signature by {", ".join(names) or "nobody"}')


def read_index(data, keys):
    members = gzip_members(data, 'index')
    # apk 3 reads the first member after the signature and silently drops what follows.
    demand(len(members) == 2, f'index: UNTRUSTED: {len(members)} sections instead of a signature and an index')
    (_, signature), (signed, plain) = members
    check_signature(signature, signed, keys, 'index')
    files = {member.name: body for member, body in tar_members(plain, 'index', ends=True)}
    demand('APKINDEX' in files, 'index: BAD archive: no APKINDEX in it')
    text = files['APKINDEX'].decode('utf-8')
    demand(text.endswith('\n\n') or not text, 'index: the last record is not ended by an empty line')
    return [read_record(record) for record in text.split('\n\n') if record]


def read_record(text):
    fields = {}
    for line in text.split('\n'):
        demand(len(line) > 1 and line[1] == ':', f'index: file format is invalid: {line!r}')
        demand(line[0] not in fields, f'index: {line[0]}: twice in one record')
        fields[line[0]] = line[2:]
    missing = [key for key in INDEX_KEYS if key not in fields]
    demand(not missing, f'index: a record lacks {", ".join(missing)}')
    return fields


def read_pkginfo(body):
    info = {}
    for line in body.decode('utf-8').splitlines():
        if line and not line.startswith('#'):
            key, separator, value = line.partition(' = ')
            demand(separator, f'package: .PKGINFO: {line!r} is no assignment')
            info.setdefault(key, []).append(value)
    return info


def check_package(data, record, keys):
    demand(len(data) == int(record['S']), f'package: {len(data)} bytes, the index says {record["S"]}')
    members = gzip_members(data, 'package')
    demand(len(members) == 3, f'package: {len(members)} sections instead of signature, control and data')
    (_, signature), (control, control_plain), (payload, payload_plain) = members
    identity = 'Q1' + base64.b64encode(hashlib.sha1(control).digest()).decode()
    demand(identity == record['C'], f'package: it is {identity}, the index wants {record["C"]}')
    signer = check_signature(signature, control, keys, 'package')
    control_files = {member.name: body for member, body in tar_members(control_plain, 'control', ends=False)}
    demand(next(iter(control_files), None) == '.PKGINFO', 'package: .PKGINFO is not its first file')
    info = read_pkginfo(control_files['.PKGINFO'])
    for key, field in (('pkgname', 'P'), ('pkgver', 'V'), ('size', 'I')):
        demand(info.get(key) == [record[field]], f'package: {key} {info.get(key)}, the index says {record[field]}')
    demand(info.get('arch') in ([record['A']], ['noarch']), f'package: arch {info.get("arch")}')
    digest = hashlib.sha256(payload).hexdigest()
    demand(info.get('datahash') == [digest], 'package: BAD archive: the data are not those of datahash')
    scripts = sorted(name for name in control_files if name != '.PKGINFO')
    return check_files(payload_plain), scripts, signer


def check_files(plain):
    files = tar_members(plain, 'data', ends=True)
    seen = set()
    for member, body in files:
        parts = member.name.rstrip('/').split('/')
        demand(parts[0] and '..' not in parts and '.' not in parts, f'data: unsafe path {member.name!r}')
        demand(member.name not in seen, f'data: {member.name} twice')
        seen.add(member.name.rstrip('/'))
        if member.isreg() or member.issym():
            # apk 2 takes no file without it; apk 3 calls such a package obsolete. A link's is that of its target.
            stated = member.pax_headers.get('APK-TOOLS.checksum.SHA1')
            actual = hashlib.sha1(body if member.isreg() else member.linkname.encode()).hexdigest()
            demand(stated, f'data: {member.name} carries no checksum')
            demand(stated == actual, f'data: {member.name} is not what its checksum says')
        else:
            demand(member.isdir(), f'data: {member.name} is of a kind that packages may not bring')
    return files


def unpack(files, into):
    for member, body in files:
        path = into / member.name
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                path.symlink_to(member.linkname)
            else:
                path.write_bytes(body)
                path.chmod(member.mode)


def install(repository, keys, arch, name, into):
    index = read_index(download(f'{repository}/{arch}/APKINDEX.tar.gz'), keys)
    candidates = [record for record in index if record['P'] == name]
    demand(candidates, f'index: no {name} in it')
    record = candidates[-1]
    demand(record['A'] in (arch, 'noarch'), f'index: A: is {record["A"]} in the index of {arch}')
    # apk takes the package from the folder that A: names, whichever index it read.
    file_name = urllib.parse.quote(f'{record["P"]}-{record["V"]}.apk')
    files, scripts, signer = check_package(download(f'{repository}/{record["A"]}/{file_name}'), record, keys)
    if into:
        unpack(files, into)
    paths = sorted('/' + member.name for member, _ in files if not member.isdir())
    return {'name': name, 'versions': [r['V'] for r in candidates], 'signer': signer, 'scripts': scripts, 'paths': paths}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('repository')
    parser.add_argument('keys', type=pathlib.Path)
    parser.add_argument('arch')
    parser.add_argument('name')
    parser.add_argument('--into', type=pathlib.Path)
    given = parser.parse_args()
    try:
        print(json.dumps(install(given.repository.rstrip('/'), given.keys, given.arch, given.name, given.into)))
    except Refused as refusal:
        sys.exit(f'refused: {refusal}')


if __name__ == '__main__':
    main()
