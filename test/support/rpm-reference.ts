// One package twice: as a spec file for rpmbuild, and as a spec of ours.
import { utf8 } from '@distropack/core/bytes/arrays.ts'
import { helloSpec, settle, textSource } from './specs.ts'

export const REFERENCE_SPEC = `Name: hello
Version: 1.2.3~rc1
Release: 4
Epoch: 2
Summary: Says hello
License: MIT
URL: https://example.com
Vendor: V
Packager: P
Requires: foo >= 1.2
Requires(post): bar
Requires: (a or b >= 2)
Provides: greeter = 1.0
Recommends: curl
Suggests: nano
Conflicts: bye < 2
Obsoletes: hullo < 2
Prefix: /opt
%description
Says hello
and more
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/var/lib/hello %{buildroot}/usr/share/doc/hello/examples %{buildroot}/usr/share/licenses/hello %{buildroot}/usr/share/man/man1
printf 'hello\\n' > %{buildroot}/usr/bin/hello
ln -s hello %{buildroot}/usr/bin/hi
echo x > %{buildroot}/etc/hello.conf
echo y > %{buildroot}/etc/may.conf
echo readme > %{buildroot}/usr/share/doc/hello/README
echo licence > %{buildroot}/usr/share/licenses/hello/LICENCE
echo manual > %{buildroot}/usr/share/man/man1/hello.1.gz
ln -s hello.1.gz %{buildroot}/usr/share/man/man1/hi.1.gz
echo rc > %{buildroot}/usr/share/doc/hello/examples/rc
touch -h -d @1700000000 $(find %{buildroot} -mindepth 1)
%pre
echo pre
%post
echo post
%preun
echo preun
%postun
echo postun
%pretrans
echo pretrans
%posttrans
echo posttrans
%verifyscript
echo verify
%files
%attr(755,root,root) /usr/bin/hello
/usr/bin/hi
%config(noreplace) %attr(640,root,adm) /etc/hello.conf
%config(missingok) %attr(644,root,root) /etc/may.conf
%dir %attr(1777,nobody,nogroup) /var/lib/hello
%doc %attr(644,root,root) /usr/share/doc/hello/README
%attr(644,root,root) /usr/share/man/man1/hello.1.gz
/usr/share/man/man1/hi.1.gz
%dir %attr(755,root,root) /usr/share/doc/hello/examples
%config %attr(644,root,root) /usr/share/doc/hello/examples/rc
%license %attr(644,root,root) /usr/share/licenses/hello/LICENCE
%ghost %attr(600,root,root) /var/log/hello.log
%changelog
* Tue Nov 14 2023 Jane <j@example.com> - 1.2.3
- one
- two
`

const owned = { owner: 'root', group: 'root', mtimeSeconds: 1_700_000_000 }
export const REFERENCE = helloSpec({
  version: { epoch: 2, version: '1.2.3', prerelease: 'rc1', release: '4' },
  description: 'Says hello\nand more',
  homepage: 'https://example.com',
  vendor: 'V',
  relations: {
    depends: ['foo >= 1.2', '(a or b >= 2)'],
    provides: ['greeter = 1.0'],
    recommends: ['curl'],
    suggests: ['nano'],
    conflicts: ['bye < 2'],
    replaces: ['hullo < 2'],
  },
  items: settle([
    { ...owned, kind: 'file', path: '/usr/bin/hello', mode: 0o755, source: textSource('hello\n') },
    { ...owned, kind: 'symlink', path: '/usr/bin/hi', mode: 0o777, target: 'hello' },
    {
      ...owned,
      kind: 'config|noreplace',
      path: '/etc/hello.conf',
      mode: 0o640,
      group: 'adm',
      source: textSource('x\n'),
    },
    { ...owned, kind: 'config|missingok', path: '/etc/may.conf', mode: 0o644, source: textSource('y\n') },
    { ...owned, kind: 'dir', path: '/var/lib/hello', mode: 0o1777, owner: 'nobody', group: 'nogroup' },
    { ...owned, kind: 'doc', path: '/usr/share/doc/hello/README', mode: 0o644, source: textSource('readme\n') },
    { ...owned, kind: 'file', path: '/usr/share/man/man1/hello.1.gz', mode: 0o644, source: textSource('manual\n') },
    { ...owned, kind: 'symlink', path: '/usr/share/man/man1/hi.1.gz', mode: 0o777, target: 'hello.1.gz' },
    { ...owned, kind: 'dir', path: '/usr/share/doc/hello/examples', mode: 0o755 },
    { ...owned, kind: 'config', path: '/usr/share/doc/hello/examples/rc', mode: 0o644, source: textSource('rc\n') },
    {
      ...owned,
      kind: 'licence',
      path: '/usr/share/licenses/hello/LICENCE',
      mode: 0o644,
      source: textSource('licence\n'),
    },
    { ...owned, kind: 'ghost', path: '/var/log/hello.log', mode: 0o600 },
  ]),
  scripts: {
    preinstall: utf8('echo pre'),
    postinstall: utf8('echo post'),
    preremove: utf8('echo preun'),
    postremove: utf8('echo postun'),
    pretrans: utf8('echo pretrans'),
    posttrans: utf8('echo posttrans'),
    verify: utf8('echo verify'),
  },
  // rpmbuild puts every entry at noon.
  changelog: [
    { version: '1.2.3', dateSeconds: 1_699_963_200, packager: 'Jane <j@example.com>', changes: ['one', 'two'] },
  ],
  block: { packager: 'P', prefixes: ['/opt'], requires: { post: ['bar'] } },
})
