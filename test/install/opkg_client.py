#!/usr/bin/env python3
"""Does with feeds what opkg of OpenWrt 24.10 does before and while it installs: a second reading of the format.

No Debian release has opkg, so this stands in for it, told what to do by the same words and the same opkg.conf. It
shares nothing with the writer: Python's own gzip, tar and hashes, and dpkg to compare versions.

    opkg_client.py --conf FILE --offline-root ROOT update | install NAME | upgrade NAME | remove NAME

Ends with 1 and one line on stderr, "refused: …", when opkg would not go on.
"""
import argparse
import functools
import gzip
import hashlib
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zlib

CHECKED_WORDS = re.compile(r'[A-Za-z0-9+._~:-]+')


class Refused(Exception):
    """What opkg would print instead of going on."""


def demand(condition, sentence):
    if not condition:
        raise Refused(sentence)


def download(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
            return answer.read()
    except urllib.error.URLError as trouble:
        raise Refused(f'{url}: {trouble}') from None


def fields_of(stanza):
    """opkg's parser: a field a line, and lines that begin with a space go on with the one before."""
    fields, name = {}, None
    for line in stanza.split('\n'):
        if line.startswith(' '):
            demand(name, f'a stanza begins with {line!r}')
            fields[name] += '\n' + line
        else:
            name, colon, value = line.partition(': ')
            demand(colon and name not in fields, f'{line!r} is no field, or there twice')
            fields[name] = value
    for name in ('Package', 'Version', 'Architecture'):
        demand(CHECKED_WORDS.fullmatch(fields.get(name, '')), f'{name} is {fields.get(name)!r}')
    return fields


class Opkg:
    def __init__(self, conf, root):
        self.root, self.feeds, self.arches, self.options, self.folders = root, [], {}, {}, {}
        for line in conf.read_text().splitlines():
            kind, name, *values = line.split()
            if kind == 'src/gz':
                self.feeds.append((name, values[0]))
            elif kind == 'arch':
                self.arches[name] = int(values[0])
            elif kind == 'option':
                self.options[name] = values[0] if values else True
            else:
                self.folders[kind] = root / values[-1].lstrip('/')
        self.info = root / 'usr/lib/opkg/info'

    def update(self):
        for name, url in self.feeds:
            kept = [self.folders['lists_dir'] / name, self.folders['lists_dir'] / f'{name}.sig']
            kept[0].parent.mkdir(parents=True, exist_ok=True)
            kept[0].write_bytes(download(f'{url}/Packages.gz'))
            try:
                kept[1].write_bytes(download(f'{url}/Packages.sig'))
                self.verify(*kept)
            except Refused:
                for path in kept:
                    path.unlink(missing_ok=True)
                raise

    def verify(self, packed, signature):
        demand('check_signature' in self.options, 'the configuration checks no signature')
        command = [self.options['verify_program'], 'verify', str(signature), str(packed)]
        demand(subprocess.run(command, capture_output=True, check=False).returncode == 0, 'Signature check failed.')

    def candidates(self, name):
        for feed, url in self.feeds:
            path = self.folders['lists_dir'] / feed
            if not path.exists():
                continue
            self.verify(path, path.with_name(f'{feed}.sig'))
            for stanza in gzip.decompress(path.read_bytes()).decode().split('\n\n'):
                if stanza:
                    fields = fields_of(stanza)
                    if fields['Package'] == name and fields['Architecture'] in self.arches:
                        yield url, fields

    def install(self, name):
        found = list(self.candidates(name))
        demand(found, f'Unknown package {name!r}.')
        newest = functools.cmp_to_key(lambda a, b: compare(a[1]['Version'], b[1]['Version']))
        url, fields = max(found, key=newest)
        package = download(f'{url}/{fields["Filename"]}')
        demand(len(package) == int(fields['Size']), f'{name} size mismatch: {len(package)}')
        demand(hashlib.sha256(package).hexdigest() == fields['SHA256sum'], f'{name} sha256sum mismatch')
        self.unpack(name, package, fields)

    upgrade = install

    def unpack(self, name, package, fields):
        parts = {member.name: body for member, body in members(package)}
        demand(list(parts) == ['./debian-binary', './control.tar.gz', './data.tar.gz'], f'parts: {list(parts)}')
        demand(parts['./debian-binary'] == b'2.0\n', 'debian-binary is of another time')
        control = {member.name[2:]: body for member, body in members(parts['./control.tar.gz'])}
        stated = fields_of(control['control'].decode().rstrip('\n'))
        for key, value in stated.items():
            demand(fields.get(key) == value, f'{key} is {value!r} in the package, and in the list {fields.get(key)!r}')
        configuration = control.get('conffiles', b'').decode().split('\n')
        self.info.mkdir(parents=True, exist_ok=True)
        for file, body in control.items():
            (self.info / f'{name}.{file}').write_bytes(body)
        listed = []
        for member, body in members(parts['./data.tar.gz']):
            demand(member.name.startswith('./') and '..' not in member.name.split('/'), f'path {member.name!r}')
            path = self.root / member.name[2:]
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            listed.append(member.name[1:])
            path.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                path.unlink(missing_ok=True)
                path.symlink_to(member.linkname)
            elif member.name[1:] in configuration and path.exists() and path.read_bytes() != body:
                path.with_name(f'{path.name}-opkg').write_bytes(body)
            else:
                path.write_bytes(body)
                path.chmod(member.mode)
        (self.info / f'{name}.list').write_text(''.join(f'{path}\n' for path in listed))

    def remove(self, name):
        for path in (self.info / f'{name}.list').read_text().splitlines():
            (self.root / path.lstrip('/')).unlink(missing_ok=True)
        for file in self.info.glob(f'{name}.*'):
            file.unlink()


def members(packed):
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
            return [(member, archive.extractfile(member).read() if member.isreg() else b'') for member in archive]
    except (tarfile.TarError, OSError, EOFError, zlib.error) as trouble:
        raise Refused(f'Malformed package file: {trouble}') from None


def compare(a, b):
    is_less = subprocess.run(['dpkg', '--compare-versions', a, 'lt', b], check=False).returncode == 0
    return -1 if is_less else int(a != b)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--conf', type=pathlib.Path, required=True)
    parser.add_argument('--offline-root', type=pathlib.Path, required=True)
    parser.add_argument('action', choices=['update', 'install', 'upgrade', 'remove'])
    parser.add_argument('names', nargs='*')
    given = parser.parse_args()
    try:
        getattr(Opkg(given.conf, given.offline_root), given.action)(*given.names)
    except Refused as refusal:
        sys.exit(f'refused: {refusal}')


if __name__ == '__main__':
    main()
