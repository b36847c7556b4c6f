// Folders that belong to the distribution: a package never owns them, and a tree's owner and group do not reach
// them. The list is nFPM's (files/fs.go): what Fedora's `filesystem` and `logrotate` packages install.

const below = (base: string, names: string): readonly string[] =>
  names.split(' ').map((name) => (name === '.' ? base : `${base}/${name}`))

/** man1, man1x … man9x, mann: as both manual trees have them. */
const MAN_SECTIONS = [...'123456789'].flatMap((section) => [`man${section}`, `man${section}x`]).concat('mann')

const OWNED: ReadonlySet<string> = new Set([
  ...below('', 'afs bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var'),
  ...below('/etc', 'X11 X11/applnk X11/fontpath.d X11/xinit X11/xinit/xinitrc.d X11/xinit/xinput.d'),
  ...below('/etc', 'bash_completion.d keys keys/ima opt pki pm pm/config.d pm/power.d pm/sleep.d rwtab.d skel'),
  ...below('/etc', 'statetab.d sysconfig xdg xdg/autostart logrotate.d'),
  ...below('/usr', 'bin games include lib lib64 libexec local sbin share src tmp src/debug src/kernels'),
  ...below('/usr/lib', 'debug games locale modules sysimage systemd systemd/system systemd/user sysusers.d tmpfiles.d'),
  ...below('/usr/lib', '.build-id .build-id/ae'),
  ...below('/usr/lib/debug', '.dwz bin lib lib64 sbin usr usr/.dwz usr/bin usr/lib usr/lib64 usr/sbin'),
  ...below('/usr/lib64', 'X11 bpf games pm-utils pm-utils/module.d pm-utils/power.d pm-utils/sleep.d'),
  ...below('/usr/local', 'bin etc games include lib lib64 lib64/bpf libexec sbin share src'),
  ...below('/usr/local/share', 'applications info man'),
  ...below('/usr/local/share/man', MAN_SECTIONS.join(' ')),
  ...below('/usr/share', 'X11 X11/fonts aclocal appdata applications augeas augeas/lenses backgrounds'),
  ...below('/usr/share', 'bash-completion bash-completion/completions bash-completion/helpers desktop-directories'),
  ...below('/usr/share', 'dict doc empty fish fish/vendor_completions.d games gnome help icons idl info licenses'),
  ...below('/usr/share', 'licenses/logrotate locale locale/en_US locale/en_US/LC_MESSAGES man metainfo mime-info'),
  ...below('/usr/share', 'misc omf pixmaps sounds themes wayland-sessions xsessions zsh zsh/site-functions'),
  ...below('/usr/share/man', `man0p man1p man3p ${MAN_SECTIONS.join(' ')}`),
  ...below('/var', 'adm cache db empty ftp games lib lib/games lib/misc lib/rpm-state lib/logrotate local log mail'),
  ...below('/var', 'nis opt preserve run spool spool/lpd spool/mail tmp yp'),
])

/** An installed path: absolute, clean. */
export const isOwnedByFilesystem = (path: string): boolean => OWNED.has(path)
