#!/bin/sh
# Also called when a newer version takes over, where nothing needs to stop: dpkg says "upgrade", rpm how many versions
# will be left. apk calls it before a removal only.
set -e
case "${1:-}" in upgrade | 1) exit 0 ;; esac
if [ -d /run/systemd/system ]; then systemctl --no-reload disable --now distropack-hello.service || true; fi
